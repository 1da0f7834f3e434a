"""What stands in a device's way on this machine, and the command that mends it.

`harness doctor` shows all of it, and a run refuses at the first that is fatal. Each check is a function of
what was found; none asks the machine anything.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from packaging.version import InvalidVersion, Version

from harness.machine.choice import GB, busy
from harness.machine.detect import vendor_of
from harness.machine.records import Accelerator, Machine
from harness.matrix.devices import Device

LEAST_MEMORY = 2 * 1024**3
"""With less, the suite's parent and one child do not fit: `harness.suite.room`."""
TOOLKIT = (
    "install NVIDIA's Container Toolkit, then `sudo nvidia-ctk runtime configure --runtime=docker && "
    "sudo systemctl restart docker`"
)
CDI_NVIDIA = "nvidia.com/gpu="
"""Begins the names that NVIDIA's toolkit gives accelerators."""
GROUP_BITS = 0o060
OTHER_BITS = 0o006


class Way(StrEnum):
    """How a run reaches a device."""

    CONTAINER = "container"
    LOCKED = "locked"
    """A process of the host, in the locked environment."""
    PYTHON = "python"
    """A process of the host, in an interpreter that was named."""


HOST = frozenset({Way.LOCKED, Way.PYTHON})
CONTAINER = frozenset({Way.CONTAINER})
EVERY = frozenset(Way)


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Something in a device's way: what, and what to do."""

    what: str
    mend: str
    ways: frozenset[Way] = EVERY
    """The ways that it stands in."""
    fatal: bool = True
    """Whether nothing can run that way; else it may."""

    @property
    def sentence(self) -> str:
        """Both in one."""
        return f"{self.what}: {self.mend}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A device on a machine: what the checks are asked about."""

    device: Device
    machine: Machine
    accelerators: tuple[Accelerator, ...]
    """Those that would be used."""


def diagnose(device: Device, machine: Machine, accelerators: Sequence[Accelerator]) -> tuple[Problem, ...]:
    """All that is wrong, the worst first. The device shows itself on the machine."""
    case = Case(device=device, machine=machine, accelerators=tuple(accelerators))
    found = [problem for check in CHECKS for problem in check(case)]
    return tuple(sorted(found, key=lambda problem: not problem.fatal))


def ways(device: Device, *, image: bool = True) -> tuple[Way, ...]:
    """The ways that a run may go on some machine, the preferred first; without an image only by a Python."""
    built = device.image is not None and image
    rows = (
        (Way.CONTAINER, built and "docker" in device.runners),
        (Way.LOCKED, built and "host" in device.runners),
        (Way.PYTHON, "host" in device.runners),
    )
    return tuple(way for way, there in rows if there)


def open_ways(device: Device, problems: Sequence[Problem]) -> tuple[Way, ...]:
    """Those that nothing fatal stands in."""
    shut = {way for problem in problems if problem.fatal for way in problem.ways}
    return tuple(way for way in ways(device) if way not in shut)


def _no_accelerator(case: Case) -> Iterator[Problem]:
    if vendor_of(case.device) is not None and not case.accelerators:
        tool = {"nvidia": "`nvidia-smi`", "amd": "`rocminfo`", "intel": "`clinfo -l`"}
        ask = tool.get(case.device.vendor or "", "the driver's own tool")
        yield Problem(
            what=f"the driver is there and lists no {case.device.title}",
            mend=f"see what {ask} and `dmesg` say",
        )


def _busy(case: Case) -> Iterator[Problem]:
    taken = [why for one in case.accelerators if (why := busy(one))]
    if taken and len(taken) == len(case.accelerators):
        yield Problem(
            what=f"every {case.device.title} is busy ({taken[0]})", mend="end what uses it, or wait"
        )


def _old_driver(case: Case) -> Iterator[Problem]:
    least = case.device.least_driver
    for version in sorted({one.driver for one in case.accelerators if one.driver}):
        if least and _older(version, least):
            yield Problem(
                what=f"the driver {version} is too old for the image's torch, which takes {least} or newer",
                mend=f"install driver {least} or newer, or name a Python with an older torch with --python",
                ways=frozenset({Way.CONTAINER, Way.LOCKED}),
            )


