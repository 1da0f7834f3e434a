"""The run loop: each cell in a child of its own, those of throughput in several, one at a time.

A cell's tests are made when its turn comes, and where it runs: which checks apply takes its configuration,
and a configuration may hang or crash like anything else of a model. What happens to a cell is told in
messages, the same from a child as from this process: a check begins, a check has ended, the cell is done.
"""

import signal
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import pytest
import torch

from harness.matrix.cells import Cell
from harness.matrix.records import Suite
from harness.results.record import Check, Outcome, metric_from_json
from harness.results.sheet import Sheet
from harness.suite.door import PHASE, Attempt, Journal, Order
from harness.suite.evaluating import TAKEN_UP, Evaluating
from harness.suite.facts import cpus, gather, oom_kills
from harness.suite.forks import Ended, Job, Said, Say, serve
from harness.suite.inside import INSIDE, Benchmarked, Inside, params_of
from harness.suite.outcomes import of_ending
from harness.suite.precision import PRECISIONS, set_arithmetic
from harness.suite.room import preload, shares, warm
from harness.suite.throughput.merge import merged
from harness.suite.throughput.timed import Timed
from harness.suite.timing import Part, Timing

TOGETHER = {Suite.FUNCTIONAL, Suite.FIT}
"""Suites of which several cells run at a time, each with one thread unless told otherwise."""
ALONE = {Suite.ROOFLINE}
"""Those of which one does, with every CPU."""
STARVED = (Outcome.OOM, "a process of this cell was killed for want of memory")
RAN_AGAIN = "ran_again"
"""Fact of a cell that was run a second time, alone; the outside looks for it too."""
WHY_AGAIN = "a process was killed for want of memory while this cell and others ran"

Expand = Callable[[Cell], list[pytest.Item]]


