"""`harness matrix`: what is tested."""

import json
from typing import Any

import click

from harness.cli.common import AS_JSON, SUITES, plain, root_of, select_options
from harness.errors import MatrixError
from harness.matrix.github import github_jobs
from harness.matrix.load import load, problems
from harness.matrix.names import model_names, resolve
from harness.matrix.records import Suite
from harness.matrix.select import Selection, select


@click.group()
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
@AS_JSON
@click.pass_context
def list_models(
    context: click.Context, *, model: tuple[str, ...], arch: tuple[str, ...], as_json: bool
) -> None:
    """List the models, with their architecture and checkpoint."""
    rows = select(load(root_of(context)), Selection.of(model, arch))
    if as_json:
        click.echo(json.dumps([plain(row) for row in rows]))
        return
    for row in rows:
        checkpoint = row.checkpoint.hub_id if row.checkpoint else ""
        click.echo(f"{row.id:<18}{row.architecture:<18}{row.model_type:<14}{checkpoint}".rstrip())


@matrix.command("show")
@click.argument("name")
@click.pass_context
def show_row(context: click.Context, name: str) -> None:
    """Show the row of a model or device as JSON."""
    loaded = load(root_of(context))
    rows: dict[str, Any] = {device.id: device for device in loaded.devices} | model_names(loaded.models)
    click.echo(json.dumps(plain(resolve("model or device", name, rows)), indent=2))


@matrix.command("github")
@click.option("--device", multiple=True, metavar="A,B", help="Only these devices.")
@click.option("--suite", multiple=True, type=click.Choice(SUITES), help="Only these suites.")
@select_options
@click.pass_context
def print_jobs(
    context: click.Context,
    *,
    device: tuple[str, ...],
    suite: tuple[str, ...],
    model: tuple[str, ...],
    arch: tuple[str, ...],
) -> None:
    """Print the jobs of GitHub Actions' `strategy.matrix`, never more than 256."""
    loaded = load(root_of(context))
    every = {row.id: row for row in loaded.devices}
    names = Selection.of(device).models
    devices = [resolve("device", name, every) for name in names] or list(every.values())
    suites = [Suite(name) for name in suite or SUITES]
    click.echo(json.dumps(github_jobs(select(loaded, Selection.of(model, arch)), devices, suites)))
