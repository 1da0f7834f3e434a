"""Rounds of a phase through pytest-benchmark, other depths interleaved, and memory beside them."""

import contextlib
import gc
import math
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from harness.suite.functional.checks import Facts
from harness.suite.models.build import full_config, model_class
from harness.suite.outcomes import Unsupported
from harness.suite.throughput.clock import now, resolution, synchronise
from harness.suite.throughput.counters import Place
from harness.suite.throughput.crosscheck import check_rates
from harness.suite.throughput.design import Design
from harness.suite.throughput.disturbances import Lookout
from harness.suite.throughput.held import Held
from harness.suite.throughput.identities import require
from harness.suite.throughput.metrics import figures
from harness.suite.throughput.peak import Watch
from harness.suite.throughput.phases import Phase, applicable
from harness.suite.throughput.seen import RoundTimes
from harness.suite.throughput.settling import LEAST, Settling, settling
from harness.suite.throughput.stopping import FEWEST
from harness.suite.throughput.timed import TOTAL, TTFT, Amount, Timed, rounds_of
from harness.suite.throughput.trial import plan_depths
from harness.suite.throughput.workload import Workload

MOST_WARM_UP = 20
"""Rounds after which a warm-up that has not settled is given up, and said to be."""
WARM_UP_SHARE = 0.5
"""Of a phase's seconds in a process, what warming up may take; one round is always made."""


@dataclass(slots=True)
class Rounds:
    """What the rounds of one phase gave besides the times that pytest-benchmark keeps."""

    work: Workload
    phase: Phase
    design: Design | None = None
    """The depths that the whole is estimated from."""
    loaded: list[dict[str, float]] = field(default_factory=list)
    shallow: list[tuple[int, dict[str, float]]] = field(default_factory=list)
    gaps: list[list[float]] = field(default_factory=list)
    """Between tokens, of the rounds in `loaded`."""
    before: int = 0
    """Times that what the phase does was done before those in `loaded`."""
    left: float = 0.0
    """Seconds that the device still worked after the warm-up had ended."""
    watch: Watch | None = None
    memory: list[Amount] | None = None
    """What the first round took: it is watched, and no other."""

    def prepare(self) -> tuple[tuple[Any], dict[str, Any]]:
        """Time the shallower depths, then make this round's state; pytest-benchmark does not time this.

        Every round is so preceded by one of each other depth: a drift of the machine moves all alike.
        """
        for depth in self.design.depths if self.design else ():
            if depth != self.work.layers:
                self.shallow.append((depth, _one_round(self.work, self.phase, depth)))
        state = self.phase.prepare(self.work)
        if self.memory is None:
            self.watch = Watch.begin(self.work, self.phase.cache(state))
        return (state,), {}

    @property
    def layers(self) -> int | None:
        """The depth of a round; None where it is the whole model's."""
        return self.work.layers

    def run(self, state: Any) -> None:
        """The timed part."""
        self.loaded.append(self.phase.run(self.work, state))

    def check(self, state: Any) -> None:
        """After the timed part: raise `Inconsistent` where the round contradicts itself."""
        self.gaps.append(self.phase.gaps(self.work, state, self.loaded[-1]))
        if self.memory is None:
            cache = self.phase.cache(state)
            self.memory = self.watch.amounts(self.work, self.phase.name, cache) if self.watch else []

    def warm_up(self, most_s: float) -> "WarmUp":
        """Rounds that are not kept, until they have settled or `most_s` seconds are spent."""
        seconds: list[float] = []
        start = now()
        while True:
            (state,), _ = self.prepare()
            began = now()
            self.run(state)
            end = now()
            synchronise(self.work.device)
            self.left = now() - end
            self.check(state)
            self.before += 1
            seconds.append(end - began)
            found, spent = settling(seconds), now() - start
            if found.after is not None or len(seconds) >= MOST_WARM_UP or spent > most_s:
                break
        for kept in (self.loaded, self.shallow, self.gaps):
            kept.clear()
        return WarmUp(found, spent)

    def require(self, seconds: list[float]) -> None:
        """Raise `Inconsistent` where the rounds are not what a correct measurement leaves."""
        require(
            RoundTimes(
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


class Watched:
    """The rounds that are kept, with what is read of machine and memory around each."""

    def __init__(self, rounds: Rounds) -> None:
        self.rounds = rounds
        self.lookout = Lookout(Place(device=rounds.work.device))
        self.held = Held(rounds.work.device)

    def begin(self) -> tuple[tuple[Any], dict[str, Any]]:
        """Before a round; pytest-benchmark does not time this."""
        prepared = self.rounds.prepare()
        self.held.begin(self.rounds.phase.cache(prepared[0][0]))
        return prepared

    def end(self, state: Any) -> None:
        """After a round, untimed as well."""
        self.held.end(self.rounds.phase.cache(state))
        self.lookout.glance()
        self.rounds.check(state)


@dataclass(frozen=True, slots=True)
class WarmUp:
    """How a warm-up ended, and the seconds it took, preparations included."""

    settling: Settling
    seconds: float

    @property
    def round_s(self) -> float:
        """Seconds of a round with its preparation."""
        return self.seconds / self.settling.rounds

    @property
    def settled(self) -> bool | None:
        """None where it was too short to tell."""
        return None if self.settling.rounds < LEAST else self.settling.after is not None


def measure(work: Workload, phase: Phase, benchmark: Any) -> Timed:
    """What this process finds of the phase: a warm-up, then the rounds asked for that the budget allows."""
    work.forget()
    rounds = Rounds(work, phase, plan_depths(work, phase), before=phase.before(work))
    count, warm = _how_many(rounds) if phase.repeats else (1, None)
    watched = Watched(rounds)
    benchmark.pedantic(rounds.run, setup=watched.begin, teardown=watched.end, rounds=count, iterations=1)
    disturbed = watched.lookout.end()
    seconds = list(benchmark.stats.stats.data)
    rounds.require(seconds)
    found = figures(work, phase.name)
    check_rates(work, phase.name, found, seconds)
    return Timed(
        phase=phase.name,
        layers=rounds.layers,
        design=rounds.design,
        rounds=rounds_of(rounds.series(seconds)),
        gaps=tuple(tuple(gaps) for gaps in rounds.gaps),
        figures=found,
        amounts=tuple(rounds.memory or ()),
        disturbed=(*disturbed.words, *([watched.held.words] if watched.held.words else [])),
        unread=disturbed.unread,
        warm_up=str(warm.settling) if warm else "",
        settled=warm.settled if warm else None,
    )


def _how_many(rounds: Rounds) -> tuple[int, WarmUp]:
    """Warm up; how many rounds are left of this phase's and process's share of the budget, at least one.

    Raises `Unsupported` where the whole budget is too small for one round.
    """
    work, asked = rounds.work, rounds.work.cell.parameters
    # Of a process's part of the budget one in six goes to what comes before the rounds.
    parts = min(FEWEST, asked.processes) + (asked.processes > 1)
    share = asked.budget_s / parts / _sharers(work)
    warm = rounds.warm_up(WARM_UP_SHARE * share)
    if warm.round_s > asked.budget_s:
        raise Unsupported(
            f"a round of {rounds.phase.name} takes {warm.round_s:.3g} s of a budget of {asked.budget_s:g} s: "
            f"give --budget {math.ceil(2 * warm.round_s * _sharers(work))}s or more"
        )
    return min(asked.rounds, max(1, int((share - warm.seconds) / warm.round_s))), warm


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
