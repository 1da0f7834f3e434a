"""`harness doctor`: what this machine has, what is missing for each device, and how to mend it."""

import json
import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import click
from rich.table import Table

from harness.cli.common import AS_JSON, plain, results_of, root_of
from harness.errors import EngineError
from harness.images import hostenv
from harness.machine.choice import GB, busy
from harness.machine.detect import detect
from harness.machine.diagnosis import Way
from harness.machine.doctor import Standing, State, advice, examine
from harness.machine.reach import addresses, reach
from harness.machine.records import Accelerator, Engine, Machine
from harness.matrix.load import load
from harness.matrix.names import resolve
from harness.matrix.records import Device
from harness.results.report import console
from harness.results.tables import plain_table
from harness.runners.engine import ANSWER_S, connect, describe
from harness.runners.hardening import harden

WORDS = {
    Way.CONTAINER: "in a container",
    Way.LOCKED: "on the host",
    Way.PYTHON: "with --python",
}
DEFAULT = "cpu"


@click.command()
@click.option("--device", default=DEFAULT, show_default=True, help="The device that the exit code is about.")
@click.option("--offline", is_flag=True, help="Ask no address on the network.")
@AS_JSON
@click.pass_context
def doctor(context: click.Context, device: str, *, offline: bool, as_json: bool) -> int:
    """What this machine has, what is missing for each device, and the command that mends it."""
    devices = load(root_of(context)).devices
    asked = resolve("device", device, {row.id: row for row in devices})
    machine = _machine(devices, results_of(context))
    if not offline:
        machine = replace(machine, reached=reach(_addresses(machine, devices)))
    standings = examine(devices, machine, os.environ)
    (about,) = (standing for standing in standings if standing.device == asked)
    if as_json:
        document = {"machine": plain(machine), "devices": [_document(machine, row) for row in standings]}
        click.echo(json.dumps(document))
    else:
        _print(machine, standings)
    return 0 if about.state is State.READY else 1


def _machine(devices: Sequence[Device], results: Path) -> Machine:
    engine: Engine | None = None
    reason = ""
    try:
        client = connect()
        try:
            engine = describe(client, ANSWER_S)
        finally:
            client.close()
    except EngineError as error:
        reason = str(error)
    return detect(devices, results, engine=engine, no_engine=reason, locks=hostenv.possible())


def _addresses(machine: Machine, devices: Sequence[Device]) -> dict[str, str]:
    registry = machine.engine.registry if machine.engine else None
    return addresses(os.environ, registry, {row.id: row.torch_index for row in devices if row.torch_index})


def _document(machine: Machine, standing: Standing) -> dict[str, object]:
    """The standing as JSON; sets have no place there."""
    problems = [
        {"what": row.what, "mend": row.mend, "ways": sorted(row.ways), "fatal": row.fatal}
        for row in standing.problems
    ]
    accelerators = [
        plain(one) | {"container": _given(machine, standing.device, one)} for one in standing.accelerators
    ]
    return {
        "device": standing.device.id,
        "title": standing.device.title,
        "state": standing.state,
        "ways": standing.ways,
        "accelerators": accelerators,
        "problems": problems,
    }


def _print(machine: Machine, standings: Sequence[Standing]) -> None:
    out = console(sys.stdout)
    out.print(_facts(machine))
    out.print()
    table = _accelerators(machine, standings)
    if table.row_count:
        out.print(table)
        out.print()
    out.print(_devices(standings))
    for line in advice(standings):
        out.print(line, soft_wrap=True)


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
    table = plain_table("accelerator", "what", "driver", "memory", "used", "a container gets", gap=2)
    for standing in standings:
        for place, one in enumerate(standing.accelerators):
            table.add_row(
                f"{standing.device.id}:{place}",
                "\n".join(filter(None, (one.name, one.uuid, one.pci))),
                one.driver or "?",
                _size(one.memory_bytes),
                _size(one.used_bytes) + (" (busy)" if busy(one) else ""),
                "\n".join(_given(machine, standing.device, one)),
            )
    return table


def _given(machine: Machine, device: Device, one: Accelerator) -> tuple[str, ...]:
    """What a container is given so that it reaches this accelerator."""
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
