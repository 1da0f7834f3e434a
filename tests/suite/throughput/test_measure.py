"""Rounds: how many, in what order, and what is not among them."""

import gc
import os
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest

from harness.matrix.cells import Parameters
from harness.suite.latest import release
from harness.suite.models.depths import depth
from harness.suite.outcomes import Unsupported
from harness.suite.throughput import memory
from harness.suite.throughput.clock import Marks
from harness.suite.throughput.identities import Inconsistent
from harness.suite.throughput.measure import MOST_WARM_UP, Rounds, measure
from harness.suite.throughput.phases import PHASES, Phase
from harness.suite.throughput.settling import LEAST
from harness.suite.throughput.timed import TOTAL, Timed
from harness.suite.throughput.workload import Workload

MakeWorkload = Callable[..., Workload]
PARAMETERS = Parameters(rounds=5, input_tokens=10, output_tokens=4)


class Probe:
    """A phase that notes at which depth each of its rounds ran, and in what conditions."""

    def __init__(self, seconds: float = 1e-4) -> None:
        self.depths: list[int | None] = []
        self.prepared: list[int | None] = []
        self.collecting: list[bool] = []
        self.seconds = seconds

    def prepare(self, work: Workload) -> object:
        self.prepared.append(depth(work.model.config))
        return object()

    def run(self, work: Workload, _: object) -> dict[str, float]:
        self.depths.append(depth(work.model.config))
        self.collecting.append(gc.isenabled())
        time.sleep(self.seconds)
        return {}

    @property
    def phase(self) -> Phase:
        return Phase("forward", self.run, self.prepare)


def samples(found: Timed, series: str = TOTAL) -> int:
    return len(found.series(series)[found.layers])


def test_there_are_as_many_samples_as_rounds_and_the_warm_up_is_none_of_them(
    make_workload: MakeWorkload, benchmark: Any
) -> None:
    probe = Probe()
    found = measure(make_workload("gpt2", parameters=PARAMETERS), probe.phase, benchmark)
    assert samples(found) == PARAMETERS.rounds
    warm_up = len(probe.depths) - PARAMETERS.rounds
    assert LEAST <= warm_up <= MOST_WARM_UP
    assert found.warm_up in {f"settled after {n} round{'' if n == 1 else 's'}" for n in range(warm_up)} or (
        found.settled is False and found.warm_up.startswith("never settled in 20 rounds")
    )


def test_every_series_of_a_round_has_a_sample_a_round(make_workload: MakeWorkload, benchmark: Any) -> None:
    """Those that the phase itself takes too: were the warm-up's kept, they would be one too many."""
    found = measure(make_workload("gpt2", parameters=PARAMETERS), PHASES["generate"], benchmark)
    assert {samples(found, row.series) for row in found.rounds} == {PARAMETERS.rounds}
    assert len(found.gaps) == PARAMETERS.rounds


def test_a_warm_up_leaves_nothing_at_any_depth(make_workload: MakeWorkload) -> None:
    rounds = Rounds(make_workload("gpt2", 2, parameters=PARAMETERS), Probe(seconds=0.001).phase)
    warm = rounds.warm_up(0.0)  # no time but for one
    assert warm.seconds >= 0.002
    assert warm.settled is None
    assert (rounds.loaded, rounds.shallow, rounds.gaps, rounds.before) == ([], [], [], 1)


