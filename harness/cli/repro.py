"""`harness repro`: one check of one cell as a file that needs torch and transformers alone."""

from pathlib import Path

import click

from harness.cli.common import PYTHON, device_of, results_of, root_of, tell
from harness.errors import SelectionError
from harness.images.library import python_of, reproduce
from harness.matrix.cells import Cell, Parameters
from harness.matrix.load import load
from harness.matrix.names import resolve
from harness.matrix.plan import plan
from harness.matrix.records import Matrix, Suite
from harness.results.record import Outcome, Result
from harness.results.store import runs

FALLBACK = "forward"
"""The check that is written where none is named and none went wrong."""


@click.command()
@click.argument("cell")
@click.option("--check", help="[default: the first that did not pass in the newest run, else forward]")
@click.option("--out", type=click.Path(path_type=Path), help="[default: CELL-CHECK.py here]")
@PYTHON
@click.pass_context
def repro(
    context: click.Context, /, cell: str, check: str | None, out: Path | None, python: Path | None
) -> None:
    """Write a self-contained script that shows a check of a functional cell, to paste into a bug report."""
    root = root_of(context)
    chosen = _cell(load(root), cell)
    if chosen.model.remote_code:
        raise SelectionError(
            f"{chosen.model.id} is code that a checkpoint brings, and a script would run it outside a "
            "container: there is no reproduction of it"
        )
    name = resolve("check", check or _went_wrong(results_of(context), chosen), {c: c for c in chosen.checks})
    target = out or Path(f"{chosen.id}-{name}.py")
    reproduce(python_of(python, device_of(context, "cpu"), root, tell), chosen, name, target)
    click.echo(f"{target} shows {name} of {chosen.id}: run it with a Python that has torch and transformers")


def _cell(matrix: Matrix, wanted: str) -> Cell:
    """The functional cell of that id, or the principal one of the model of that name.

    SelectionError where neither is.
    """
    cells = {
        cell.id: cell
        for device in matrix.devices
        if f"-{device.id}-" in wanted
        for cell in plan(matrix, matrix.models, device, Suite.FUNCTIONAL, [Parameters()])
    }
    if not cells:
        raise SelectionError(
            f"there is no functional cell {wanted!r}: `harness matrix list --cells` shows them, as does a "
            "run's table"
        )
    return resolve("cell", wanted, cells)


def _went_wrong(results: Path, cell: Cell) -> str:
    """The first check that did not pass in the newest run of the cell."""
    for entry in runs(results):
        for result in entry.store.read().results:
            if result.report.cell == cell.id:
                return _first(result)
    return FALLBACK


def _first(result: Result) -> str:
    wrong = (c.name for c in result.report.checks if c.outcome not in (Outcome.PASSED, Outcome.UNSUPPORTED))
    return next(wrong, FALLBACK)
