"""What a run of a cell leaves.

The suite, inside, writes a `Report`; the runner, outside, adds what the inside cannot be trusted
to say of itself (`Isolation`, `Provenance`) and so makes a `Result`, which is what the store keeps.
The schemas are `schemas/report.schema.json` and `schemas/result.schema.json`.
"""

import statistics
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any, Self

from harness.results.intervals import Interval
from harness.results.sheet import Sheet

VERSION = 1


class Outcome(StrEnum):
    """How a cell or a check ended. The last five never hide as `failed`."""

    PASSED = "passed"
    FAILED = "failed"
    XFAILED = "xfailed"
    XPASSED = "xpassed"
    SKIPPED = "skipped"
    UNSUPPORTED = "unsupported"
    OOM = "oom"
    TIMEOUT = "timeout"
    CRASHED = "crashed"
    ERROR = "error"


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One check of a cell. `measured` and `limit` share a unit: the check passes where measured ≤ limit."""

    name: str
    outcome: Outcome
    seconds: float
    message: str = ""
    measured: float | None = None
    limit: float | None = None

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        """The check as a report's JSON has it."""
        return cls(**data | {"outcome": Outcome(data["outcome"])})


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """Says that a metric was not measured but extrapolated, how, and between which bounds it lies."""

    method: str
    layers: int
    """The depth the figure stands for."""
    depths: tuple[int, ...]
    """The depths that were measured."""
    low: float
    high: float
    confidence: float
    """Probability that the truth lies within low and high if the method's assumption holds; 0 to 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """One figure with the samples it comes from.

    `value` is their median, of several processes the median of theirs; of a quantile over pooled rounds that
    quantile, each round's being a sample; of a score their mean; or the estimate itself.
    """

    name: str
    unit: str
    phase: str
    value: float
    samples: tuple[float, ...]
    """All processes' one after the other, each process's in the order they were taken."""
    processes: tuple[int, ...] = ()
    """How many of the samples each process gave; empty where one gave them all."""
    interval: Interval | None = None
    """Where another run's figure would lie, from one process to another, or with other questions; None of a
    single process."""
    layers: int | None = None
    """The depth it was measured at, where that is not the whole model's."""
    estimate: Estimate | None = None
    disturbed: tuple[str, ...] = ()
    """What disturbed the measurement, each in words with its amount."""
    unsettled: str = ""
    """That the rounds never settled, in words; empty where they did, or were too few to tell."""

    @classmethod
    def of(cls, name: str, unit: str, phase: str, samples: list[float], layers: int | None = None) -> Self:
        """The median of measured samples; at least one."""
        value = statistics.median(samples)
        return cls(name=name, unit=unit, phase=phase, value=value, samples=tuple(samples), layers=layers)


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What the suite writes, one line a finished cell."""

    cell: str
    outcome: Outcome
    message: str = ""
    checks: tuple[Check, ...] = ()
    metrics: tuple[Metric, ...] = ()
    sheet: Sheet | None = None
    """What the model needs, of a fit cell."""
    facts: dict[str, Any] = field(default_factory=dict)
    """What the inside knows: versions of python, torch and transformers, threads, CPU, depth, shapes."""
    started: str
    seconds: float

    def to_json(self) -> dict[str, Any]:
        """The report as `schemas/report.schema.json` has it."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        """The inverse of `to_json`; `data` has passed the schema."""
        return cls(
            **data
            | {
                "outcome": Outcome(data["outcome"]),
                "checks": tuple(Check.from_json(row) for row in data.get("checks", ())),
                "metrics": tuple(metric_from_json(row) for row in data.get("metrics", ())),
                "sheet": Sheet.from_json(data["sheet"]) if data.get("sheet") else None,
            }
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Isolation:
    """What stood between the model's code and the machine, and what of the default was loosened."""

    runner: str
    network: str
    user: str
    read_only: bool
    memory_bytes: int | None
    cpus: str | None
    pids: int | None
    loosened: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Hardware:
    """An accelerator that the work was given, as the host knows it."""

    name: str
    identity: str
    """The vendor's UUID; else its PCI address, or its number."""
    driver: str | None = None
    memory_bytes: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """Where a result comes from, as seen from outside the container."""

    image: str | None
    image_id: str | None
    lock_hash: str | None
    base: str | None
    engine: str | None
    variant: str | None = None
    """The device's variant; None for its own image, and where it has none."""
    revision: str
    """The harness's own git revision when the run began, `+dirty` where `harness/` differs from it."""
    host: str
    kernel: str
    cpu: str
    accelerators: tuple[Hardware, ...] = ()

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        """The record as a result's JSON has it; older ones do not name accelerators."""
        return cls(**data | {"accelerators": tuple(Hardware(**row) for row in data.get("accelerators", ()))})


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageCheck:
    """What became of one check of an image, as `schemas/image.schema.json` has it."""

    name: str
    passed: bool
    said: str
    """What was found, or what is wrong, in one line."""
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What one run of a cell left: identity, outcome, checks, metrics, environment."""

    version: int = VERSION
    run: str
    cell: dict[str, Any]
    """`Cell.to_json()`: the result can be read without the matrix it came from."""
    attempt: int
    report: Report
    isolation: Isolation
    provenance: Provenance

    @property
    def outcome(self) -> Outcome:
        """The cell's outcome."""
        return self.report.outcome

    def to_json(self) -> dict[str, Any]:
        """The result as `schemas/result.schema.json` has it."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        """The inverse of `to_json`; `data` has passed the schema."""
        isolation = data["isolation"] | {"loosened": tuple(data["isolation"]["loosened"])}
        return cls(
            **data
            | {
                "report": Report.from_json(data["report"]),
                "isolation": Isolation(**isolation),
                "provenance": Provenance.from_json(data["provenance"]),
            }
        )


def metric_from_json(data: dict[str, Any]) -> Metric:
    """A metric as a record; `data` has passed the schema."""
    estimate = data.get("estimate")
    if estimate:
        estimate = Estimate(**estimate | {"depths": tuple(estimate["depths"])})
    interval = data.get("interval")
    lists = {name: tuple(data.get(name, ())) for name in ("samples", "processes", "disturbed")}
    return Metric(
        **data | lists | {"estimate": estimate, "interval": Interval(**interval) if interval else None}
    )
