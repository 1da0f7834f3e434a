"""What a person sees while a run goes on, on standard error: what is running, how many, how long still."""

import time
from typing import Protocol

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from harness.matrix.cells import Cell
from harness.results.figures import line
from harness.results.record import Result
from harness.run import Display
from harness.runners.protocol import Event

FINISH, PHASE = "finish", "phase"
MANY = 100
"""Cells of a run from which on a log has a line a hundredth of them, not a line a cell."""


class Closable(Display, Protocol):
    """A display that must be closed before anything else is printed."""

    def close(self) -> None:
        """Leave the terminal as it was."""


def display() -> Closable:
    """A live bar on a terminal, a line a cell elsewhere."""
    console = Console(stderr=True, highlight=False)
    return Bar(console) if console.is_terminal else Lines(console)


class Bar:
    """One line that changes: the cell and check in flight, cells finished, the time left."""

    def __init__(self, console: Console) -> None:
        self._progress = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            console=console,
            transient=True,
        )
        self._task = self._progress.add_task("preparing", total=None)
        self._ended: set[str] = set()
        self._progress.start()

    def tell(self, sentence: str) -> None:
        """Print above the bar."""
        self._progress.console.print(sentence, style="dim", markup=False, soft_wrap=True)

    def begin(self, cells: tuple[Cell, ...]) -> None:
        """Know how many there are."""
        self._progress.update(self._task, total=len(cells), description="starting")

    def event(self, event: Event) -> None:
        """Show what is in flight, and count what has ended."""
        self._progress.update(self._task, description=f"{event.cell} {event.name}".strip())
        if event.kind == FINISH:
            self._count(event.cell)

    def result(self, result: Result) -> None:
        """Count what ended unseen from inside; the tables come at the end."""
        self._count(result.report.cell)

    def close(self) -> None:
        """Take the bar away."""
        self._progress.stop()

    def _count(self, cell: str) -> None:
        self._ended.add(cell)
        self._progress.update(self._task, completed=len(self._ended))


class Lines:
    """A line for each cell that ends, or for each hundredth of many cells, for logs and pipes."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._total = 0
        self._ended: set[str] = set()
        self._unseen: set[tuple[str, str]] = set()
        self._began = time.monotonic()

    def tell(self, sentence: str) -> None:
        """Print it."""
        self._console.print(sentence, markup=False, soft_wrap=True)

    def begin(self, cells: tuple[Cell, ...]) -> None:
        """Start counting."""
        self._total, self._began = len(cells), time.monotonic()
        self._unseen = {(cell.id, name) for cell in cells for name in _told(cell)}
        self.tell("1 cell" if self._total == 1 else f"{self._total} cells")

    def event(self, event: Event) -> None:
        """Print an end that was seen from inside, and phases that begin: a cell may take minutes."""
        if event.kind == FINISH:
            self._count(event.cell)
        elif event.kind == PHASE and (event.cell, event.name) in self._unseen:
            self._unseen.remove((event.cell, event.name))
            self.tell(f"[{len(self._ended)}/{self._total}] {event.cell}: {event.name}")

    def result(self, result: Result) -> None:
        """Print what was not seen from inside: a cell whose container died with it."""
        if result.report.cell not in self._ended:
            self._count(result.report.cell, f": {result.outcome}; {line(result.report.message)}")

    def close(self) -> None:
        """Nothing to undo."""

    def _count(self, cell: str, what: str = "") -> None:
        """Print a cell's end once, with the time left if the other cells take as long."""
        if cell in self._ended:  # whoever writes the events may write them twice
            return
        before = len(self._ended)
        self._ended.add(cell)
        if (
            not what
            and self._total > MANY
            and before * MANY // self._total == len(self._ended) * MANY // self._total
        ):
            return
        each = (time.monotonic() - self._began) / len(self._ended)
        left = each * (self._total - len(self._ended))
        self.tell(f"[{len(self._ended)}/{self._total}] {cell}{what}, about {left:.0f} s left")


def _told(cell: Cell) -> list[str]:
    """What of a cell a log has a line for: each phase, and the first one of each further process."""
    further = (f"{phase}, process {n}" for phase in cell.phases[:1] for n in _after_the_first(cell))
    return [*cell.phases, *further]


def _after_the_first(cell: Cell) -> range:
    return range(2, cell.parameters.processes + 1)
