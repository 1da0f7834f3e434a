"""A throughput cell: its checks in one process, the machine's roof in one, its phases in several after those.

Each process is forked from the warm parent, so a further one costs its model and its rounds. Forked, they
share the addresses of the libraries, and differ in everything that is allocated after: the interval between
them tells of the machine's drift, and not of how an executable happened to be laid out in memory.
"""

import json
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from typing import Any, Protocol

import torch

from harness.matrix.cells import Cell
from harness.results.record import Check, Metric, Outcome
from harness.suite.door import Attempt, Journal
from harness.suite.facts import cpus, oom_kills
from harness.suite.forks import Ended, Job, Said, Say, serve
from harness.suite.precision import PRECISIONS, set_arithmetic
from harness.suite.roofline.quick import QuickRoof, quick_roof
from harness.suite.room import preload, shares
from harness.suite.throughput.merge import merged
from harness.suite.throughput.stopping import stop

Ending = tuple[Outcome, str]
SIZES = ("batch", "input_tokens", "output_tokens")
"""Parameters of which more takes more memory."""
MOST_WORDS = 500
"""Letters of a sentence that becomes a fact."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What one child does of a cell."""

    kind: str
    """`check` or `phase`."""
    checks: tuple[Check, ...] = ()
    """How the checks ended, for one that times."""
    roof: QuickRoof | None = None
    process: int = 0


class Crew(Protocol):
    """What runs the tests of a cell in a child, and hears of them."""

    def work(self, cell: Cell, part: Part, say: Say) -> None:
        """A child's whole life."""

    def hear(self, attempt: Attempt, message: dict[str, Any]) -> None:
        """Note what has happened to a cell."""

    def ended(self, attempt: Attempt, ended: Ended) -> Ending | None:
        """What became of a cell whose child is gone; None where all is well."""


