"""`harness results`: what came out."""

import json
import sys
from pathlib import Path

import click

from harness.cli.common import AS_JSON, plain, results_of
from harness.results.report import console, show, to_json, to_svg
from harness.results.store import RunStore, find, runs
from harness.results.verdict import exit_code


@click.group()
def results() -> None:
    """What came out."""


@results.command("list")
@AS_JSON
@click.pass_context
def list_runs(context: click.Context, *, as_json: bool) -> None:
    """List the runs, the newest first."""
    found = runs(results_of(context))
    if as_json:
        rows = [
            {"run": run.store.run, "manifest": plain(run.manifest) if run.manifest else None} for run in found
        ]
        click.echo(json.dumps(rows))
        return
    if not found:
        click.echo("no runs yet: start one with `nox -s test-cpu`")
    for run in found:
        ended = run.manifest
        state = f"{ended.results}/{ended.cells} results" if ended else run.warning or "incomplete"
        outcomes = ", ".join(f"{count} {name}" for name, count in ended.outcomes.items()) if ended else ""
        click.echo(f"{run.store.run}  {state}  {outcomes}".rstrip())


@results.command("show")
@click.argument("run", required=False)
@click.option("--svg", type=click.Path(path_type=Path), help="Draw the tables into this file as well.")
@AS_JSON
@click.pass_context
def show_run(context: click.Context, run: str | None, svg: Path | None, *, as_json: bool) -> int:
    """Print the tables of a run, the newest if none is named; the exit code is the run's."""
    store = find(results_of(context), run)
    print_run(store, as_json=as_json, svg=svg)
    return exit_code(store.read().results, [cell.id for cell in store.cells()])


def print_run(store: RunStore, *, as_json: bool, svg: Path | None = None) -> None:
    """Print what a run left, as tables or as one JSON document."""
    contents, planned = store.read(), [cell.id for cell in store.cells()]
    if svg is not None:
        to_svg(svg, contents.results, store.folder, planned)
    if as_json:
        document = to_json(store.run, contents.results, store.folder, planned, contents.warnings)
        click.echo(json.dumps(document, allow_nan=False))
    else:
        show(console(sys.stdout), contents.results, store.folder, planned, contents.warnings)
