"""Which runner a run gets, and with what limits: docker by default, the host where no engine answers."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import docker

from harness.errors import EngineError, HostEnvironmentError, SelectionError
from harness.images import build, hostenv
from harness.images.compat import Prepared
from harness.machine import processors
from harness.machine.records import Accelerator
from harness.matrix.devices import Device
from harness.results.record import Provenance
from harness.runners import interpreter, provenance
from harness.runners.docker import DockerRunner
from harness.runners.engine import connect, version
from harness.runners.host import HostRunner, kept_environment
from harness.runners.protocol import Limits, Runner

MEMORY_SHARE = 0.9
"""Of the memory that is available when a run starts, what its cells may use unless told otherwise."""
CGROUP = Path("/sys/fs/cgroup")
CGROUPS = (
    (CGROUP / "memory.max", CGROUP / "memory.current"),
    (CGROUP / "memory/memory.limit_in_bytes", CGROUP / "memory/memory.usage_in_bytes"),
)
"""Limit and usage of our own cgroup as a container sees it, version 2 and version 1."""
Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What was typed of the runner."""

    runner: str | None = None
    """`docker` or `host`; None prefers docker, and falls back where no engine answers."""
    python: Path | None = None
    """An interpreter that has torch and transformers, for the host runner instead of the locked one."""
    contained: str = ""
    """What is to run in a container or not at all: how the sentence begins that says so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """How a run goes."""

    runner: Runner
    provenance: Provenance
    releases: Mapping[str, Prepared] = field(default_factory=dict)
    """Releases of the library that stand in front of the image's own."""


def engine(device: Device, wish: Wish, tell: Tell) -> docker.DockerClient | None:
    """The engine, where one is wanted and answers; None means the host runner."""
    if wish.runner is not None and wish.runner not in device.runners:
        raise SelectionError(
            f"device {device.id} cannot use --runner {wish.runner}; it has {' and '.join(device.runners)}"
        )
    if wish.python is not None and wish.runner == "docker":
        raise SelectionError("--python is for the host runner: leave out --runner docker")
    if wish.python is not None and device.variant is not None:
        raise SelectionError(f"--python names what to run with: leave out --variant {device.variant}")
    contained = "docker" in device.runners and (device.image is not None or wish.runner == "docker")
    if wish.runner == "host" or wish.python is not None or not contained:
        if wish.contained:
            raise SelectionError(
                f"{wish.contained} runs only in a container: leave out --runner host and --python, "
                "and name a device that has an image"
            )
        return None
    try:
        return connect()
    except EngineError as error:
        down = str(error).removesuffix(", or use `--runner host`")
        if wish.contained:
            raise EngineError(f"{down}; {wish.contained} runs only in a container") from error
        if wish.runner == "docker":
            raise
        tell(f"{down}; using the host runner instead")
        return None


def choose(
    root: Path,
    device: Device,
    wish: Wish,
    client: docker.DockerClient | None,
    tell: Tell,
    *,
    accelerators: Sequence[Accelerator] = (),
) -> Way:
    """The runner, with its image or environment made ready.

    An interpreter that is named must have a torch that reaches the accelerators.
    """
    package = root / "harness"
    if client is not None:
        image = build.ensure(device, root, client, tell)
        contained = DockerRunner(client, image, device, package)
        return Way(runner=contained, provenance=provenance.of_image(root, image, version(client)))
    if wish.python is not None:
        named = interpreter.find(wish.python)
        interpreter.require_torch(named, device, kept_environment(accelerators))
        given = HostRunner(named, package)
        return Way(runner=given, provenance=provenance.of_host(root, None))
    if device.image is None:
        raise HostEnvironmentError(
            f"device {device.id} has neither an image nor a locked environment yet: name a Python that has "
            "torch and transformers for it with --python"
        )
    environment = hostenv.ensure(device, root, tell)
    locked = HostRunner(environment.python, package)
    return Way(runner=locked, provenance=provenance.of_host(root, environment.lock_hash, device.variant))


def require_cpus(threads: int | None) -> None:
    """SelectionError where more threads are asked for than this process may use CPUs."""
    cpus = processors.count()
    if threads is not None and threads > cpus:
        raise SelectionError(f"--threads {threads} is more than the {cpus} CPUs here: give {cpus} or fewer")


def require_memory(wanted: int | None) -> None:
    """SelectionError where more is asked for than the machine has."""
    total, _ = processors.memory()
    if wanted is not None and total is not None and wanted > total:
        raise SelectionError(
            f"--memory {wanted / 1e9:.1f} GB is more than the {total / 1e9:.1f} GB of this machine: give less"
        )


def limits(memory_bytes: int | None, threads: int | None) -> Limits:
    """What a cell may use: the memory given or most of what is free, and a CPU a thread."""
    cpus = processors.usable()
    chosen = ",".join(str(cpu) for cpu in cpus[:threads]) if threads and cpus else None
    return Limits(memory_bytes=memory_bytes or _memory(), cpus=chosen)


def _memory() -> int | None:
    """A share of what can be had without swapping, here and in this cgroup; None where nothing tells."""
    free = [room for limit, usage in CGROUPS if (room := _room(limit, usage)) is not None]
    _, available = processors.memory()
    free += [available] if available is not None else []
    return int(min(free) * MEMORY_SHARE) if free else None


def _room(limit: Path, usage: Path) -> int | None:
    """What a cgroup leaves us; None where there is no such file, or no limit (`max`)."""
    with suppress(OSError, ValueError):
        return int(limit.read_text()) - int(usage.read_text())
    return None
