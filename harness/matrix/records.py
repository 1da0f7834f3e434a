"""The records of the matrix: models, what is known of them, and what is expected of a check.

All are frozen and hold only what JSON holds. Devices and cells have modules of their own.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from harness.matrix.devices import Device
from harness.matrix.registry import Registry


class Priority(StrEnum):
    """How much depends on a model: those that are critical run where nothing is named.

    `NAMED` ones run where they or their category are named, and are not among all models or checkpoints.
    """

    CRITICAL = "critical"
    MEDIUM = "medium"
    LOW = "low"
    NAMED = "named"


class Suite(StrEnum):
    """What is asked: is a model right, how fast, what does it need, how good; what can this machine do?"""

    FUNCTIONAL = "functional"
    THROUGHPUT = "throughput"
    FIT = "fit"
    ROOFLINE = "roofline"
    EVALUATION = "evaluation"


@dataclass(frozen=True, slots=True, kw_only=True)
class Architecture:
    """A family of models: the tasks they do, the checks and phases that can apply to them."""

    id: str
    tasks: tuple[str, ...]
    checks: tuple[str, ...]
    phases: tuple[str, ...]
    axes: tuple[str, ...]
    """Parameters that change what is measured: of batch, input_tokens, output_tokens."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """Trained weights: where they are, and the config fields that differ from the class's defaults."""

    config: dict[str, Any]
    hub_id: str | None = None
    """None for one that is in a folder of somebody's."""
    remote_code: bool = False
    """Its model is code of its own: it runs where its folder is named, in a container."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """A row of the matrix: a model type of the library (`bert`) or a checkpoint (`starcoder2_15b`)."""

    id: str
    model_type: str
    architecture: str
    classes: tuple[str, ...]
    """Model classes of the library, the principal first: it is timed, and run where none is named."""
    tasks: tuple[str, ...] = ()
    """Tasks of the library's pipelines that its classes do."""
    priority: Priority = Priority.LOW
    aliases: tuple[str, ...] = ()
    checkpoint: Checkpoint | None = None
    left: str | None = None
    """The release of transformers from which on the type is gone."""

    @property
    def model_class(self) -> str:
        """The principal class; the only one of a cell's model."""
        return self.classes[0]

    @property
    def remote_code(self) -> bool:
        """Whether its classes are code that a checkpoint brings."""
        return self.checkpoint is not None and self.checkpoint.remote_code


MACHINE = Model(id="machine", model_type="machine", architecture="machine", classes=("Machine",))
"""Stands in a roofline cell where others have their model: what is measured is the machine itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """A name of checkpoints that are a model of another name: `flan-t5` is `t5`."""

    name: str
    model: str
    what: str
    """What the checkpoints are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gone:
    """A name that people still type and no model answers to."""

    name: str
    became: str
    """What to use in its place: the end of the sentence the user reads."""
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """A release of transformers that models are tried under, and what its own metadata asks for."""

    transformers: str
    """PEP 440 version."""
    python: str
    """PEP 440 specifiers: its `Requires-Python`."""
    torch: str
    """PEP 440 specifiers: those of its extra `torch`; the release alone requires no torch."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tolerance:
    """The largest deviation at which a check passes, and why; the narrowest matching row wins."""

    check: str
    limit: float
    reason: str
    device: str | None = None
    architecture: str | None = None
    model: str | None = None
    model_class: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownFailure:
    """A check that is known to fail: expected until `expires` (ISO date), then a failure again."""

    model: str
    check: str
    reason: str
    expires: str
    versions: str | None = None
    """A library and PEP 440 specifiers: `transformers>=5.20,<6`. Judged inside, where versions are known."""
    model_class: str | None = None
    device: str | None = None
    link: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Matrix:
    """The whole of `matrix.json`."""

    devices: tuple[Device, ...]
    architectures: tuple[Architecture, ...]
    models: tuple[Model, ...]
    tolerances: tuple[Tolerance, ...]
    known_failures: tuple[KnownFailure, ...]
    transformers: str | None = None
    """The newest release of the library that the models were synced with."""
    families: tuple[Family, ...] = ()
    gone: tuple[Gone, ...] = ()
    versions: tuple[Release, ...] = ()
    """Releases that `harness compat` compares where none is named."""
    registry: Registry = field(default_factory=Registry)

    def device(self, device_id: str) -> Device:
        """The device of that exact id; KeyError where there is none."""
        return {device.id: device for device in self.devices}[device_id]

    def architecture(self, architecture_id: str) -> Architecture:
        """The architecture of that exact id; KeyError where there is none."""
        return {row.id: row for row in self.architectures}[architecture_id]


def model_from_json(data: dict[str, Any]) -> Model:
    """A model's row as a record; `data` has passed the schema."""
    checkpoint = data.get("checkpoint")
    return Model(
        **data
        | {
            "classes": tuple(data["classes"]),
            "tasks": tuple(data.get("tasks", ())),
            "priority": Priority(data.get("priority", Priority.LOW)),
            "aliases": tuple(data.get("aliases", ())),
            "checkpoint": Checkpoint(**checkpoint) if checkpoint else None,
        }
    )