def _older(version: str, least: str) -> bool:
    try:
        return Version(version) < Version(least)
    except InvalidVersion:
        return False


def _nodes(case: Case) -> Iterator[Problem]:
    """A container's user is in the node's group, whatever its number; a process of the host is who calls."""
    nodes = {node.path: node for one in case.accelerators for node in one.nodes}
    for node in nodes.values():
        if not node.openable:
            yield Problem(
                what=f"{node.path} may not be opened by this user",
                mend=f"`sudo usermod -aG $(stat -c %G {node.path}) $USER`, and log in again",
                ways=HOST,
            )
        shared = node.mode & OTHER_BITS == OTHER_BITS
        grouped = node.gid != 0 and node.mode & GROUP_BITS == GROUP_BITS
        if not shared and not grouped:
            yield Problem(
                what=f"{node.path} belongs to no group that a container's user can join (mode {node.mode:o})",
                mend="`sudo groupadd --system --force render && sudo udevadm trigger --subsystem-match=drm`",
                ways=CONTAINER,
            )


def _engine(case: Case) -> Iterator[Problem]:
    if Way.CONTAINER not in ways(case.device):
        return
    engine = case.machine.engine
    if engine is None:
        what, _, mend = case.machine.no_engine.rpartition(": ")
        yield Problem(what=what, mend=mend, ways=CONTAINER)
        return
    runtime = case.device.container.runtime
    if runtime is not None and runtime not in engine.runtimes:
        yield Problem(
            what=f"the container engine has no runtime {runtime}",
            mend=f"install it, and name it in the engine's daemon.json (it has {', '.join(engine.runtimes)})",
            ways=CONTAINER,
        )
    by_nvidia = case.device.container.gpu_driver == "nvidia"
    if by_nvidia and "nvidia" not in engine.runtimes and not cdi_names(engine.cdi_devices):
        yield Problem(
            what="the container engine cannot hand out NVIDIA GPUs (it has no runtime nvidia and no CDI)",
            mend=TOOLKIT,
            ways=CONTAINER,
        )


def cdi_names(devices: Sequence[str]) -> tuple[str, ...]:
    """What the engine calls NVIDIA's accelerators: `0`, `0:1`, a UUID, `all`."""
    return tuple(name.removeprefix(CDI_NVIDIA) for name in devices if name.startswith(CDI_NVIDIA))


def _locks(case: Case) -> Iterator[Problem]:
    if not case.machine.locks and case.device.image is not None:
        yield Problem(
            what="the locked packages are for another Python or platform than this",
            mend="use a container engine, or name a Python that has torch and transformers with --python",
            ways=frozenset({Way.LOCKED}),
        )


def _disk(case: Case) -> Iterator[Problem]:
    engine, build_gb = case.machine.engine, case.device.build_gb
    if engine is None or build_gb is None or engine.free_bytes is None or case.device.image is None:
        return
    if engine.free_bytes < build_gb * GB:
        yield Problem(
            what=f"{engine.free_bytes / GB:.1f} GB are free in {engine.folder}, and building the image takes "
            f"{build_gb:.1f}",
            mend="free some space, for instance with `docker image prune`",
            ways=CONTAINER,
            fatal=False,
        )


def _memory(case: Case) -> Iterator[Problem]:
    available = case.machine.available_bytes
    if available is not None and available < LEAST_MEMORY:
        yield Problem(
            what=f"{available / GB:.1f} GB of memory are free, and a model needs {LEAST_MEMORY / GB:.1f}",
            mend="end what uses it",
            fatal=False,
        )


CHECKS: tuple[Callable[[Case], Iterator[Problem]], ...] = (
    _no_accelerator,
    _busy,
    _old_driver,
    _nodes,
    _engine,
    _locks,
    _disk,
    _memory,
)
