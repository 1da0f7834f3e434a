"""Figures follow from seconds."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.suite.roofline.counts import Counts
from harness.suite.roofline.utilisation import Roof
from harness.suite.throughput.metrics import DERIVED, figures, utilisation
from harness.suite.throughput.phases import PHASES
from harness.suite.throughput.timed import TOTAL, TPOT, TTFT, Figure
from harness.suite.throughput.work_done import Work
from harness.suite.throughput.workload import Workload

MakeWorkload = Callable[..., Workload]
BATCH, INPUT, OUTPUT = 2, 10, 4
"""What the small workloads are asked for."""
ROOF = Roof(1.0, 1.0, "a product", "a copy")


@pytest.fixture(scope="module")
def whole(make_workload: MakeWorkload) -> Workload:
    return make_workload("gpt2")


def named(work: Workload, phase: str) -> dict[str, Figure]:
    found = figures(work, phase)
    assert len({figure.name for figure in found}) == len(found)
    return {figure.name: figure for figure in found}


def test_every_phase_has_figures() -> None:
    assert DERIVED.keys() == PHASES.keys()


@given(seconds=st.floats(1e-6, 1e4))
def test_rates_count_what_was_moved_in_that_time(whole: Workload, seconds: float) -> None:
    tokens = {
        ("prefill", "prefill_tokens_per_s"): BATCH * INPUT,
        ("decode", "decode_tokens_per_s"): BATCH * (OUTPUT - 1),
        ("generate", "output_tokens_per_s"): BATCH * OUTPUT,
        ("forward", "samples_per_s"): BATCH,
    }
    for (phase, name), amount in tokens.items():
        figure = named(whole, phase)[name]
        assert figure.unit == ("samples/s" if phase == "forward" else "tokens/s")
        assert figure.of(seconds) == pytest.approx(amount / seconds)


def test_a_decode_step_is_one_of_the_tokens_after_the_first(whole: Workload) -> None:
    assert named(whole, "decode")["decode_step_time"].of(3.0) == pytest.approx(3.0 / (OUTPUT - 1))


def test_first_token_and_each_further_are_series_of_their_own(whole: Workload) -> None:
    found = named(whole, "generate")
    assert [found[name].series for name in ("generate_time", "ttft", "tpot")] == [TOTAL, TTFT, TPOT]


def test_a_model_that_reads_no_tokens_has_no_rate_of_them(make_workload: MakeWorkload) -> None:
    assert named(make_workload("whisper"), "prefill").keys() == {"prefill_time"}


def test_utilisation_is_the_least_seconds_over_those_it_took() -> None:
    done = Work(Counts(flops=0.1, weight_bytes=0.4), Counts(flops=1.0, weight_bytes=4.0))
    mfu, mbu = utilisation("decode", done, ROOF)
    assert (mfu.name, mbu.name, mbu.unit) == ("decode_mfu", "decode_mbu", "%")
    assert mfu.of(1.0) == pytest.approx(10)
    assert mbu.of(0.5) == pytest.approx(80)
    assert mbu.of(8.0, whole=True) == pytest.approx(50)


def test_what_is_not_counted_has_no_utilisation() -> None:
    assert list(utilisation("fill", None, ROOF)) == []