@dataclass(slots=True)
class Timing:
    """Times cells, one after the other."""

    crew: Crew
    journal: Journal
    memory_bytes: int | None
    gates: dict[str, tuple[str, list[Check]]] = field(default_factory=dict)
    """What is checked → the cell that was, and its checks: cells of a sweep share them."""
    roofs: dict[tuple[str, str, int | None], QuickRoof | None] = field(default_factory=dict)
    starved: list[Cell] = field(default_factory=list)
    """Cells that ran out of memory."""

    def run(self, cell: Cell) -> None:
        """Run the cell and write its report."""
        attempt = self.journal.start(cell)
        preload(cell)
        ending = self._hopeless(cell) or self._gate(attempt) or self._time(attempt)
        if attempt.timed:  # the roof alone says nothing of the cell
            attempt.metrics += merged(attempt.timed)
        else:
            attempt.metrics.clear()
        if (ending[0] if ending else attempt.outcome()) is Outcome.OOM:
            self.starved.append(cell)
        self.journal.finish(attempt, ending)

    def _hopeless(self, cell: Cell) -> Ending | None:
        """The cell asks for more than one that ran out of memory."""
        less = next((other for other in self.starved if _asks_more(cell, other)), None)
        if less is None:
            return None
        return Outcome.UNSUPPORTED, f"not tried: {less.id} asks for no more, and ran out of memory"

    def _gate(self, attempt: Attempt) -> Ending | None:
        """Every check of the model, in a process of its own or as they were for another cell."""
        cell = attempt.cell
        key = _checked(cell)
        if key in self.gates:
            other, checks = self.gates[key]
            attempt.checks += [replace(check, seconds=0.0) for check in checks]
            attempt.facts["checked_with"] = other
            return None
        ending = self._child(attempt, partial(self.crew.work, cell, Part(kind="check")))
        if ending is None:
            self.gates[key] = (cell.id, list(attempt.checks))
        return ending

    def _time(self, attempt: Attempt) -> Ending | None:
        """Processes until the figures are sure enough, or no more may be spent."""
        cell, checks = attempt.cell, tuple(attempt.checks)
        roof = None if attempt.doubt() else self._roof(attempt)
        spent: list[float] = []
        why = None
        while why is None:
            part = Part(kind="phase", checks=checks, roof=roof, process=len(spent))
            began, known = time.perf_counter(), len(attempt.checks)
            ending = self._child(attempt, partial(self.crew.work, cell, part))
            if ending is not None or attempt.closed_gate() or not attempt.timed:
                return ending
            spent.append(time.perf_counter() - began)
            # What the first process could not time, no further one is asked for.
            timed = {row.phase for row in attempt.timed}
            cell = replace(cell, phases=tuple(phase for phase in cell.phases if phase in timed))
            why = self._lost(attempt, known, spent) or stop(merged(attempt.timed), cell.parameters, spent)
            if why is None and self._left(attempt) < max(spent):
                why = f"another process would pass the deadline of {cell.timeout_s:g} s after {len(spent)}"
        attempt.facts |= {"processes": len(spent), "stopped": why}
        return None

    @staticmethod
    def _lost(attempt: Attempt, known: int, spent: Sequence[float]) -> str | None:
        """That a later process could not time what an earlier one could: a reason to stop, and no outcome."""
        lost = attempt.checks[known:]
        if len(spent) == 1 or not lost:
            return None
        del attempt.checks[known:]
        return f"{lost[0].name} could not be timed again in process {len(spent)}: {lost[0].message}"[
            :MOST_WORDS
        ]

    def _roof(self, attempt: Attempt) -> QuickRoof | None:
        """What the machine can do at best, measured once for all cells of a dtype; None where that failed."""
        asked = attempt.cell.parameters
        key = (attempt.cell.torch_device, asked.dtype, asked.threads)
        if key not in self.roofs:
            job = Job("roof", self._left(attempt), partial(_measure_roof, attempt.cell))
            said = [event for event in serve([job], 1, self._memory(attempt.cell)) if isinstance(event, Said)]
            self.roofs[key] = QuickRoof.from_json(said[0].message) if said else None
            attempt.oom_kills = oom_kills()  # the roof's end is not the cell's
        roof = self.roofs[key]
        if roof is None:
            attempt.facts["roof"] = "it could not be measured: nothing is held against it"
            return None
        attempt.metrics += roof_metrics(roof)
        attempt.facts["roof"] = {"memory_bandwidth": roof.roof.memory, "matmul_rate": roof.roof.arithmetic}
        return roof

    def _child(self, attempt: Attempt, work: Callable[[Say], None]) -> Ending | None:
        """Run one child to its end; no file that it leaves in its temp folder outlives it."""
        cell = attempt.cell
        with tempfile.TemporaryDirectory(prefix="harness-", ignore_cleanup_errors=True) as folder:
            job = Job(cell.id, self._left(attempt), partial(_within, folder, work))
            for event in serve([job], 1, self._memory(cell)):
                if isinstance(event, Said):
                    self.crew.hear(attempt, event.message)
                else:
                    return self.crew.ended(attempt, event)
        return None

    @staticmethod
    def _left(attempt: Attempt) -> float:
        """Seconds to the cell's deadline."""
        return max(1.0, attempt.cell.timeout_s - (time.perf_counter() - attempt.clock))

    def _memory(self, cell: Cell) -> int | None:
        """Bytes that a child may allocate; an accelerator's driver maps more than it takes."""
        return shares(self.memory_bytes, cpus())[1] if cell.torch_device == "cpu" else None


def _within(folder: str, work: Callable[[Say], None], say: Say) -> None:
    """Do the work with that folder for temporary files."""
    tempfile.tempdir = folder
    work(say)


def roof_metrics(roof: QuickRoof) -> list[Metric]:
    """The roof's two ceilings as metrics, with their samples."""
    return [
        Metric.of("memory_bandwidth", "B/s", "roof", list(roof.bandwidth)),
        Metric.of("matmul_rate", "FLOP/s", "roof", list(roof.rate)),
    ]


def _measure_roof(cell: Cell, say: Say) -> None:
    torch.set_num_threads(cell.parameters.threads or cpus())
    precision = PRECISIONS[cell.parameters.dtype]
    set_arithmetic(precision)
    say(quick_roof(cell.torch_device, precision.dtype).to_json())


def _checked(cell: Cell) -> str:
    """What the checks of a cell depend on."""
    fields: Sequence[Any] = (
        asdict(cell.model),
        cell.torch_device,
        cell.checks,
        cell.tolerances,
        cell.known_failures,
        cell.parameters.seed,
    )
    return json.dumps(fields, sort_keys=True)


def _asks_more(cell: Cell, other: Cell) -> bool:
    """The same but for sizes, of which none is smaller."""
    sizes = {name: getattr(other.parameters, name) for name in SIZES}
    return (
        replace(cell.parameters, **sizes) == other.parameters
        and (cell.model, cell.device) == (other.model, other.device)
        and all(getattr(cell.parameters, name) >= size for name, size in sizes.items())
    )
