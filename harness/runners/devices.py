"""May a run have the device? Asked before anything is built."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import docker

from harness.errors import DeviceAbsent, DeviceUnfit
from harness.machine import tree
from harness.machine.choice import choose
from harness.machine.detect import accelerators, detect, vendor_of
from harness.machine.diagnosis import Way, diagnose, ways
from harness.machine.presence import absence
from harness.machine.records import Accelerator
from harness.matrix.devices import Device
from harness.results.record import Hardware
from harness.runners.choose import Wish
from harness.runners.engine import describe


def require(
    device: Device,
    which: Sequence[str] = (),
    root: Path = tree.ROOT,
    environment: Mapping[str, str] = os.environ,
    *,
    each: int = 1,
) -> tuple[Accelerator, ...]:
    """The accelerators that the run takes: those named, else the first free ones; none of a CPU.

    An attempt takes `each` of them. DeviceAbsent where a sign that the matrix gives for the device is missing
    below `root`, where it has no such accelerator or too few, and where one is busy.
    """
    missing = absence(device.presence, root)
    if missing is not None:
        advice = f"; {device.presence.missing}" if device.presence.missing else ""
        raise DeviceAbsent(f"`{device.id}` is not on this machine: {missing}{advice}")
    vendor = vendor_of(device)
    found = accelerators({vendor}, root) if vendor else ()
    return choose(device, which, found, environment, each=each)


def require_way(
    device: Device,
    taken: Sequence[Accelerator],
    wish: Wish,
    client: docker.DockerClient | None,
    results: Path,
) -> None:
    """DeviceUnfit where something stands between the accelerators and the runner that was chosen."""
    if not taken:
        return
    engine = describe(client) if client else None
    way = Way.CONTAINER if engine else Way.PYTHON if wish.python else Way.LOCKED
    problems = diagnose(device, detect((device,), results, engine=engine), taken)
    for problem in problems:
        if problem.fatal and way in problem.ways and way in ways(device):  # else `choose` says what it lacks
            raise DeviceUnfit(f"{device.id} is here and cannot be used: {problem.what}; {problem.mend}")


def hardware(taken: Sequence[Accelerator]) -> tuple[Hardware, ...]:
    """What a result records of them."""
    return tuple(
        Hardware(name=one.name, identity=one.identity, driver=one.driver, memory_bytes=one.memory_bytes)
        for one in taken
    )
