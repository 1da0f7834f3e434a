"""What the runners agree on: what is ordered, under which limits, and how it ended."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Protocol, Self

from harness.machine.processors import parse
from harness.machine.records import Accelerator
from harness.matrix.records import Suite
from harness.results.record import Isolation, Outcome, Provenance
from harness.runners.given import REFERENCES, Given

MIB = 1024**2
GIB = 1024**3


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What the work may use; sizes in bytes."""

    memory_bytes: int | None = None
    cpus: str | None = None
    """CPUs it may run on, as the kernel writes them: `0-1,4`. None leaves all."""
    pids: int = 512
    shm_bytes: int = GIB
    tmp_bytes: int = 2 * GIB
    output_bytes: int = 64 * MIB
    """Of all that it may leave in `out/`, and of each file read from there."""
    log_bytes: int = 8 * MIB

    def cpu_set(self) -> frozenset[int]:
        """The CPUs of `cpus`, one by one; empty where all may be used."""
        return parse(self.cpus or "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """One attempt at the cells of a batch: what `order.json` holds, but for where it lies."""

    run: str
    batch: str
    attempt: int
    folder: Path
    """The run's folder."""
    deadline: float
    """Seconds since the epoch after which nothing of this attempt can still be wanted."""
    limits: Limits
    isolation: Isolation
    provenance: Provenance
    given: tuple[Given, ...] = ()
    """What the work may read beside its cells."""

    @property
    def references(self) -> str | None:
        """Folder of the parity checks' references that earlier runs have made; None keeps none."""
        return next((row.folder for row in self.given if row.name == REFERENCES), None)

    @property
    def name(self) -> str:
        """Names the attempt within its run."""
        return f"{self.batch}-{self.attempt}"

    @property
    def work(self) -> Path:
        """The attempt's own folder, there only while it goes on."""
        return self.folder / "work" / self.name

    @property
    def cells(self) -> Path:
        """What goes in."""
        return self.work / "cells.json"

    @property
    def code(self) -> Path:
        """The code that a checkpoint brings; there only where it was asked for."""
        return self.work / "code"

    @property
    def release(self) -> Path:
        """The wheels of a release of the library; there only where the cells ask for one."""
        return self.work / "release"

    @property
    def out(self) -> Path:
        """What comes out, written by code that is not trusted."""
        return self.work / "out"

    @property
    def log(self) -> Path:
        """Standard output and error of the work."""
        return self.work / "log.txt"

    def to_json(self) -> dict[str, Any]:
        """The order as `order.json` has it."""
        return {key: value for key, value in asdict(self).items() if key != "folder"}

    @classmethod
    def from_json(cls, folder: Path, data: dict[str, Any]) -> Self:
        """The order that a run's folder holds; KeyError or TypeError where `data` is something else."""
        known = {key: data[key] for key in (row.name for row in fields(cls)) if key != "folder"}
        isolation = known["isolation"] | {"loosened": tuple(known["isolation"]["loosened"])}
        return cls(
            **known
            | {
                "folder": folder,
                "limits": Limits(**known["limits"]),
                "given": tuple(Given(**row) for row in known["given"]),
                "isolation": Isolation(**isolation),
                "provenance": Provenance.from_json(known["provenance"]),
            }
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """Why the work must be killed."""

    outcome: Outcome
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """How an attempt ended, before anything it left is read."""

    exit_code: int | None
    """128 + n in a container and -n on the host for signal n; None where nobody could see it."""
    seconds: float
    oom_killed: bool = False
    """Whether any of its processes ran out of memory, whatever the exit code says."""
    stopped: Stop | None = None
    engine_lost: bool = False

    @property
    def timed_out(self) -> bool:
        """Whether it was killed for its deadline."""
        return self.stopped is not None and self.stopped.outcome is Outcome.TIMEOUT


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """A line of `progress.jsonl`: what the suite is about to do, or has done."""

    kind: str
    """`start`, `check`, `phase`, `count`, `ceiling` or `finish`."""
    cell: str
    name: str = ""
    """The check or phase."""


class Ticking(Protocol):
    """What a runner calls about once a second while the work goes on."""

    def tick(self) -> Stop | None:
        """Why the work must be killed now; None lets it go on."""


class Runner(Protocol):
    """A way to run an attempt: in a container, or as a process of this machine."""

    name: str

    def given(self, accelerators: Sequence[Accelerator]) -> Self:
        """The same runner, whose work sees these accelerators and no others of their vendor."""

    def one_cell_each(self, suite: Suite) -> bool:
        """Whether a batch of that suite may hold no more than one cell."""

    def isolation(self, limits: Limits) -> Isolation:
        """What will stand between the work and the machine."""

    def attempt(self, order: Order, watch: Ticking) -> Ending:
        """Run the suite on `order.cells` until it ends or `watch` stops it.

        Leaves the output in `order.out` and `order.log`, and nothing else: no container and no process,
        also where it is interrupted. EngineError where the work could not be started.
        """
