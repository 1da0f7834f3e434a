"""The cell in flight as its tests see it, and what they tell the parent."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from harness.suite.door import Attempt, Journal
from harness.suite.forks import Say
from harness.suite.roofline.quick import QuickRoof
from harness.suite.throughput.timed import Timed

SELDOM_S = 2.0
"""Between two words on how far an evaluation is."""


@dataclass(frozen=True, slots=True)
class Inside:
    """A cell as the tests see it: what is known so far, and whom to tell what happens."""

    attempt: Attempt
    journal: Journal
    say: Say
    roof: QuickRoof | None = None
    """What figures are held against; None where nothing is timed, or it could not be measured."""
    process: int = 0
    """Of those that time the cell, the first being 0."""
    kinds: tuple[str, ...] = ("check", "phase", "count", "ceiling", "dataset")
    """Of the cell's tests, those that run here."""

    def begin(self, kind: str, name: str) -> None:
        """Say what comes next: to the outside at once, since it may be the end of us all."""
        self.journal.event(kind, self.attempt.cell.id, f"{name}{self.again}")
        self.say({"begins": kind, "name": name})

    @property
    def again(self) -> str:
        """Tells a process from the first, in words."""
        return f", process {self.process + 1}" if self.process else ""

    def progress(self, name: str) -> Callable[[int, int], None]:
        """Tells the outside how far the asking of a dataset is; at most so often that it can be read."""
        told = time.monotonic()

        def tell(done: int, all_: int) -> None:
            nonlocal told
            if time.monotonic() - told >= SELDOM_S:
                told = time.monotonic()
                self.journal.event("dataset", self.attempt.cell.id, f"{name} {done}/{all_}")

        return tell

    def measured(self, timed: Timed, facts: dict[str, Any]) -> None:
        """Say what a phase gave: at once, since a later one may be the end of us."""
        self.say({"timed": timed.to_json(), "facts": facts})

    def benchmarked(self, phase: str, stats: Any) -> None:
        """Say what pytest-benchmark keeps of a phase, for its own JSON."""
        names = {"cell": self.attempt.cell.id, "phase": phase, "process": self.process}
        self.say({"benchmark": stats.as_dict(include_data=True) | {"params": names, "param": None}})


INSIDE = pytest.StashKey[Inside]()
"""The cell in flight in this process."""


@dataclass(frozen=True, slots=True)
class Benchmarked:
    """What pytest-benchmark kept in a child, as its session wants it."""

    row: dict[str, Any]
    has_error: bool = False

    @property
    def fullname(self) -> str:
        """The test."""
        return str(self.row["fullname"])

    def as_dict(self, include_data: bool = True, flat: bool = False, **_: Any) -> dict[str, Any]:  # noqa: FBT001, FBT002 — pytest-benchmark's own signature
        """The row, its statistics among the other fields where that is asked for."""
        stats = {name: value for name, value in self.row["stats"].items() if include_data or name != "data"}
        rest = {name: value for name, value in self.row.items() if name != "stats"}
        return rest | (stats if flat else {"stats": stats})


def params_of(item: pytest.Item) -> dict[str, Any]:
    """What a test of the suite is about: its cell, and a check or a phase."""
    found: dict[str, Any] = item.callspec.params  # type: ignore[attr-defined]  # every test here has parameters
    return found