def test_a_warm_up_goes_on_while_rounds_still_change_and_says_that_they_never_settled(
    make_workload: MakeWorkload, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("harness.suite.throughput.measure.MOST_WARM_UP", 8)
    probe = Probe(seconds=0.02)

    def run(work: Workload, state: object) -> dict[str, float]:
        probe.seconds *= 1.4  # each round is slower than the last
        return probe.run(work, state)

    work = make_workload("gpt2", parameters=PARAMETERS)
    warm = Rounds(work, Phase("forward", run, probe.prepare)).warm_up(30.0)
    assert (warm.settling.rounds, warm.settled) == (8, False)
    assert str(warm.settling).startswith("never settled in 8 rounds: the last still get slower")


def test_a_small_budget_leaves_one_round(make_workload: MakeWorkload, benchmark: Any) -> None:
    probe = Probe(seconds=0.2)
    work = make_workload("gpt2", parameters=replace(PARAMETERS, rounds=50, budget_s=1))
    assert samples(measure(work, probe.phase, benchmark)) == 1


def test_a_budget_too_small_for_one_round_is_one_sentence(make_workload: MakeWorkload) -> None:
    work = make_workload("gpt2", parameters=replace(PARAMETERS, budget_s=1))
    with pytest.raises(
        Unsupported, match=r"a round of forward takes 1\.\d+ s of a budget of 1 s: give --budget \d+s or more"
    ):
        measure(work, Probe(seconds=1.1).phase, None)


def test_a_budget_for_some_rounds_gives_some(make_workload: MakeWorkload, benchmark: Any) -> None:
    work = make_workload("gpt2", parameters=replace(PARAMETERS, rounds=50, budget_s=6.0, processes=1))
    repeated = sum(PHASES[phase].repeats for phase in work.cell.phases)
    found = measure(work, Probe(seconds=0.05).phase, benchmark)
    # A phase's share, over what a round takes at the least.
    assert 1 <= samples(found) <= 6.0 / repeated / 0.05


def test_fewer_rounds_than_three_are_made_where_fewer_were_asked_for(
    make_workload: MakeWorkload, benchmark: Any
) -> None:
    work = make_workload("gpt2", 2, parameters=replace(PARAMETERS, rounds=1))
    found = measure(work, Probe(seconds=0.001).phase, benchmark)
    assert samples(found) == 1


def test_each_round_is_preceded_by_one_of_each_other_depth(
    make_workload: MakeWorkload, benchmark: Any
) -> None:
    probe, work = Probe(), make_workload("gpt2", 2, parameters=PARAMETERS)
    found = measure(work, probe.phase, benchmark)
    tried = [0, 1]  # whether it runs so shallow
    assert probe.depths == tried + [0, 1, 2] * (len(probe.depths) // 3)
    assert probe.prepared == probe.depths
    assert {layers: len(seconds) for layers, seconds in found.series(TOTAL).items()} == {0: 5, 1: 5, 2: 5}


def test_rounds_of_every_depth_are_timed_without_collecting_garbage(
    make_workload: MakeWorkload, benchmark: Any
) -> None:
    """What pytest-benchmark does for the rounds it times, the others need as well."""
    probe = Probe()
    measure(make_workload("gpt2", 2, parameters=PARAMETERS), probe.phase, benchmark)
    shallow = [on for at, on in zip(probe.depths, probe.collecting, strict=True) if at == 1]
    assert not any(shallow[1:])  # the first was no round: whether it runs so shallow
    assert gc.isenabled()


def test_a_fill_is_made_once_and_not_warmed_up(make_workload: MakeWorkload, benchmark: Any) -> None:
    found = measure(make_workload("gpt2", 2, parameters=PARAMETERS), PHASES["fill"], benchmark)
    assert samples(found) == 1
    assert found.series(TOTAL).keys() == {2}


def test_a_phase_begins_with_nothing_that_another_left(make_workload: MakeWorkload, benchmark: Any) -> None:
    """Else the caches kept for decoding would stand in the peak memory of generation."""
    work = make_workload("gpt2", parameters=PARAMETERS)
    PHASES["decode"].prepare(work)
    made: list[str] = []
    measure(work, Probe().phase, benchmark)
    work.remembered("prefilled", lambda: made.append("again"))
    assert made == ["again"]


def test_marks_that_are_never_reset_end_the_phase(make_workload: MakeWorkload) -> None:
    """The whole way: no figure comes out of rounds that share one list of marks."""
    stale = Marks()
    phase = replace(PHASES["generate"], prepare=lambda _: stale)
    with pytest.raises(Inconsistent, match="tokens were marked where 4 were asked for"):
        measure(make_workload("gpt2", parameters=PARAMETERS), phase, None)


def test_a_round_that_does_not_wait_for_its_device_ends_the_phase(
    make_workload: MakeWorkload, benchmark: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The device is a thread that works after `run` has returned."""
    work = make_workload("gpt2", parameters=PARAMETERS)
    with ThreadPoolExecutor(1) as device:
        queued: list[Future[None]] = []

        def run(_: Workload, __: object) -> dict[str, float]:
            queued.append(device.submit(time.sleep, 0.05))
            time.sleep(1e-4)
            return {}

        monkeypatch.setattr("harness.suite.throughput.measure.synchronise", lambda _: queued[-1].result())
        with pytest.raises(Inconsistent, match=r"synchronised: .* it worked 0.0[45]"):
            measure(work, Phase("forward", run), benchmark)


def test_a_fill_of_what_was_filled_before_is_not_the_first(
    make_workload: MakeWorkload, benchmark: Any
) -> None:
    work = make_workload("gpt2", parameters=PARAMETERS)
    work.model  # noqa: B018 — fill it
    with pytest.raises(Inconsistent, match=r"first: .* run 1 times before"):
        measure(work, PHASES["fill"], benchmark)


def test_a_disturbed_phase_is_marked_with_what_disturbed_it(
    make_workload: MakeWorkload, benchmark: Any
) -> None:
    allowed = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(allowed)})

    def run(_: Workload, __: object) -> dict[str, float]:
        end = time.perf_counter() + 0.2
        while time.perf_counter() < end:
            pass
        return {}

    with subprocess.Popen([sys.executable, "-c", "while True: pass"]) as other:  # on the same CPU
        try:
            work = make_workload("gpt2", parameters=PARAMETERS)
            found = measure(work, Phase("forward", run), benchmark)
        finally:
            other.kill()
            os.sched_setaffinity(0, allowed)
    assert any(words.startswith("other processes took") for words in found.disturbed)


@pytest.mark.filterwarnings("ignore:Benchmark fixture was not used")  # it ends in the warm-up
def test_a_baseline_from_before_the_import_ends_the_phase(
    make_workload: MakeWorkload, benchmark: Any
) -> None:
    if not memory.reset_peak("cpu"):
        pytest.skip("this kernel does not let a process reset its peak memory")
    work = make_workload("gpt2", parameters=PARAMETERS)
    work.baseline = 10 * 2**20  # a bare Python's
    with pytest.raises(Inconsistent, match=r"baseline: .* import is in the baseline: the libraries have"):
        measure(work, Probe().phase, benchmark)


@pytest.mark.filterwarnings("ignore:Benchmark fixture was not used")  # it ends in the warm-up
def test_a_peak_that_was_never_set_back_ends_the_phase(
    make_workload: MakeWorkload, benchmark: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The whole way: what decode would report is generate's."""
    if not memory.reset_peak("cpu"):
        pytest.skip("this kernel does not let a process reset its peak memory")
    work = make_workload("gpt2", parameters=PARAMETERS)
    before = memory.used("cpu") or 0
    bytearray(before)[::4096] = b"x" * -(-before // 4096)  # a phase that took much
    monkeypatch.setattr(memory, "reset_peak", lambda _: True)
    with pytest.raises(Inconsistent, match="fresh peak"):
        measure(work, Probe().phase, benchmark)


def test_peak_memory_is_the_phase_s_own_above_the_baseline(
    make_workload: MakeWorkload, benchmark: Any
) -> None:
    if not memory.reset_peak("cpu"):
        pytest.skip("this kernel does not let a process reset its peak memory")
    work = make_workload("gpt2", parameters=PARAMETERS)
    work.model  # noqa: B018 — load it before the baseline is taken
    release()  # what earlier tests left would be given back while the phase is measured
    work.baseline = memory.used("cpu")
    block = 64 * 2**20

    def run(_: Workload, __: object) -> dict[str, float]:
        bytearray(block)[::4096] = b"x" * (block // 4096)
        return {}

    (peak,) = (a for a in measure(work, Phase("forward", run), benchmark).amounts if a.name == "peak_memory")
    assert peak.unit == "B"
    assert abs(peak.value - block) < block / 2
