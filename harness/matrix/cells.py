"""The records of what is run: a cell, its parameters, and the batches that cells are run in.

All are frozen and hold only what JSON holds, so that a cell means the same on every machine.
`Cell.to_json` and `Cell.from_json` are what passes through the door (`schemas/cells.schema.json`).
"""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any, Self

from harness.matrix.devices import Device
from harness.matrix.questions import Questions
from harness.matrix.records import Model, Suite, model_from_json


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameters:
    """What is varied between cells of one model and suite; times are in seconds, lengths in tokens."""

    dtype: str = "float32"
    batch: int = 1
    input_tokens: int = 128
    output_tokens: int = 16
    threads: int | None = None
    """torch's intra-op threads; None takes every CPU the process may use."""
    mode: str = "eager"
    """`compile` runs the forward through torch.compile."""
    cache: str = "dynamic"
    """What generation keeps: `static` allocates it once, at its full length."""
    attention: str | None = None
    """The library's attention implementation; None takes its choice."""
    tensor_parallel: int = 1
    """Processes that each hold a part of every weight; 1 shares nothing."""
    quantisation: str | None = None
    """What weights are quantised to; None leaves them in the dtype."""
    transformers: str | None = None
    """The release of the library; None takes the image's own."""
    layers: int | None = None
    """Depth; None takes the whole model's, or what fits."""
    verify: bool = False
    """Whether an estimate's whole model is measured as well, where it fits."""
    rounds: int = 5
    """Most timed rounds of a phase in a process."""
    processes: int = 10
    """Most processes that a cell's phases are timed in."""
    interval: float = 0.05
    """Width of the interval between processes, as a share of the figure, at which a cell stops."""
    budget_s: float = 200.0
    """Seconds for all processes that time a cell, loading and warm-up included; the first is always run."""
    seed: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """Model class × device × suite × parameters: the unit that is run, timed out and judged."""

    id: str
    model: Model
    """The model's row with one class: the cell's."""
    suite: Suite
    device: str
    torch_device: str
    parameters: Parameters
    checks: tuple[str, ...]
    phases: tuple[str, ...]
    tolerances: dict[str, float]
    known_failures: dict[str, dict[str, str | None]]
    """Check → its row of the ledger, as `matrix.json` has it; expired rows are left out."""
    timeout_s: float
    questions: Questions | None = None
    """What an evaluation cell asks; None of the other suites."""

    def to_json(self) -> dict[str, Any]:
        """The cell as `schemas/cells.schema.json` has it."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        """The inverse of `to_json`; `data` has passed the schema."""
        questions = data.get("questions")
        return cls(
            **data
            | {
                "questions": Questions.from_json(questions) if questions else None,
                "model": model_from_json(data["model"]),
                "suite": Suite(data["suite"]),
                "parameters": Parameters(**data["parameters"]),
                "checks": tuple(data["checks"]),
                "phases": tuple(data["phases"]),
            }
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Cells that share a device and an isolation, run in one container."""

    id: str
    device: Device
    cells: tuple[Cell, ...]


def asked(cells: Iterable[Cell]) -> tuple[str, ...]:
    """The releases of transformers that cells name, in their order; none where they take the image's own."""
    named = (cell.parameters.transformers for cell in cells)
    return tuple(dict.fromkeys(release for release in named if release is not None))
