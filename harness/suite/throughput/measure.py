"""Rounds of a phase through pytest-benchmark, other depths interleaved, and memory beside them."""

import contextlib
import gc
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from harness.results.record import Metric
from harness.suite.functional.checks import Facts
from harness.suite.latest import release
from harness.suite.models.build import full_config, model_class
from harness.suite.throughput import disturbances
from harness.suite.throughput.clock import now, resolution, synchronise
from harness.suite.throughput.crosscheck import check_rates
from harness.suite.throughput.identities import require
from harness.suite.throughput.metrics import itl, metrics
from harness.suite.throughput.peak import Watch
from harness.suite.throughput.phases import TOTAL, TTFT, Phase, applicable
from harness.suite.throughput.seen import Series
from harness.suite.throughput.workload import Workload

LEAST_ROUNDS = 3
"""Made even where the budget is smaller: fewer give no spread worth the name."""


@dataclass(slots=True)
class Rounds:
    """What the rounds of one phase gave besides the times that pytest-benchmark keeps."""

    work: Workload
    phase: Phase
    loaded: list[dict[str, float]] = field(default_factory=list)
    shallow: list[tuple[int, dict[str, float]]] = field(default_factory=list)
    gaps: list[list[float]] = field(default_factory=list)
    """Between tokens, of the rounds in `loaded`."""
    before: int = 0
    """Times that what the phase does was done before those in `loaded`."""
    left: float = 0.0
    """Seconds that the device still worked after the warm-up had ended."""

    def prepare(self) -> tuple[tuple[Any], dict[str, Any]]:
        """Time the shallower depths, then make this round's state; pytest-benchmark does not time this.

        Every round is so preceded by one of each other depth: a drift of the machine moves all alike.
        """
        if self.phase.repeats and self.phase.of_model:
            self.shallow += [(depth, _one_round(self.work, self.phase, depth)) for depth in self.work.shallow]
        return (self.phase.prepare(self.work),), {}

    @property
    def layers(self) -> int | None:
        """The depth of a round; None where it is the whole model's, or no model's."""
        return self.work.layers if self.phase.of_model else None

    def run(self, state: Any) -> None:
        """The timed part."""
        self.loaded.append(self.phase.run(self.work, state))

    def check(self, state: Any) -> None:
        """After the timed part: raise `Inconsistent` where the round contradicts itself."""
        self.gaps.append(self.phase.gaps(self.work, state, self.loaded[-1]))

    def warm_up(self) -> float:
        """One round that is not kept; the seconds it took, preparation included."""
        start = now()
        (state,), _ = self.prepare()
        self.run(state)
        end = now()
        synchronise(self.work.device)
        self.left = now() - end
        self.check(state)
        self.before += 1
        for kept in (self.loaded, self.shallow, self.gaps):
            kept.clear()
        return end - start

    def require(self, seconds: list[float]) -> None:
        """Raise `Inconsistent` where the rounds are not what a correct measurement leaves."""
        require(
            Series(
                seconds=seconds,
                parts=[
                    round_[TTFT] + sum(gaps)
                    for round_, gaps in zip(self.loaded, self.gaps, strict=True)
                    if gaps
                ],
                before=self.before,
                first=not self.phase.repeats,
                left=self.left,
                resolution=resolution(),
            )
        )

    def series(self, seconds: list[float]) -> dict[str, dict[int | None, list[float]]]:
        """Series → depth → seconds, one a round."""
        found: dict[str, dict[int | None, list[float]]] = defaultdict(lambda: defaultdict(list))
        found[TOTAL][self.layers] = seconds
        rounds = [(self.layers, extra) for extra in self.loaded]
        for depth, round_ in [*rounds, *self.shallow]:
            for name, second in round_.items():
                found[name][depth].append(second)
        return found


def measure(work: Workload, phase: Phase, benchmark: Any) -> list[Metric]:
    """The phase's metrics: a warm-up, then as many rounds as were asked for and the budget allows."""
    work.forget()
    release()  # what the phase before left behind is not this one's peak
    rounds = Rounds(work, phase, before=0 if phase.repeats else work.loads)
    asked = work.cell.parameters
    count = 1
    if phase.repeats:
        share = asked.budget_s / _sharers(work)
        count = min(asked.rounds, max(LEAST_ROUNDS, int(share / rounds.warm_up())))
    peak = Watch.begin(work) if phase.of_model else None
    before = disturbances.read()
    benchmark.pedantic(rounds.run, setup=rounds.prepare, teardown=rounds.check, rounds=count, iterations=1)
    disturbed = disturbances.disturbances(before, disturbances.read())
    seconds = list(benchmark.stats.stats.data)
    rounds.require(seconds)
    found = metrics(work, phase.name, rounds.series(seconds), rounds.layers)
    check_rates(work, phase.name, found, seconds)
    found += itl(phase.name, rounds.gaps, rounds.layers)
    found += peak.metrics(work, phase.name) if peak else []
    return [replace(metric, disturbed=tuple(disturbed.values())) for metric in found]


def _sharers(work: Workload) -> int:
    """How many phases of the cell share its budget: those that apply, and repeat."""
    facts = Facts(model_class(work.cell.model), full_config(work.cell.model))
    return sum(phase.repeats for phase in applicable(facts, work.cell.phases))


def _one_round(work: Workload, phase: Phase, depth: int) -> dict[str, float]:
    with work.at_depth(depth):
        state = phase.prepare(work)
        with _no_collection():
            start = now()
            extra = phase.run(work, state)
            seconds = now() - start
        phase.gaps(work, state, extra)  # raises where this round contradicts itself
        return {TOTAL: seconds, **extra}


@contextlib.contextmanager
def _no_collection() -> Iterator[None]:
    """As pytest-benchmark has it for the rounds that it times: no garbage is collected."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
