"""`harness doctor`: what this machine has, what is missing for each device, and how to mend it."""

import json
import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import click

from harness.cli.common import AS_JSON, plain, results_of, root_of
from harness.cli.doctor_tables import parts, to_json
from harness.errors import EngineError
from harness.images import hostenv
from harness.machine.choice import Typed
from harness.machine.detect import detect
from harness.machine.doctor import State, examine
from harness.machine.reach import addresses, reach
from harness.machine.records import Engine, Machine
from harness.matrix.devices import Device
from harness.matrix.load import load
from harness.matrix.names import resolve
from harness.results.report import console
from harness.runners.engine import ANSWER_S, connect, describe

DEFAULT = "cpu"


@click.command()
@click.option("--device", default=DEFAULT, show_default=True, help="The device that the exit code is about.")
@click.option("--offline", is_flag=True, help="Ask no address on the network.")
@AS_JSON
@click.pass_context
def doctor(context: click.Context, device: str, *, offline: bool, as_json: bool) -> int:
    """What this machine has, what is missing for each device, and the command that mends it."""
    devices = load(root_of(context)).devices
    asked = resolve("device", Typed.of(device).device, {row.id: row for row in devices})
    machine = _machine(devices, results_of(context))
    if not offline:
        machine = replace(machine, reached=reach(_addresses(machine, devices)))
    standings = examine(devices, machine, os.environ)
    (about,) = (standing for standing in standings if standing.device == asked)
    if as_json:
        document = {"machine": plain(machine), "devices": [to_json(machine, row) for row in standings]}
        click.echo(json.dumps(document))
    else:
        out = console(sys.stdout)
        for part in parts(machine, standings):
            out.print(part, soft_wrap=isinstance(part, str))
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
    return detect(
        devices, results, engine=engine, no_engine=reason, locks=any(map(hostenv.possible, devices))
    )


def _addresses(machine: Machine, devices: Sequence[Device]) -> dict[str, str]:
    registry = machine.engine.registry if machine.engine else None
    return addresses(os.environ, registry, {row.id: row.torch_index for row in devices if row.torch_index})
