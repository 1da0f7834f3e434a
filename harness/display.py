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

from harness.matrix.records import Cell
from harness.results.record import Result
from harness.run import Display
from harness.runners.protocol import Event

FINISH = "finish"


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
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            console=console,
            transient=True,
        )
        self._task = self._progress.add_task("preparing", total=None)
        self._progress.start()

    def tell(self, sentence: str) -> None:
        """Print above the bar."""
        self._progress.console.print(sentence, style="dim", markup=False, soft_wrap=True)

    def begin(self, cells: tuple[Cell, ...]) -> None:
        """Know how many there are."""
        self._progress.update(self._task, total=len(cells), description="starting")

    def event(self, event: Event) -> None:
        """Show what is in flight, and count what has ended."""
        description = f"{event.cell} {event.name}".strip()
        self._progress.update(self._task, description=description, advance=int(event.kind == FINISH))

    def result(self, result: Result) -> None:
        """Nothing: the tables come at the end."""

    def close(self) -> None:
        """Take the bar away."""
        self._progress.stop()


class Lines:
    """A line for each cell that ends, for logs and pipes."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._total = 0
        self._finished = 0
        self._began = time.monotonic()

    def tell(self, sentence: str) -> None:
        """Print it."""
        self._console.print(sentence, markup=False, soft_wrap=True)

    def begin(self, cells: tuple[Cell, ...]) -> None:
        """Start counting."""
        self._total, self._began = len(cells), time.monotonic()
        self.tell(f"{self._total} cells")

    def event(self, event: Event) -> None:
        """Print an end, with the time left if the other cells take as long."""
        if event.kind == FINISH:
            self._finished += 1
            each = (time.monotonic() - self._began) / self._finished
            left = each * (self._total - self._finished)
            self.tell(f"[{self._finished}/{self._total}] {event.cell}, about {left:.0f} s left")

    def result(self, result: Result) -> None:
        """Print what was not seen from inside: a cell whose container died with it."""
        if not result.report.checks and not result.report.metrics:
            self.tell(f"{result.report.cell}: {result.outcome}; {result.report.message}")

    def close(self) -> None:
        """Nothing to undo."""
