"""`harness data`: datasets; which there are, which are here, whether they are whole."""

import json
from typing import Any

import click

from harness.cli.common import AS_JSON, root_of
from harness.cli.lazy import LazyGroup
from harness.data.check import check
from harness.data.report import checked, full, lines, told
from harness.data.root import DataRoot, data_root
from harness.data.state import State, holding
from harness.errors import DataError
from harness.matrix.datasets import Dataset
from harness.matrix.load import load
from harness.matrix.select import find_dataset

DATA = click.option(
    "--data",
    metavar="DIR|sample",
    help="A folder laid out like the hub's repositories.  [default: .harness/data, what was fetched]",
)


@click.group(cls=LazyGroup, lazy={"fetch": ("harness.cli.data_fetch", "fetch_datasets")})
def data() -> None:
    """The datasets that models are asked."""


@data.command("list")
@DATA
@AS_JSON
@click.pass_context
def list_datasets(context: click.Context, /, *, data: str | None, as_json: bool) -> None:
    """List the datasets: their tasks, their names, what is here of them."""
    root = root_of(context)
    where = data_root(data, root)
    held = [holding(row, where) for row in load(root).registry.datasets]
    if as_json:
        document = {"data": str(where.path), "name": where.name, "datasets": [full(row) for row in held]}
        click.echo(json.dumps(document))
        return
    click.echo("\n".join(lines(where, held)))


@data.command("check")
@click.argument("names", nargs=-1, metavar="[DATASET]…")
@DATA
@AS_JSON
@click.pass_context
def check_datasets(
    context: click.Context, /, names: tuple[str, ...], *, data: str | None, as_json: bool
) -> int:
    """Check whether what is here is whole: of the datasets named, or of all that are here."""
    root = root_of(context)
    matrix = load(root)
    where = data_root(data, root)
    named = dict.fromkeys(find_dataset(matrix, name) for name in names)
    wanted = list(named) or [row for row in matrix.registry.datasets if _here(row, where)]
    if not wanted:
        raise DataError(
            f"{where.path} has no dataset: `harness data fetch` fetches some, or name a folder with --data"
        )
    found = [check(row, where) for row in wanted]
    document: dict[str, Any] = {"data": str(where.path), "name": where.name}
    document["datasets"] = [checked(row) for row in found]
    click.echo(json.dumps(document) if as_json else "\n".join(told(found)))
    return int(not all(row.whole for row in found))


def _here(dataset: Dataset, where: DataRoot) -> bool:
    """Whether any question of the dataset's is here."""
    return holding(dataset, where).state in (State.PRESENT, State.PARTIAL)
