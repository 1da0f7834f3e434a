"""`harness data fetch`: the rows that tasks read, from the hub."""

import json
from pathlib import Path
from typing import Any

import click

from harness.cli.common import AS_JSON, device_of, root_of, tell
from harness.cli.values import WORDS
from harness.data.check import check
from harness.data.fetch import Plan, fetch, plan
from harness.data.report import checked, told
from harness.data.root import data_root, fetched_root
from harness.errors import DataError, SelectionError
from harness.images.access import FLAG, is_offline
from harness.images.library import python_of
from harness.interruption import terminable
from harness.matrix.datasets import Dataset
from harness.matrix.load import load
from harness.matrix.names import varied
from harness.matrix.records import Matrix
from harness.matrix.select import find_category, find_dataset

MB, GB = 1e6, 1e9


@click.command("fetch")
@click.argument("names", nargs=-1, metavar="[DATASET]…")
@click.option(
    "--category", type=WORDS, default="", metavar="A,B", help="The primary datasets of these categories."
)
@click.option("--include-optional", is_flag=True, help="The optional datasets of the categories too.")
@click.option(
    "--data",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Where they are put.  [default: .harness/data]",
)
@click.option("--dry-run", is_flag=True, help="Ask the hub what there is, and fetch nothing.")
@click.option(
    "--python",
    type=click.Path(path_type=Path),
    help="A Python with huggingface_hub, and pyarrow to count rows.  "
    "[default: the locked environment for evaluating]",
)
@AS_JSON
@click.pass_context
def fetch_datasets(
    context: click.Context, /, names: tuple[str, ...], *, as_json: bool, **options: Any
) -> int:
    """Fetch datasets from the hub: those named, or those of a category.

    What was fetched before is not fetched again, and what was interrupted goes on where it stopped. What is
    here then is checked as by `harness data check`.
    """
    root = root_of(context)
    require_hub()
    wanted = _wanted(load(root), names, options)
    cpu = device_of(context, "cpu")
    python = python_of(options["python"], varied(cpu, cpu.evaluation), root, tell)
    found = plan(wanted, options["data"] or fetched_root(root), python)
    refused = [f"{name}: {repo.status}, {repo.to_do()}" for name, repo in found.refused.items()]
    given = [row for row in wanted if row.id not in found.refused]
    document: dict[str, Any] = {"data": str(found.folder), "datasets": _documents(found)}
    if options["dry_run"] or not given:
        said, whole = [f"{row.id}: {megabytes(found.left(row.id))} to fetch" for row in given], True
    else:
        tell(f"{megabytes(found.left())} to fetch into {found.folder}")
        with terminable():
            fetch(found, python, tell)
        here = [check(row, data_root(str(found.folder), root)) for row in given]
        document["checked"] = [checked(row) for row in here]
        said, whole = list(told(here)), all(row.whole for row in here)
    click.echo(json.dumps(document) if as_json else "\n".join(said + refused))
    return int(bool(refused) or not whole)


def megabytes(count: int) -> str:
    """Bytes as people read them."""
    return f"{count / MB:,.1f} MB" if count < GB else f"{count / GB:,.1f} GB"


def require_hub() -> None:
    """DataError where the hub must not be asked."""
    if is_offline():
        raise DataError(
            f"{FLAG} is set, so nothing is fetched: fetch without it, where the hub can be reached"
        )


def _wanted(matrix: Matrix, names: tuple[str, ...], options: dict[str, Any]) -> list[Dataset]:
    """Each dataset once; of a category those that have a task. SelectionError for one named that has none."""
    found = dict.fromkeys(find_dataset(matrix, name) for name in names)
    for row in found:
        if row.no_task:
            raise SelectionError(f"{row.id} cannot be fetched: {row.no_task}")
    for name in options["category"]:
        category = find_category(matrix, name)
        listed = (*category.primary, *(category.optional if options["include_optional"] else ()))
        for row in dict.fromkeys(find_dataset(matrix, name) for name in listed):
            if row.no_task:
                tell(f"{row.id} is left out: {row.no_task}")
            else:
                found[row] = None
    if not found:
        raise SelectionError(
            "no dataset is named that has a task: name some, or a category; `harness data list` has them"
        )
    return list(found)


def _documents(found: Plan) -> dict[str, Any]:
    return {
        name: {
            "status": repo.status,
            "repo": repo.id,
            "commit": repo.commit,
            "to_do": repo.to_do(),
            "bytes": found.left(name),
        }
        for name, repo in found.repos.items()
    }
