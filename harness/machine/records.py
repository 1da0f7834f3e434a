"""The records of a machine: what was found on it, whoever was asked.

All are frozen and hold only what JSON holds; sizes are in bytes. None means that nothing told.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """A device node, and who may open it."""

    path: str
    mode: int
    """Permission bits."""
    gid: int
    openable: bool
    """Whether this user may read and write it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Accelerator:
    """One that a process can be given: a whole card, or an instance of one that is divided (MIG)."""

    vendor: str
    """`nvidia`, `amd`, `intel`, `apple`, or a PCI vendor as sysfs writes it: `0x1da3`."""
    ordinal: str
    """The vendor's own number, in PCI order: `3`; of an instance the card's and its own: `3:1`."""
    name: str
    uuid: str | None = None
    pci: str | None = None
    """Its address: `0000:1b:00.0`."""
    nodes: tuple[Node, ...] = ()
    """Device nodes that it is reached by, beside those that all cards of the vendor share."""
    driver: str | None = None
    memory_bytes: int | None = None
    used_bytes: int | None = None
    numa_node: int | None = None
    closed: str = ""
    """Why no further process may use it, in words; empty where one may."""

    @property
    def identity(self) -> str:
        """What tells it from others of the machine."""
        return self.uuid or self.pci or self.ordinal


@dataclass(frozen=True, slots=True, kw_only=True)
class Engine:
    """A container engine, as `docker info` describes it."""

    version: str
    storage_driver: str
    cgroup: str
    """Version of the control groups: `1` or `2`."""
    folder: str
    """Where it keeps images."""
    runtimes: tuple[str, ...] = ()
    cdi_devices: tuple[str, ...] = ()
    """Names by the Container Device Interface: `nvidia.com/gpu=0`."""
    registry: str | None = None
    """Address of the registry that it pulls from."""
    free_bytes: int | None = None
    """Free space where it keeps images."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """Whether an address on the network answered."""

    what: str
    address: str
    answered: bool
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """What this machine has."""

    platform: str
    """`sys.platform` and machine joined by a dash: `linux-x86_64`."""
    kernel: str
    cpu: str
    cpus: int
    """CPUs that this process may use."""
    memory_bytes: int | None
    available_bytes: int | None
    free_disk_bytes: int
    """Where results are written."""
    accelerators: tuple[Accelerator, ...] = ()
    engine: Engine | None = None
    no_engine: str = ""
    """Why there is none, and what to do: a sentence."""
    locks: bool = True
    """Whether a locked environment can be made with this Python on this platform."""
    reached: tuple[Reach, ...] = ()
    hub_token: bool = False
    """Whether there is one. Its value is nobody's business."""
