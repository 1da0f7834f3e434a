"""The records of the matrix: what is tested, and the cells and batches made of it.

All are frozen and hold only what JSON holds, so that a cell means the same on every machine.
`Cell.to_json` and `Cell.from_json` are what passes through the door (`schemas/cells.schema.json`).
"""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, fields, replace
from enum import StrEnum
from typing import Any, Self

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
    """What is asked: is a model right, how fast is it, what does it need, and what can this machine do?"""

    FUNCTIONAL = "functional"
    THROUGHPUT = "throughput"
    FIT = "fit"
    ROOFLINE = "roofline"


@dataclass(frozen=True, slots=True, kw_only=True)
class Presence:
    """How a device shows itself on a machine; `harness.machine.presence` reads it."""

    paths: tuple[str, ...] = ()
    """Device nodes of which one must exist."""
    drm_vendor: str | None = None
    """PCI vendor of a DRM card, as sysfs writes it: `0x8086`."""
    pci_vendor: str | None = None
    """PCI vendor of an accelerator under `/sys/class/accel` or the PCI bus."""
    platform: str | None = None
    """`sys.platform` and machine joined by a dash: `darwin-arm64`."""
    missing: str = ""
    """What to do where the device is absent: the end of the sentence the user reads."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ContainerAccess:
    """What a container is given so that it can reach the device."""

    devices: tuple[str, ...] = ()
    """Nodes; of a folder the nodes of the accelerators that are used, where they are known."""
    folders: tuple[str, ...] = ()
    """Mounted read-only where they are."""
    gpu_driver: str | None = None
    """Of the engine's device request: `nvidia`, or `cdi` where the engine does not list what it can give."""
    runtime: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Labels:
    """What a CI runner must have to be given a device's jobs; none there where a platform has none."""

    github: tuple[str, ...] = ()
    gitlab: tuple[str, ...] = ()
    buildkite: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """Another image for a device: another Python or torch, or packages that its own image does without.

    It says all of it anew and inherits nothing: what is in the image can be read in one row.
    """

    id: str
    title: str
    image: str
    base: str
    torch_build: str
    python: str = "3.11"
    packages: tuple[str, ...] = ()
    torch_index: str | None = None
    size_gb: float | None = None
    unverified: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """A kind of hardware: its image, how it is found and reached, what it can compute in."""

    id: str
    title: str
    torch_device: str
    dtypes: tuple[str, ...]
    runners: tuple[str, ...]
    """Runners that can reach it, the preferred first."""
    image: str | None
    """A folder of `images/`; None where no container can hold the device or none is written yet."""
    base: str | None = None
    torch_index: str | None = None
    """Index of PyTorch wheels for this device, asked after pip's own configuration."""
    parity: tuple[str, ...] = ()
    """Of `dtypes`, those in which outputs are held against a reference in float64: a check each."""
    vendor: str | None = None
    """Whose accelerators it is: `nvidia`, `amd`, `intel` or `apple`; else `presence.pci_vendor`'s, if any."""
    least_driver: str | None = None
    """The oldest version of the vendor's driver that the image's torch runs on."""
    torch_build: str | None = None
    """What the torch of its image must be built for: `cpu`, `cuda`, `hip` or `xpu`."""
    python: str = "3.11"
    """The base's Python, for which the lock is made: major and minor."""
    packages: tuple[str, ...] = ()
    """Packages of the base's distribution that the image has besides."""
    size_gb: float | None = None
    """About how large the image is, in units of 1e9 bytes; None where nobody has built it."""
    unverified: tuple[str, ...] = ()
    """What of its image nobody could look up or try where it was written, a sentence each."""
    variants: tuple[Variant, ...] = ()
    """Other images that can be asked for by name."""
    variant: str | None = None
    """The variant this device is taken with; None in the matrix, and for its own image."""
    presence: Presence = field(default_factory=Presence)
    container: ContainerAccess = field(default_factory=ContainerAccess)
    ci: Labels = field(default_factory=Labels)
    experimental: bool = False

    def taken_with(self, variant: Variant) -> Self:
        """The device with that variant's image instead of its own."""
        row = {field.name: getattr(variant, field.name) for field in fields(variant)}
        return replace(
            self,
            **{name: value for name, value in row.items() if name not in {"id", "title"}},
            variant=variant.id,
        )


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

    def to_json(self) -> dict[str, Any]:
        """The cell as `schemas/cells.schema.json` has it."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        """The inverse of `to_json`; `data` has passed the schema."""
        return cls(
            **data
            | {
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
