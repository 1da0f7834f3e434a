"""`harness compat`: models under several releases of transformers, and what broke in which."""

import json
import sys
from contextlib import closing
from typing import Any

import click

from harness.cli.common import AS_JSON, results_of, root_of, select_options, selection_of
from harness.cli.values import RELEASES, finite, size
from harness.display import display
from harness.matrix.cells import Parameters
from harness.matrix.load import load
from harness.matrix.parameters import sweep
from harness.matrix.records import Suite
from harness.request import Request
from harness.results.compat import rows
from harness.results.compat_report import markdown, tables
from harness.results.report import console
from harness.results.store import RunStore, find
from harness.results.verdict import exit_code
from harness.run import conduct


@click.command()
@click.option(
    "--transformers",
    "releases",
    type=RELEASES,
    default="",
    metavar="A,B",
    help="Releases.  [default: those of the matrix]",
)
@click.option("--device", default="cpu", show_default=True, help="A device of the matrix, with an image.")
@select_options
@click.option("--check", multiple=True, metavar="A,B", help="Only these checks.")
@click.option("--seed", type=int, default=0, show_default=True)
@click.option("--memory", metavar="SIZE", callback=size, help="Memory a cell may use, such as 8g.")
@click.option("--timeout", type=float, callback=finite, help="Seconds a cell may take.")
@click.option("--run", "run_id", metavar="RUN", help="Print the table of a run that is there.")
@click.option("--markdown", "as_markdown", is_flag=True, help="Print Markdown.")
@AS_JSON
@click.pass_context
def compat(
    context: click.Context, /, *, run_id: str | None, as_markdown: bool, as_json: bool, **options: Any
) -> int:
    """Run the functional suite under several releases of transformers, and say what broke in which."""
    store = find(results_of(context), run_id) if run_id else _run(context, options)
    results, planned = store.read().results, [cell.id for cell in store.cells()]
    found = rows(sorted(results, key=lambda result: planned.index(result.report.cell)))
    title = f"Releases of transformers, run {store.run}"
    if as_json:
        document = {"run": store.run, "models": [row.to_json() for row in found]}
        click.echo(json.dumps(document, allow_nan=False))
    elif as_markdown:
        click.echo(markdown(found, title), nl=False)
    else:
        out = console(sys.stdout)
        for part in tables(found, title):
            out.print(part, soft_wrap=not hasattr(part, "columns"))
        click.echo(f"Results: {store.folder}")
    return exit_code(results, planned)


def _run(context: click.Context, options: dict[str, Any]) -> RunStore:
    """A run of every model under every release."""
    root = root_of(context)
    releases = options["releases"] or tuple(row.transformers for row in load(root).versions)
    request = Request(
        suite=Suite.FUNCTIONAL,
        device=options["device"],
        selection=selection_of(options),
        sweep=sweep(Parameters(seed=options["seed"]), {"transformers": releases}),
        memory_bytes=options["memory"],
        timeout_s=options["timeout"],
        command=tuple(sys.argv[1:]),
    )
    with closing(display()) as shown:
        return conduct(root, results_of(context), request, shown).store
