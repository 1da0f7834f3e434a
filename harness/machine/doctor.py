"""Which devices of the matrix can run on this machine, how, and what is missing for the others."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from harness.machine import tree
from harness.machine.detect import vendor_of
from harness.machine.diagnosis import Problem, Way, diagnose, open_ways
from harness.machine.presence import absence
from harness.machine.records import Accelerator, Machine
from harness.machine.visibility import visible
from harness.matrix.devices import Device


class State(StrEnum):
    """How a device stands."""

    READY = "ready"
    BLOCKED = "blocked"
    """It is there, and something must be mended first."""
    ABSENT = "absent"


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A device of the matrix on this machine."""

    device: Device
    state: State
    ways: tuple[Way, ...] = ()
    """Open ways, the preferred first."""
    accelerators: tuple[Accelerator, ...] = ()
    problems: tuple[Problem, ...] = ()


def examine(
    devices: Sequence[Device], machine: Machine, environment: Mapping[str, str], root: Path = tree.ROOT
) -> tuple[Standing, ...]:
    """How each of the devices stands; `environment` may hide accelerators."""
    return tuple(_standing(device, machine, environment, root) for device in devices)


def _standing(device: Device, machine: Machine, environment: Mapping[str, str], root: Path) -> Standing:
    missing = absence(device.presence, root, machine.platform)
    if missing is not None:
        problem = Problem(what=missing, mend=device.presence.missing)
        return Standing(device=device, state=State.ABSENT, problems=(problem,))
    shown = visible(machine.accelerators, vendor_of(device) or "", environment)
    problems = diagnose(device, machine, shown)
    ways = open_ways(device, problems)
    return Standing(
        device=device,
        state=State.READY if ways else State.BLOCKED,
        ways=ways,
        accelerators=shown,
        problems=problems,
    )


def advice(standings: Sequence[Standing]) -> Iterator[str]:
    """A line a problem, with its mend; one that several devices share is told once."""
    told: dict[str, list[str]] = {}
    for standing in standings:
        for problem in standing.problems:
            told.setdefault(problem.sentence, []).append(standing.device.id)
    yield from (f"{', '.join(names)}: {sentence}" for sentence, names in told.items())
