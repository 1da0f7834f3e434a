"""The records of devices: a kind of hardware, how it is found and reached, and what images hold for it."""

from dataclasses import dataclass, field, fields, replace
from typing import Self


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
    glibc: str = "2.28"
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
    glibc: str = "2.28"
    """The newest C library that a wheel of the lock may ask for; the base's is no older."""
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
    evaluation: str | None = None
    """The variant in which models are evaluated on it; None where there is none."""
    presence: Presence = field(default_factory=Presence)
    container: ContainerAccess = field(default_factory=ContainerAccess)
    ci: Labels = field(default_factory=Labels)
    experimental: bool = False

    @property
    def build_gb(self) -> float | None:
        """What building the image takes of the engine's disk, about, in units of 1e9 bytes.

        Twice its size: its packages are there in the stage that installs them as well.
        """
        return None if self.size_gb is None else 2 * self.size_gb

    def taken_with(self, variant: Variant) -> Self:
        """The device with that variant's image instead of its own."""
        row = {field.name: getattr(variant, field.name) for field in fields(variant)}
        return replace(
            self,
            **{name: value for name, value in row.items() if name not in {"id", "title"}},
            variant=variant.id,
        )
