"""The attempts at one batch: run what remains, take in what is finished, blame what was in flight, go on.

Several cells may be in flight at once. Where an attempt ends and it cannot be told which of them it was, none
is blamed: each of them gets an attempt of its own, in which there is no doubt.
"""

import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from harness.errors import EngineError
from harness.images.compat import Prepared
from harness.matrix.cells import Batch, Cell
from harness.results.record import Isolation, Outcome, Provenance, Result
from harness.runners import door, references
from harness.runners.given import REFERENCES, Given
from harness.runners.outcomes import by_signal, classify
from harness.runners.protocol import Ending, Event, Limits, Order, Runner
from harness.runners.remote import RemoteCode
from harness.runners.watch import GRACE_S, SLACK_S, Watch

KILLED = 137
"""What the main process of a container exits with that the kernel killed for memory."""
MARGIN_S = 600.0
"""Added to all the deadlines of an attempt before the reaper may end it."""
RAN_AGAIN = "ran_again"
"""Fact of a cell that the inside has run a second time, alone, since memory had run out beside it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Execution:
    """What the attempts at all batches of a run share."""

    run: str
    folder: Path
    """The run's folder, which exists."""
    limits: Limits
    provenance: Provenance
    keep: Callable[[Result], None]
    """Stores a result at once; what it raises ends the run, and the reaper takes in what it refused."""
    progress: Callable[[Event], None] = field(default=lambda _: None)
    tell: Callable[[str], None] = field(default=lambda _: None)
    """Told, in a sentence each, of files that were refused."""
    code: RemoteCode | None = None
    """What the checkpoint of the one model brings, where that was asked for."""
    given: Callable[[Sequence[Cell]], tuple[Given, ...]] = field(default=lambda _: ())
    """What an attempt at those cells may read."""
    go_on: Callable[[], None] = field(default=lambda: None)
    """Asked about once a second; what it raises ends an attempt as Ctrl-C does."""
    neighbours: int = 0
    """Other slots of the run, in which there is work at the same time."""
    releases: Mapping[str, Prepared] = field(default_factory=dict)
    """Releases of the library that cells ask for."""
    grace_s: float = GRACE_S
    slack_s: float = SLACK_S


@dataclass(frozen=True, slots=True, kw_only=True)
class _Settled:
    """What an attempt left: the cells that have a result now, and those that must be run alone to tell."""

    done: frozenset[str]
    suspects: frozenset[str]


def execute(batch: Batch, runner: Runner, execution: Execution) -> None:
    """Run the batch's cells until each has a result; an attempt that ends early costs one cell.

    EngineError where the engine refuses the first attempt or goes away, after the results so far are kept;
    KeyboardInterrupt likewise. Nothing of an attempt is left behind in either case.
    """
    remaining, suspects = list(batch.cells), frozenset[str]()
    attempt = _tried(execution.folder, batch.id)
    while remaining:
        execution.go_on()
        attempt += 1
        alone = [cell for cell in remaining if cell.id in suspects][:1]
        settled = _attempt(batch.id, attempt, alone or remaining, runner, execution)
        remaining = [cell for cell in remaining if cell.id not in settled.done]
        suspects |= settled.suspects


def _tried(folder: Path, batch: str) -> int:
    """The last attempt of the batch that an earlier try of this run has left its log of."""
    numbers = [path.stem.removeprefix(f"{batch}-") for path in (folder / "logs").glob(f"{batch}-*.log")]
    return max((int(number) for number in numbers if number.isdecimal()), default=0)


def _attempt(
    batch: str, number: int, cells: Sequence[Cell], runner: Runner, execution: Execution
) -> _Settled:
    """Run the cells once: at least one of them is settled, or several are under suspicion."""
    release = cells[0].parameters.transformers  # one of all the cells of a batch
    given = _given(execution, cells, release)
    order = Order(
        run=execution.run,
        batch=batch,
        attempt=number,
        folder=execution.folder,
        deadline=time.time() + sum(cell.timeout_s + execution.grace_s for cell in cells) + MARGIN_S,
        limits=execution.limits,
        isolation=_isolation(cells, runner, execution, given),
        provenance=execution.provenance,
        given=given,
    )
    code = execution.code.files if execution.code else None
    door.open_door(order, cells, code, execution.releases[release] if release else None)
    watch = Watch(
        order, cells, execution.progress, execution.grace_s, execution.slack_s, go_on=execution.go_on
    )
    ending: Ending | None = None
    settled: set[str] = set()
    try:
        ending = runner.attempt(order, watch)
    finally:  # Ctrl-C and a refusal included: what is finished is kept
        watch.read()
        found = door.intake(order.work)
        for result in _settle(order, cells, found, watch, ending):
            execution.keep(result)
            settled.add(result.report.cell)
        kept = references.keep(order, cells)
        for problem in found.problems + kept + door.close_door(order):
            execution.tell(problem)
    if ending.engine_lost:
        raise EngineError("the container engine went away: start it again, and run what is missing")
    suspects = {cell.id for cell in _suspects(cells, settled, watch)}
    return _Settled(done=frozenset(settled), suspects=frozenset(suspects))


