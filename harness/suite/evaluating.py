"""Evaluation cells: all of an attempt in one child, which loads each model once.

Where the child ends before they are done, the cell in flight is held to account, and the others go on in the
next child. What a cell was answered stays answered.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

from harness.matrix.cells import Cell
from harness.results.record import Outcome
from harness.suite.door import Attempt, Journal
from harness.suite.facts import cpus
from harness.suite.forks import Ended, Job, Say, serve
from harness.suite.room import shares

Ending = tuple[Outcome, str]
TAKEN_UP = "taken_up"
"""Key of the message with which a child says which cell comes next."""


class Crew(Protocol):
    """What runs the tests of cells in a child, and hears of them."""

    def answer(self, cells: Sequence[Cell], say: Say) -> None:
        """A child's whole life."""

    def hear(self, attempt: Attempt, message: dict[str, Any]) -> None:
        """Note what has happened to a cell."""

    def ended(self, attempt: Attempt, ended: Ended) -> Ending | None:
        """What became of a cell whose child is gone; None where all is well."""

    def told_end(self, cell: Cell) -> bool:
        """Whether the cell has told its end itself; asked once."""


@dataclass(slots=True)
class Evaluating:
    """Runs cells one after the other."""

    crew: Crew
    journal: Journal
    memory_bytes: int | None

    def run(self, cells: Sequence[Cell]) -> None:
        """Run them all, and write a report for each."""
        left = list(cells)
        while left:
            done = self._child(left)
            left = [cell for cell in left if cell.id not in done]

    def _child(self, cells: Sequence[Cell]) -> set[str]:
        """One child's life; the cells that have their report after it, of which there is at least one."""
        rows = {cell.id: cell for cell in cells}
        done: set[str] = set()
        attempt: Attempt | None = None
        job = Job(cells[0].id, sum(cell.timeout_s for cell in cells), partial(self.crew.answer, cells))
        memory = shares(self.memory_bytes, cpus())[1] if cells[0].torch_device == "cpu" else None
        for event in serve([job], 1, memory):
            if isinstance(event, Ended):
                if len(done) < len(cells):
                    attempt = attempt or self.journal.start(next(c for c in cells if c.id not in done))
                    self.journal.finish(attempt, self.crew.ended(attempt, event))
                    done.add(attempt.cell.id)
            elif TAKEN_UP in event.message:
                attempt = self.journal.start(rows[event.message[TAKEN_UP]])
            elif attempt is not None:
                self.crew.hear(attempt, event.message)
                if self.crew.told_end(attempt.cell):
                    self.journal.finish(attempt)
                    done.add(attempt.cell.id)
                    attempt = None
        return done
