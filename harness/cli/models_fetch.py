"""`harness models fetch`: weights, from the hub into its own cache."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import click

from harness.cli.common import AS_JSON, PYTHON, device_of, root_of, tell
from harness.cli.data_fetch import megabytes, require_hub
from harness.cli.values import WORDS
from harness.data.hub import GIVEN
from harness.data.weights import Weights, fetch, plan
from harness.errors import SelectionError
from harness.images.cached import cache
from harness.images.library import python_of
from harness.interruption import terminable
from harness.matrix.load import load
from harness.matrix.names import find_entry
from harness.matrix.records import Matrix
from harness.matrix.select import find_category
from harness.results.registry_report import hub_id


@click.command("fetch")
@click.argument("names", nargs=-1, metavar="[MODEL]…")
@click.option("--category", type=WORDS, default="", metavar="A,B", help="The models of these categories.")
@click.option("--dry-run", is_flag=True, help="Ask the hub what there is, and fetch nothing.")
@PYTHON
@AS_JSON
@click.pass_context
def fetch_weights(
    context: click.Context,
    /,
    names: tuple[str, ...],
    *,
    category: tuple[str, ...],
    dry_run: bool,
    python: Path | None,
    as_json: bool,
) -> int:
    """Fetch the weights of models into the hub's cache, where transformers finds them.

    What is there is not fetched again, and what was interrupted goes on where it stopped.
    """
    root = root_of(context)
    require_hub()
    wanted = _wanted(load(root), names, category)
    there = python_of(python, device_of(context, "cpu"), root, tell)
    found = plan(wanted, cache(), there)
    document = {"cache": str(cache()), "models": {row.model: _document(row) for row in found}}
    fetched = any(row.orders for row in found) and not dry_run
    lines = list(_told(found, "fetched" if fetched else "to fetch"))
    if fetched:
        tell(f"{megabytes(sum(row.left() for row in found))} to fetch into {cache()}")
        with terminable():
            fetch(found, cache(), there, tell)
    click.echo(json.dumps(document) if as_json else "\n".join(lines))
    return int(any(row.repo.status not in GIVEN for row in found))


def _wanted(matrix: Matrix, names: tuple[str, ...], categories: tuple[str, ...]) -> dict[str, str]:
    """Id in the registry → owner/name. SelectionError for a model named that has no weights."""
    entries = dict.fromkeys(find_entry(matrix, name) for name in names)
    for row in entries:
        if row.unsupported:
            raise SelectionError(f"{row.id} cannot be fetched: {row.unsupported}")
    for name in categories:
        entries |= dict.fromkeys(matrix.registry.members(find_category(matrix, name)))
    found = {row.id: named for row in entries if (named := hub_id(matrix, row))}
    if not found:
        raise SelectionError("no model is named: name some, or a category; `harness models list` has them")
    return found


def _told(found: Sequence[Weights], what: str) -> Iterator[str]:
    """A line a model, and what it comes to."""
    for row in found:
        come = f"{megabytes(row.left())} of {megabytes(row.size)} {what}, {row.repo.id}"
        yield f"{row.model:<32}{row.repo.status:<18}{come if row.orders else row.repo.to_do()}"
    yield f"{megabytes(sum(row.left() for row in found))} {what}, {cache()}"


def _document(row: Weights) -> dict[str, Any]:
    return {
        "hub_id": row.repo.id,
        "status": row.repo.status,
        "commit": row.repo.commit,
        "files": [order.file.path for order in row.orders],
        "size": row.size,
        "bytes": row.left(),
    }