def _given(execution: Execution, cells: Sequence[Cell], release: str | None) -> tuple[Given, ...]:
    """What the attempt may read: references are kept of the image's own release and the library's code."""
    foreign = execution.code is not None or release is not None
    return tuple(row for row in execution.given(cells) if not (foreign and row.name == REFERENCES))


def _isolation(
    cells: Sequence[Cell], runner: Runner, execution: Execution, given: Sequence[Given]
) -> Isolation:
    """What stands between the work and the machine, its neighbours, the network, and code from outside."""
    isolation = runner.isolation(execution.limits)
    loosened = list(isolation.loosened)
    loosened += [f"network: {row.reaches} is reached, by a relay" for row in given if row.reaches]
    if execution.neighbours:
        loosened.append(f"alone: no, one of {execution.neighbours + 1} attempts at a time")
    if execution.code is not None:
        loosened.append(execution.code.loosened(cells[0].model.id))
    return replace(isolation, loosened=tuple(loosened))


def _settle(
    order: Order, cells: Sequence[Cell], found: door.Intake, watch: Watch, ending: Ending | None
) -> Iterator[Result]:
    """The results of an attempt: what it reported, and what its ending says of a cell that did not report."""
    reported = {result.report.cell for result in found.results}
    missing = [cell for cell in cells if cell.id not in reported]
    if ending is not None and _accounted(ending, found.results):
        ending = replace(ending, oom_killed=False)
    if ending is not None and ending.oom_killed and not missing:
        yield from _doubted(found.results)
        return
    yield from found.results
    if ending is not None:
        outcome, _ = classify(ending)
        for cell in _blamed(missing, found, watch, ending):
            message = _sentence(order, found, watch.doing.get(cell.id, ""), ending)
            yield door.error(order, cell.to_json(), message, outcome, watch.waited_s(cell.id))


def _blamed(missing: Sequence[Cell], found: door.Intake, watch: Watch, ending: Ending) -> Sequence[Cell]:
    """Which of the cells without a result the ending is held against; the others get another attempt."""
    forced = ending.oom_killed or ending.stopped is not None or ending.exit_code is None
    by_itself = not (forced or by_signal(ending.exit_code))
    in_flight = _suspects(missing, (), watch)
    if len(in_flight) > 1 and not ending.engine_lost:
        return ()
    if by_itself and not in_flight and (ending.exit_code == 0 or not watch.named):
        return missing  # it thought that it had done them all, or did not get as far as a cell and never will
    between = not in_flight and found.results  # something was settled, so the next attempt may find out
    return in_flight if in_flight or between else missing[:1]


def _suspects(cells: Sequence[Cell], settled: Collection[str], watch: Watch) -> Sequence[Cell]:
    """The cells that the end of the work may be owed to: those it was stopped for, else all in flight."""
    return [cell for cell in cells if cell.id in (watch.late or watch.in_flight) and cell.id not in settled]


def _accounted(ending: Ending, results: Sequence[Result]) -> bool:
    """Whether the flag, which stays up, was raised by a cell that says so itself and lived to say it."""
    told = any(result.outcome is Outcome.OOM or RAN_AGAIN in result.report.facts for result in results)
    return ending.oom_killed and told and ending.exit_code != KILLED


def _doubted(results: Sequence[Result]) -> Iterator[Result]:
    """All cells finished, yet a process ran out of memory: unless one of them says so, none is believed."""
    several = "; which of the attempt's cells it was cannot be told" if len(results) > 1 else ""
    message = f"a process of the cell ran out of memory, though the cell went on{several}"
    known = any(result.outcome is Outcome.OOM for result in results)
    for result in results:
        doubted = replace(result.report, outcome=Outcome.OOM, message=message)
        yield result if known else replace(result, report=doubted)


def _sentence(order: Order, found: door.Intake, doing: str, ending: Ending) -> str:
    """The ending in words, where in the cell it came, and where to read more."""
    during = f" (during {doing})" if doing else ""
    return "; ".join([f"{classify(ending)[1]}{during}", *found.stray, f"see logs/{order.name}.log"])
