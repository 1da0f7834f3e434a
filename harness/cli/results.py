"""`harness results`: what came out."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import click

from harness.cli.common import AS_JSON, plain, results_of
from harness.cli.experts import experts
from harness.cli.scores import scores
from harness.matrix.ci import durations as ci
from harness.results.durations import durations
from harness.results.markdown import markdown
from harness.results.record import Result
from harness.results.report import console, show, to_json, to_svg
from harness.results.store import RunStore, find, runs
from harness.results.verdict import exit_code


@click.group()
def results() -> None:
    """What came out."""


results.add_command(scores)
results.add_command(experts)


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
@click.option("--markdown", "as_markdown", is_flag=True, help="Print Markdown: for a job's summary.")
@AS_JSON
@click.pass_context
def show_run(
    context: click.Context, run: str | None, svg: Path | None, *, as_markdown: bool, as_json: bool
) -> int:
    """Print the tables of a run, the newest if none is named; the exit code is the run's."""
    store = find(results_of(context), run)
    if as_markdown:
        planned = [cell.id for cell in store.cells()]
        click.echo(markdown(store.run, store.read().results, planned), nl=False)
    else:
        print_run(store, as_json=as_json, svg=svg)
    return exit_code(store.read().results, [cell.id for cell in store.cells()])


@results.command("durations")
@click.option(
    "--known",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Durations known before: they stand where no run has any.",
)
@AS_JSON
@click.pass_context
def show_durations(context: click.Context, known: Path | None, *, as_json: bool) -> None:
    """How long a cell of each model took, over all runs; `harness matrix github` balances its jobs by it."""
    rows = durations(_all_results(results_of(context)), ci.read(known) if known else ())
    if as_json:
        click.echo(ci.text(rows), nl=False)
        return
    for row in rows:
        click.echo(f"{row.model:<24}{row.device:<8}{row.suite:<12}{row.seconds:>9.2f} s  {row.cells} cells")


def _all_results(folder: Path) -> Iterator[Result]:
    """Every run's, with a bar on a terminal: each is judged by its schema, some 200 a second."""
    with click.progressbar(runs(folder), label="reading runs", file=sys.stderr) as shown:
        for run in shown:
            yield from run.store.read().results


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
