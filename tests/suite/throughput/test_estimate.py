"""The whole's time from many processes' rounds: where it lies, and how sure that is."""

import random
import subprocess
import sys
from collections.abc import Mapping, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.suite.throughput.design import Design, Layer, Layers, choose
from harness.suite.throughput.estimate import CONFIDENCE, Variance, estimate

FIXED, EACH, WHOLE = 0.3, 0.1, 40
LAYERS = Layers((Layer("full dense", "full dense", 100, 100),) * WHOLE, 300)


def line(loaded: int) -> Design:
    found = choose(LAYERS, range(loaded + 1))
    assert found is not None
    return found


DESIGN = line(6)
TRUTH = FIXED + EACH * WHOLE
Process = Mapping[int, Sequence[float]]


def process(off: float = 1.0, rounds: int = 4) -> dict[int, list[float]]:
    return {depth: [(FIXED + EACH * depth) * off] * rounds for depth in DESIGN.depths}


def width(processes: Sequence[Process], of: Design = DESIGN) -> float:
    found = estimate(processes, of)[1]
    return found.high - found.low


def test_an_exact_line_is_recovered_and_says_how_it_was_found() -> None:
    value, found = estimate([process()] * 3, DESIGN)
    assert value == pytest.approx(TRUTH)
    assert found.low < value < found.high
    assert (found.layers, found.depths, found.confidence) == (WHOLE, DESIGN.depths, CONFIDENCE)
    assert "beside them measured" in found.method
    fitted = choose(LAYERS, range(1, 7))
    assert fitted is not None
    taken = {depth: [FIXED + EACH * depth] for depth in fitted.depths}
    assert "beside them fitted" in estimate([taken], fitted)[1].method


rounds = st.lists(st.floats(1e-4, 1e3), min_size=1, max_size=6)


@given(
    processes=st.lists(st.fixed_dictionaries(dict.fromkeys(DESIGN.depths, rounds)), min_size=1, max_size=4)
)
def test_whatever_the_rounds_were_the_bounds_are_in_order_and_more_layers_take_no_less_time(
    processes: list[dict[int, list[float]]],
) -> None:
    value, found = estimate(processes, DESIGN)
    deepest = max(DESIGN.depths)
    least = min(second for one in processes for second in one[deepest])
    assert least <= found.low <= value <= found.high < float("inf")


def test_a_disturbed_round_of_each_process_does_not_move_the_figure() -> None:
    disturbed = process()
    disturbed[DESIGN.depths[-1]][1] *= 3
    assert estimate([disturbed] * 3, DESIGN)[0] == pytest.approx(TRUTH)


def test_a_disturbed_process_widens_the_interval_and_does_not_move_the_figure() -> None:
    slow = [process(), process(1.5), process()]
    assert estimate(slow, DESIGN)[0] == pytest.approx(TRUTH)
    assert width(slow) > 2 * width([process()] * 3)


def test_a_drift_that_all_depths_of_a_round_share_stays_a_share() -> None:
    """Rounds of 1, 1.1 and 1.2 times the seconds: each says as many times the whole."""
    drifting = {depth: [(FIXED + EACH * depth) * off for off in (1, 1.1, 1.2)] for depth in DESIGN.depths}
    assert estimate([drifting], DESIGN)[0] == pytest.approx(1.1 * TRUTH)


def test_more_processes_are_surer() -> None:
    assert width([process()] * 5) < width([process()] * 2) < width([process()])


def test_depths_that_lie_off_the_line_widen_the_interval() -> None:
    bent = process()
    bent[DESIGN.depths[1]] = [1.2 * second for second in bent[DESIGN.depths[1]]]
    assert width([bent] * 3) > 1.5 * width([process()] * 3)


def test_a_shorter_lever_is_less_sure() -> None:
    short = line(2)
    taken = {depth: [FIXED + EACH * depth] * 4 for depth in short.depths}
    assert width([taken] * 3, short) > width([process()] * 3)


def test_the_whole_that_is_measured_beside_has_no_part_in_its_estimate() -> None:
    assert estimate([process() | {WHOLE: [99.0]}], DESIGN) == estimate([process()], DESIGN)


@pytest.mark.parametrize("processes", [1, 3, 5])
def test_the_truth_lies_within_the_interval_as_often_as_is_said(processes: int) -> None:
    """Over many machines: processes 3 % apart, rounds 2 %, each depth 2 % off what the model of it says."""
    chance = random.Random(0)
    held = 0
    for _ in range(400):
        off = {depth: chance.gauss(1, 0.02) for depth in (*DESIGN.depths, WHOLE)}
        seen = list[Process]()
        for _ in range(processes):
            slow = chance.gauss(1, 0.03)
            seen.append(
                {
                    depth: [
                        (FIXED + EACH * depth) * off[depth] * slow * chance.gauss(1, 0.02) for _ in range(4)
                    ]
                    for depth in DESIGN.depths
                }
            )
        found = estimate(seen, DESIGN)[1]
        held += found.low <= TRUTH * off[WHOLE] <= found.high
    assert CONFIDENCE - 0.05 < held / 400 < 1


@given(
    one=st.tuples(st.floats(1e-6, 1), st.floats(1, 20)), other=st.tuples(st.floats(1e-6, 1), st.floats(1, 20))
)
def test_a_sum_of_variances_has_no_more_freedom_than_both_and_no_less_than_the_poorer(
    one: tuple[float, float], other: tuple[float, float]
) -> None:
    both = Variance(*one).plus(Variance(*other))
    assert both.value == pytest.approx(one[0] + other[0])
    assert min(one[1], other[1]) * (1 - 1e-9) <= both.freedom <= (one[1] + other[1]) * (1 + 1e-9)


def test_estimating_needs_no_torch() -> None:
    """The process that does it has forked others, and must start no threads."""
    check = "import sys, harness.suite.throughput.estimate; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", check], check=False).returncode == 0
