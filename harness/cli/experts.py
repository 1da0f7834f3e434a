"""`harness results experts`: how evenly mixtures of experts used their experts."""

import json
import sys
from pathlib import Path

import click
from rich.table import Table

from harness.cli.common import AS_JSON, results_of
from harness.errors import ResultsError
from harness.matrix.records import Suite
from harness.results.expert_plot import draw
from harness.results.expert_use import Use, uses
from harness.results.report import console
from harness.results.store import find, of_suite
from harness.results.tables import plain_table


@click.command()
@click.argument("run", required=False)
@click.option(
    "--plot",
    type=click.Path(path_type=Path),
    metavar="FILE.svg",
    help="Draw the load of each expert, layer by layer.",
)
@AS_JSON
@click.pass_context
def experts(context: click.Context, run: str | None, plot: Path | None, *, as_json: bool) -> None:
    """Show how evenly experts were used, by layer: in the newest evaluation, if no run is named."""
    folder = results_of(context)
    store = find(folder, run) if run else next(iter(of_suite(folder, Suite.EVALUATION)), None)
    found = list(uses(store.read().results)) if store else []
    if not found:
        where = store.run if store else folder
        raise ResultsError(
            f"no mixture of experts was evaluated in {where}: start with "
            "`nox -s eval -- --category mixture_of_experts`"
        )
    if plot:
        draw(plot, found)
    if as_json:
        click.echo(json.dumps([use.to_json() for use in found], allow_nan=False))
        return
    out = console(sys.stdout)
    for use in found:
        data = "" if use.data == "hub" else f" ({use.data})"
        out.print(f"\n{use.model} on {use.dataset}{data}", highlight=False)
        out.print(_table(use) if use.layers else use.reason, highlight=False)


def _table(use: Use) -> Table:
    """A row a layer."""
    table = plain_table("layer", "experts", "used", "entropy", "most / mean")
    for column in table.columns:
        column.justify = "right"
    for row in use.layers:
        table.add_row(
            row.name if row.layer is None else str(row.layer),
            str(len(row.counts)),
            f"{row.experts_used:.0%}",
            f"{row.entropy:.3f}",
            f"{row.imbalance:.2f}",
        )
    return table
