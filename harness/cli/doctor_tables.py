"""What `harness doctor` prints: the machine, its accelerators, the devices, and what is in their way."""

from collections.abc import Iterator, Sequence
from typing import Any

from rich.table import Table

from harness.cli.common import plain
from harness.machine.choice import GB, busy
from harness.machine.diagnosis import Way
from harness.machine.doctor import Standing, advice
from harness.machine.records import Accelerator, Machine
from harness.results.tables import plain_table
from harness.runners.hardening import harden

WORDS = {
    Way.CONTAINER: "in a container",
    Way.LOCKED: "on the host",
    Way.PYTHON: "with --python",
}
SHORT = 12
"""Letters of a UUID that are shown: they tell the accelerators of a machine apart."""


def parts(machine: Machine, standings: Sequence[Standing]) -> Iterator[Table | str]:
    """Tables, and a line for each thing that is in a device's way."""
    yield _facts(machine)
    yield ""
    accelerators = _accelerators(machine, standings)
    if accelerators.row_count:
        yield accelerators
        yield ""
    yield _devices(standings)
    yield from advice(standings)


def to_json(machine: Machine, standing: Standing) -> dict[str, Any]:
    """The standing as JSON; sets have no place there."""
    problems = [
        {"what": row.what, "mend": row.mend, "ways": sorted(row.ways), "fatal": row.fatal}
        for row in standing.problems
    ]
    accelerators = [
        plain(one) | {"container": _given(machine, standing, one)} for one in standing.accelerators
    ]
    return {
        "device": standing.device.id,
        "title": standing.device.title,
        "state": standing.state,
        "ways": standing.ways,
        "accelerators": accelerators,
        "problems": problems,
    }


def _facts(machine: Machine) -> Table:
    table = Table.grid(padding=(0, 2))
    for name, value in _rows(machine):
        table.add_row(name, value)
    return table


def _rows(machine: Machine) -> Iterator[tuple[str, str]]:
    yield "machine", f"{machine.platform}, {machine.kernel}"
    yield "CPUs", f"{machine.cpus} of {machine.cpu}"
    yield "memory", f"{_size(machine.memory_bytes)}, {_size(machine.available_bytes)} available"
    yield "disk", f"{_size(machine.free_disk_bytes)} free for results"
    engine = machine.engine
    if engine is None:
        yield "engine", machine.no_engine
    else:
        yield "engine", f"docker {engine.version}, {engine.storage_driver}, cgroup v{engine.cgroup}"
        yield "", f"images in {engine.folder}, {_size(engine.free_bytes)} free"
        yield (
            "",
            f"runtimes {', '.join(engine.runtimes)}; CDI {', '.join(engine.cdi_devices) or 'lists nothing'}",
        )
    yield "hub token", "there" if machine.hub_token else "none"
    for row in machine.reached:
        yield row.what, f"{row.address} {'answers' if row.answered else f'does not answer: {row.reason}'}"


def _accelerators(machine: Machine, standings: Sequence[Standing]) -> Table:
    """By the names that `--device` takes."""
    table = plain_table(
        "accelerator", "what", "UUID", "PCI", "driver", "memory", "used", "in a container", gap=2
    )
    for standing in standings:
        for place, one in enumerate(standing.accelerators):
            given = _given(machine, standing, one)
            table.add_row(
                f"{standing.device.id}:{place}",
                one.name,
                (one.uuid or "")[:SHORT],
                one.pci or "",
                one.driver or "?",
                _size(one.memory_bytes),
                _size(one.used_bytes) + (" (busy)" if busy(one) else ""),
                " ".join("runtime" if name == one.uuid else name for name in given),
            )
    return table


def _given(machine: Machine, standing: Standing, one: Accelerator) -> tuple[str, ...]:
    """What a container is given so that it reaches the accelerator: nodes, or names that the engine knows."""
    device = standing.device
    if "docker" not in device.runners:
        return ()
    cdi = machine.engine.cdi_devices if machine.engine else ()
    hardening = harden(device.container, (one,), cdi)
    return (*hardening.devices, *hardening.gpus)


def _devices(standings: Sequence[Standing]) -> Table:
    table = plain_table("device", "what", "state", "how", gap=2)
    for standing in standings:
        ways = ", ".join(WORDS[way] for way in standing.ways)
        table.add_row(standing.device.id, standing.device.title, standing.state, ways)
    return table


def _size(size: int | None) -> str:
    return "?" if size is None else f"{size / GB:.1f} GB"