@dataclass(slots=True)
class Loop:
    """Runs cells and writes down what becomes of them."""

    session: pytest.Session
    order: Order
    journal: Journal
    expand: Expand
    """Makes the tests of a cell."""
    doing: dict[str, tuple[str, str]] = field(default_factory=dict)
    """Cell → the check or phase it is at."""
    done: set[str] = field(default_factory=set)
    """Cells that have told their end themselves."""
    again: set[str] = field(default_factory=set)
    """Cells that run a second time."""
    explained: int = 0
    """Kills for want of memory that hit a child itself: its own end tells of them."""
    forwarded: list[Benchmarked] = field(default_factory=list)
    """What pytest-benchmark kept in children."""

    def run(self) -> None:
        """Every cell of the order: those of children first, while this process has computed nothing yet."""
        able = sys.platform == "linux" and not self.session.config.getoption(
            "usepdb"
        )  # it wants the terminal
        cells = self.order.cells
        if able:
            warm()
            together = [cell for cell in cells if cell.suite in TOGETHER]
            for ranks in sorted({cell.parameters.tensor_parallel for cell in together}):
                self._run_children([cell for cell in together if cell.parameters.tensor_parallel == ranks])
            self._run_children([cell for cell in cells if cell.suite in ALONE], alone=True)
            self._run_timed([cell for cell in cells if cell.suite is Suite.THROUGHPUT])
            Evaluating(self, self.journal, self.order.memory_bytes).run(
                [cell for cell in cells if cell.suite is Suite.EVALUATION]
            )
        for cell in () if able else cells:
            if not self._stopped():
                self._run_here(cell)

    def _run_children(self, cells: list[Cell], *, alone: bool = False) -> None:
        """Each in a child, several at a time or alone on the machine."""
        threads = cpus() if alone else _threads(cells)
        children, memory = shares(self.order.memory_bytes, threads)
        doubted = self._serve(cells, children, memory)
        self._serve(doubted, 1, memory)

    def _run_timed(self, cells: list[Cell]) -> None:
        """One after the other, alone on the machine."""
        timing = Timing(self, self.journal, self.order.memory_bytes)
        for cell in cells:
            if not self._stopped():
                timing.run(cell)
        if self.forwarded:
            self.session.config._benchmarksession.benchmarks += self.forwarded  # type: ignore[attr-defined]  # noqa: SLF001 — where pytest-benchmark collects them

    def _stopped(self) -> bool:
        return bool(self.session.shouldstop or self.session.shouldfail)

    def _serve(self, cells: list[Cell], children: int, memory: int | None) -> list[Cell]:
        """Run the cells in children; those that have to run again, alone, to tell whose a kill was."""
        flights: dict[str, _Flight] = {}
        doubted = []
        for event in serve(self._jobs(cells, flights), children, memory):
            if isinstance(event, Said):
                self.hear(flights[event.name].attempt, event.message)
                continue
            flight = flights.pop(event.name)
            if not self._land(flight, event, alone=children == 1):
                doubted.append(flight.attempt.cell)
        return doubted

    def _jobs(self, cells: Iterable[Cell], flights: "dict[str, _Flight]") -> Iterator[Job]:
        for cell in cells:
            if self._stopped():
                return
            flights[cell.id] = _Flight(self.journal.start(cell), self.explained)
            preload(cell)
            yield Job(cell.id, cell.timeout_s, partial(self._work, cell))

    def _land(self, flight: "_Flight", ended: Ended, *, alone: bool) -> bool:
        """Write the report of a cell whose child is gone; False where it has to run again first."""
        attempt, cell = flight.attempt, flight.attempt.cell
        starved = oom_kills() - attempt.oom_kills > self.explained - flight.explained
        attempt.facts |= {"peak_memory_bytes": ended.peak_bytes, "cpu_s": ended.cpu_s}
        if cell.id not in self.done:
            self.journal.finish(attempt, self._crashed(attempt, ended, starved=starved))
            return True
        self.done.remove(cell.id)
        if starved and not alone:
            self.journal.event("finish", cell.id)
            self.again.add(cell.id)
            return False
        if cell.id in self.again:
            attempt.facts[RAN_AGAIN] = WHY_AGAIN
        self.journal.finish(attempt, STARVED if starved else None)
        return True

    def ended(self, attempt: Attempt, ended: Ended) -> tuple[Outcome, str] | None:
        """What became of a cell whose only child is gone; None where that child has said its end."""
        starved = oom_kills() > attempt.oom_kills
        if attempt.cell.id not in self.done:
            return self._crashed(attempt, ended, starved=starved)
        self.done.remove(attempt.cell.id)
        return STARVED if starved else None

    def _crashed(self, attempt: Attempt, ended: Ended, *, starved: bool) -> tuple[Outcome, str]:
        """The ending of a cell that did not come to its own, with the check or phase it was at."""
        self.explained += starved and ended.code == -signal.SIGKILL and not ended.late
        outcome, message = of_ending(ended, attempt.cell.timeout_s, starved=starved)
        kind, name = self.doing.pop(attempt.cell.id, ("", ""))
        if name:
            seconds = max(0.0, time.perf_counter() - attempt.clock - sum(c.seconds for c in attempt.checks))
            known = f"{PHASE}{name}" if kind == "phase" else name
            attempt.checks.append(Check(name=known, outcome=outcome, seconds=seconds, message=message))
        self._log(
            pytest.TestReport(
                nodeid=f"test_{kind or 'cell'}[{attempt.cell.id}-{name or outcome}]",
                location=("", None, attempt.cell.id),
                keywords={},
                outcome="failed",
                longrepr=f"{message}\n{ended.output}",
                when="call",
            )
        )
        return outcome, f"{name}: {message}" if name else message

    def _work(self, cell: Cell, say: Say) -> None:
        """The whole life of a child that runs all of a cell."""
        torch.set_num_threads(cell.parameters.threads or (cpus() if cell.suite in ALONE else 1))
        self._become_child(say)
        self._run_items(Inside(Attempt(cell), self.journal, say))

    def work(self, cell: Cell, part: Part, say: Say) -> None:
        """The whole life of a child of a throughput cell."""
        # Tiny models for the checks are done sooner by one thread.
        torch.set_num_threads(1 if part.kind == "check" else cell.parameters.threads or cpus())
        self._become_child(say)
        attempt = Attempt(cell, checks=list(part.checks))

        def tell(message: dict[str, Any]) -> None:
            if "ended" in message:  # what ended badly closes the gate here as well as there
                attempt.checks.append(Check.from_json(message["ended"]))
            say(message)

        self._run_items(Inside(attempt, self.journal, tell, part.roof, part.process, (part.kind,)))

    def answer(self, cells: Sequence[Cell], say: Say) -> None:
        """The whole life of a child that evaluates."""
        self._become_child(say)
        for cell in cells:
            torch.set_num_threads(cell.parameters.threads or cpus())
            say({TAKEN_UP: cell.id})
            self._run_items(Inside(Attempt(cell), self.journal, say))

    def told_end(self, cell: Cell) -> bool:
        """Whether the cell has told its end itself; asked once."""
        told = cell.id in self.done
        self.done.discard(cell.id)
        return told

    def _become_child(self, say: Say) -> None:
        """The parent prints and files reports; a child sends it those that say something."""
        config = self.session.config
        for listener in config.hook.pytest_runtest_logreport.get_hookimpls():
            if listener.plugin is not self.session:  # which counts failures, for -x
                config.pluginmanager.unregister(listener.plugin)
        config.pluginmanager.register(_Forward(config, say))

    def _run_here(self, cell: Cell) -> None:
        attempt = self.journal.start(cell)
        self._run_items(Inside(attempt, self.journal, lambda message: self.hear(attempt, message)))
        attempt.metrics += merged(attempt.timed)
        self.journal.finish(attempt, STARVED if oom_kills() > attempt.oom_kills else None)

    def _run_items(self, inside: Inside) -> None:
        """The tests of a cell, in this process."""
        config = self.session.config
        set_arithmetic(PRECISIONS[inside.attempt.cell.parameters.dtype])
        config.stash[INSIDE] = inside
        made = self.expand(inside.attempt.cell)
        items = [item for item in made if any(kind in params_of(item) for kind in inside.kinds)]
        for item, following in zip(items, [*items[1:], None], strict=False):
            config.hook.pytest_runtest_protocol(item=item, nextitem=following)
            if self._stopped():
                break
        # Of checks alone nothing is told: their process has one thread, and those that time have more.
        inside.say({"done": gather(inside.attempt.cell) if "phase" in inside.kinds else {}})

    def hear(self, attempt: Attempt, message: dict[str, Any]) -> None:
        """Note what has happened to a cell."""
        match message:
            case {"begins": kind, "name": name}:
                self.doing[attempt.cell.id] = (kind, name)
            case {"ended": row}:
                self.doing.pop(attempt.cell.id, None)
                attempt.checks.append(Check.from_json(row))
            case {"found": row}:
                attempt.metrics += [metric_from_json(metric) for metric in row.get("metrics", ())]
                attempt.sheet = Sheet.from_json(row["sheet"]) if "sheet" in row else attempt.sheet
                attempt.facts |= row.get("facts", {})
            case {"report": row}:
                config = self.session.config
                report = config.hook.pytest_report_from_serializable(config=config, data=row)
                if isinstance(report.longrepr, list):  # of a skip: JSON has no tuples
                    report.longrepr = tuple(report.longrepr)
                self._log(report)
            case {"timed": row, "facts": facts}:
                self.doing.pop(attempt.cell.id, None)
                attempt.timed.append(Timed.from_json(row))
                attempt.facts |= facts
            case {"benchmark": row}:
                self.forwarded.append(Benchmarked(row))
            case {"done": facts}:
                self.done.add(attempt.cell.id)
                self.doing.pop(attempt.cell.id, None)
                attempt.facts = facts | attempt.facts

    def _log(self, report: pytest.TestReport) -> None:
        self.session.testscollected += 1
        self.session.config.hook.pytest_runtest_logreport(report=report)


@dataclass(frozen=True, slots=True)
class _Flight:
    """A cell whose child runs, and how many kills had been explained when it began."""

    attempt: Attempt
    explained: int


class _Forward:
    """A plugin of a child: sends the parent the reports that say something."""

    def __init__(self, config: pytest.Config, say: Say) -> None:
        self._config = config
        self._say = say

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """A test has a call, or a setup or teardown that went wrong."""
        if report.when == "call" or not report.passed:
            row = self._config.hook.pytest_report_to_serializable(config=self._config, report=report)
            self._say({"report": row})


def _threads(cells: Iterable[Cell]) -> int:
    return max((cell.parameters.threads or cell.parameters.tensor_parallel for cell in cells), default=1)
