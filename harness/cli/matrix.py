"""`harness matrix`: what is tested."""

import json
from importlib import import_module
from typing import Any

import click

from harness.cli.common import AS_JSON, plain, root_of, select_options, selection_of
from harness.errors import MatrixError
from harness.matrix.cells import Parameters
from harness.matrix.load import load, problems
from harness.matrix.names import find_model, normalise
from harness.matrix.plan import plan
from harness.matrix.records import Suite
from harness.matrix.select import Selection, select

LATER = {
    "sync": "harness.cli.matrix_sync:sync_models",
    "add": "harness.cli.matrix_add:add_model",
    "github": "harness.cli.matrix_ci:github",
    "gitlab": "harness.cli.matrix_ci:gitlab",
    "buildkite": "harness.cli.matrix_ci:buildkite",
    "touched": "harness.cli.matrix_ci:touched_by",
}
"""Verbs that are elsewhere, and import what they take only when they are typed."""


class Matrix(click.Group):
    """A group of which some verbs are imported when they are typed."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Those that are here, then those that are elsewhere."""
        return [*super().list_commands(ctx), *LATER]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command, imported if it is elsewhere."""
        if cmd_name not in LATER:
            return super().get_command(ctx, cmd_name)
        module, _, name = LATER[cmd_name].partition(":")
        command: click.Command = getattr(import_module(module), name)
        return command


@click.group(cls=Matrix)
def matrix() -> None:
    """What is tested."""


@matrix.command("check")
@AS_JSON
@click.pass_context
def check_matrix(context: click.Context, *, as_json: bool) -> int:
    """Check matrix.json against its schema and for references to what is not there."""
    found = problems(root_of(context))
    if as_json:
        click.echo(json.dumps({"problems": found}))
    elif found:
        raise MatrixError(found)
    else:
        click.echo("matrix.json is sound")
    return MatrixError.exit_code if found else 0


@matrix.command("list")
@select_options
@click.option("--cells", is_flag=True, help="Their functional cells on cpu, by id, instead.")
@AS_JSON
@click.pass_context
def list_models(context: click.Context, /, *, cells: bool, as_json: bool, **options: Any) -> None:
    """List the models, with their architecture and checkpoint; all of them if none is named."""
    loaded, selection = load(root_of(context)), selection_of(options)
    rows = loaded.models if selection == Selection() else select(loaded, selection)
    if cells:
        planned = plan(loaded, rows, loaded.device("cpu"), Suite.FUNCTIONAL, [Parameters()])
        ids = [cell.id for cell in planned]
        click.echo(json.dumps(ids) if as_json else "\n".join(ids))
        return
    if as_json:
        click.echo(json.dumps([plain(row) for row in rows]))
        return
    for row in rows:
        checkpoint = (row.checkpoint.hub_id or "a checkpoint") if row.checkpoint else ""
        click.echo(f"{row.id:<18}{row.architecture:<18}{row.model_type:<14}{checkpoint}".rstrip())


@matrix.command("show")
@click.argument("name")
@click.pass_context
def show_row(context: click.Context, name: str) -> None:
    """Show the row of a model or device as JSON."""
    loaded = load(root_of(context))
    devices = {normalise(device.id): device for device in loaded.devices}
    row = devices.get(normalise(name)) or find_model(loaded, name)
    click.echo(json.dumps(plain(row), indent=2))
