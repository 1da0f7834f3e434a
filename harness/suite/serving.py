"""The run loop: each functional cell in a child of its own, the others one after the other in this process.

A cell's tests are made when its turn comes, and where it runs: which checks apply takes its configuration,
and a configuration may hang or crash like anything else of a model. What happens to a cell is told in
messages, the same from a child as from this process: a check begins, a check has ended, the cell is done.
"""

import signal
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import pytest
import torch

from harness.matrix.records import Cell, Suite
from harness.results.record import Check, Outcome
from harness.suite.door import Attempt, Journal, Order
from harness.suite.facts import gather, oom_kills
from harness.suite.forks import Ended, Job, Said, Say, serve
from harness.suite.outcomes import of_ending
from harness.suite.room import preload, shares, warm

STARVED = (Outcome.OOM, "a process of this cell was killed for want of memory")
RAN_AGAIN = "ran_again"
"""Fact of a cell that was run a second time, alone; the outside looks for it too."""
WHY_AGAIN = "a process was killed for want of memory while this cell and others ran"

INSIDE: "pytest.StashKey[Inside]" = pytest.StashKey()
"""The cell in flight in this process."""


@dataclass(frozen=True, slots=True)
class Inside:
    """A cell as the tests see it: what is known so far, and whom to tell what happens."""

    attempt: Attempt
    journal: Journal
    say: Say

    def begin(self, kind: str, name: str) -> None:
        """Say what comes next: to the outside at once, since it may be the end of us all."""
        self.journal.event(kind, self.attempt.cell.id, name)
        self.say({"begins": kind, "name": name})


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

    def run(self) -> None:
        """Every cell of the order: those of children first, while this process has computed nothing yet."""
        forked = [cell for cell in self.order.cells if self._forks(cell)]
        here = [cell for cell in self.order.cells if not self._forks(cell)]
        if forked:
            warm()
        children, memory = shares(self.order.memory_bytes, _threads(forked))
        doubted = self._serve(forked, children, memory)
        self._serve(doubted, 1, memory)
        for cell in here:
            if not self._stopped():
                self._run_here(cell)

    def _forks(self, cell: Cell) -> bool:
        # A debugger wants the terminal, which a child does not have.
        able = sys.platform == "linux" and not self.session.config.getoption("usepdb")
        return able and cell.suite is Suite.FUNCTIONAL

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
            self.explained += starved and ended.code == -signal.SIGKILL and not ended.late
            self._crash(attempt, ended, of_ending(ended, cell.timeout_s, starved=starved))
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

    def _crash(self, attempt: Attempt, ended: Ended, ending: tuple[Outcome, str]) -> None:
        """Write the report of a cell that did not come to its end, the check it was at with it."""
        outcome, message = ending
        kind, name = self.doing.pop(attempt.cell.id, ("", ""))
        if name:
            seconds = max(0.0, time.perf_counter() - attempt.clock - sum(c.seconds for c in attempt.checks))
            attempt.checks.append(Check(name=name, outcome=outcome, seconds=seconds, message=message))
        self.journal.finish(attempt, (outcome, f"{name}: {message}" if name else message))
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

    def _work(self, cell: Cell, say: Say) -> None:
        """A child's whole life."""
        torch.set_num_threads(cell.parameters.threads or 1)
        self._become_child(say)
        self._run_items(Inside(Attempt(cell), self.journal, say))

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
        self.journal.finish(attempt, STARVED if oom_kills() > attempt.oom_kills else None)

    def _run_items(self, inside: Inside) -> None:
        """The tests of a cell, in this process."""
        config = self.session.config
        config.stash[INSIDE] = inside
        items = self.expand(inside.attempt.cell)
        for item, following in zip(items, [*items[1:], None], strict=False):
            config.hook.pytest_runtest_protocol(item=item, nextitem=following)
            if self._stopped():
                break
        inside.say({"done": gather(inside.attempt.cell)})

    def hear(self, attempt: Attempt, message: dict[str, Any]) -> None:
        """Note what has happened to a cell."""
        match message:
            case {"begins": kind, "name": name}:
                self.doing[attempt.cell.id] = (kind, name)
            case {"ended": row}:
                self.doing.pop(attempt.cell.id, None)
                attempt.checks.append(Check(**row | {"outcome": Outcome(row["outcome"])}))
            case {"report": row}:
                config = self.session.config
                report = config.hook.pytest_report_from_serializable(config=config, data=row)
                if isinstance(report.longrepr, list):  # of a skip: JSON has no tuples
                    report.longrepr = tuple(report.longrepr)
                self._log(report)
            case {"done": facts}:
                self.done.add(attempt.cell.id)
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
    return max((cell.parameters.threads or 1 for cell in cells), default=1)
