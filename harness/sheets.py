"""Sheets of models: kept ones at once, the others counted by a run."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from harness.images.versions import transformers_of
from harness.matrix.cells import Cell
from harness.matrix.load import load
from harness.matrix.names import resolve
from harness.matrix.plan import plan
from harness.matrix.records import Suite
from harness.matrix.select import Selection, select
from harness.request import Request
from harness.results.kept import sheets
from harness.results.record import Result
from harness.run import Display, conduct


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """What is known of the models asked for, in the matrix's order."""

    results: tuple[Result, ...]
    kept: frozenset[str]
    """Ids of the cells that were answered from an earlier run."""
    folder: Path | None
    """Of the run that counted the others."""


def count(root: Path, results: Path, request: Request, display: Display, *, again: bool = False) -> Counted:
    """Answer from what is kept where nothing that counts has changed; run a fit cell for each other model.

    `again` takes nothing from what is kept. HarnessError for what the user can mend.
    """
    matrix = load(root)
    device = resolve("device", request.device, {row.id: row for row in matrix.devices})
    cells = plan(matrix, select(matrix, request.selection), device, Suite.FIT, request.sweep)
    have = {} if again else sheets(results, cells, transformers_of(device, root, request.wish.python))
    missing = [cell for cell in cells if cell.model.id not in have]
    made, folder = _made(root, results, request, missing, display)
    found = {result.cell["model"]["id"]: result for result in made} | have
    return Counted(
        results=tuple(found[cell.model.id] for cell in cells if cell.model.id in found),
        kept=frozenset(result.report.cell for result in have.values()),
        folder=folder,
    )


def _made(
    root: Path, results: Path, request: Request, missing: Sequence[Cell], display: Display
) -> tuple[tuple[Result, ...], Path | None]:
    if not missing:
        return (), None
    named = Selection(models=tuple(cell.model.id for cell in missing))
    done = conduct(root, results, replace(request, selection=named), display)
    return done.store.read().results, done.store.folder
