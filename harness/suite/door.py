"""The inside of the one door: cells in, reports out, each line flushed before the next cell starts."""

import errno
import json
import os
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from harness.matrix.cells import Cell
from harness.matrix.records import Suite
from harness.results.record import Check, Metric, Outcome, Report
from harness.results.sheet import Sheet
from harness.suite.facts import oom_kills
from harness.suite.outcomes import of_cell
from harness.suite.throughput.timed import Timed

PHASE = "phase."
"""Begins the name of a phase among a cell's checks: `forward` and `generate` are checks as well."""


@dataclass(frozen=True, slots=True)
class Order:
    """What came through the door: the cells, and the limits they run under."""

    cells: tuple[Cell, ...]
    memory_bytes: int | None

    @classmethod
    def read(cls, path: Path) -> "Order":
        """Read `cells.json`; it was checked against its schema by whoever wrote it."""
        data = json.loads(path.read_text())
        cells = tuple(Cell.from_json(row) for row in data["cells"])
        return cls(cells, data["limits"]["memory_bytes"])


@dataclass(slots=True)
class Attempt:
    """A cell in flight: what is known of it so far."""

    cell: Cell
    started: str = field(default_factory=lambda: datetime.now(UTC).isoformat())
    clock: float = field(default_factory=time.perf_counter)
    oom_kills: int = field(default_factory=oom_kills)
    checks: list[Check] = field(default_factory=list)
    metrics: list[Metric] = field(default_factory=list)
    timed: list[Timed] = field(default_factory=list)
    """What processes timed, which becomes metrics at the end."""
    sheet: Sheet | None = None
    facts: dict[str, Any] = field(default_factory=dict)

    def doubt(self) -> str | None:
        """The first check that leaves the outputs in doubt, and how it ended."""
        return next(
            (f"{c.name} {c.outcome}" for c in self.checks if not c.name.startswith(PHASE) and _bad(c)), None
        )

    def closed_gate(self) -> str | None:
        """Why nothing further is timed: the outputs are in doubt, or an earlier phase did not end well."""
        if doubt := self.doubt():
            return f"no speed is published: {doubt}"
        return next((f"not timed after {c.name} {c.outcome}" for c in self.checks if _bad(c)), None)

    def outcome(self) -> Outcome:
        """As the worst check; where speed was asked for, it passes only if every phase was timed."""
        worst = of_cell(self.checks)
        untimed = [check for check in self.checks if check.name.startswith(PHASE)]
        if worst is Outcome.PASSED and self.cell.suite is Suite.THROUGHPUT and (untimed or not self.metrics):
            return of_cell(untimed)
        return worst

    def message(self) -> str:
        """The first thing that made the outcome, in its own words; nothing where all is well."""
        outcome = self.outcome()
        if outcome is Outcome.PASSED:
            return ""
        made = (f"{check.name}: {check.message}" for check in self.checks if check.outcome is outcome)
        return next(made, "nothing applied to this model")


class Journal:
    """Appends to `progress.jsonl` as things begin and to `results.jsonl` as cells end."""

    def __init__(self, out: Path) -> None:
        self.out = out

    def event(self, event: str, cell: str, name: str | None = None) -> None:
        """Say what is about to happen, so that a kill tells which cell it hit."""
        self._append("progress.jsonl", {"event": event, "cell": cell, "name": name, "at": time.time()})

    def start(self, cell: Cell) -> Attempt:
        """Begin a cell."""
        self.event("start", cell.id)
        return Attempt(cell)

    def finish(self, attempt: Attempt, ending: tuple[Outcome, str] | None = None) -> Report:
        """Write the report of a cell; `ending` is what befell it, where its checks do not tell."""
        outcome, message = ending or (attempt.outcome(), attempt.message())
        report = Report(
            cell=attempt.cell.id,
            outcome=outcome,
            message=message,
            checks=tuple(attempt.checks),
            # What was measured before a later phase went wrong was measured.
            metrics=() if attempt.doubt() else tuple(attempt.metrics),
            sheet=attempt.sheet,
            facts=attempt.facts,
            started=attempt.started,
            seconds=time.perf_counter() - attempt.clock,
        )
        self._append("results.jsonl", report.to_json())
        self.event("finish", attempt.cell.id)
        return report

    def _append(self, name: str, row: dict[str, Any]) -> None:
        # One write a line: a kill can tear the last line and nothing before it.
        line = (json.dumps(row, allow_nan=False) + "\n").encode()
        path = self.out / name
        descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        try:
            written = os.write(descriptor, line)
        finally:
            os.close(descriptor)
        if written < len(line):  # the disk is full, and a further line would run into this torn one
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))


def _bad(check: Check) -> bool:
    return check.outcome not in (Outcome.PASSED, Outcome.XPASSED, Outcome.UNSUPPORTED)
