"""`harness coverage`: how much of the library was tried, and with what outcome."""

import json
import sys
from collections.abc import Mapping
from itertools import islice
from pathlib import Path
from typing import Any

import click

from harness.cli.common import AS_JSON, PYTHON, device_of, results_of, root_of, tell
from harness.errors import ResultsError
from harness.images.library import ask, python_of
from harness.matrix.load import load
from harness.matrix.records import Suite
from harness.results.coverage import changes, pairs, to_json
from harness.results.coverage_report import markdown, tables
from harness.results.report import console
from harness.results.store import RunStore, find, runs


@click.command()
@click.option(
    "--run",
    "run_ids",
    metavar="RUN",
    multiple=True,
    help="Several are taken for shards of one.  [default: the newest of the functional suite]",
)
@click.option("--device", default="cpu", show_default=True, help="The device that the run was on.")
@click.option("--markdown", "as_markdown", is_flag=True, help="Print Markdown.")
@PYTHON
@AS_JSON
@click.pass_context
def coverage(
    context: click.Context,
    /,
    *,
    run_ids: tuple[str, ...],
    device: str,
    as_markdown: bool,
    as_json: bool,
    python: Path | None,
) -> None:
    """Compare the matrix and a run's results with the library: what exists, ran, passed, failed."""
    root, results = root_of(context), results_of(context)
    matrix = load(root)
    chosen = device_of(context, device).id
    together, before = runs_of(results, run_ids, chosen)
    now = together[-1]
    catalogue = ask(python_of(python, matrix.device("cpu"), root, tell), "catalogue")
    found = pairs(catalogue, matrix, [result for store in together for result in _of(store, chosen)])
    changed = changes(found, pairs(catalogue, matrix, _of(before, chosen))) if before else ()
    named = ", ".join(store.run for store in together)
    title = f"transformers {catalogue['transformers']} on {chosen}, run {named}"
    if as_json:
        click.echo(json.dumps({"run": now.run, "device": chosen, **to_json(catalogue, found, changed)}))
    elif as_markdown:
        click.echo(markdown(found, changed, title), nl=False)
    else:
        out = console(sys.stdout)
        for part in tables(found, changed, title):
            out.print(part, soft_wrap=not hasattr(part, "columns"))


def runs_of(
    results: Path, run_ids: tuple[str, ...], device: str
) -> tuple[tuple[RunStore, ...], RunStore | None]:
    """The runs that are taken for one, and what it is compared with: shards with nothing."""
    if len(run_ids) > 1:
        return tuple(find(results, run) for run in run_ids), None
    now, before = _two_runs(results, run_ids[0] if run_ids else None, device)
    return (now,), before


def _two_runs(results: Path, run_id: str | None, device: str) -> tuple[RunStore, RunStore | None]:
    """The run asked for, or the newest of the functional suite on the device, and the one before it."""
    if run_id is not None:
        find(results, run_id)  # ResultsError, with the nearest, where there is none
    older = (entry.store for entry in runs(results) if run_id is None or entry.store.run <= run_id)
    after = list(
        islice((store for store in older if _tests(store, device)), 2)
    )  # reads no more than it needs
    if not after or (run_id is not None and after[0].run != run_id):
        raise ResultsError(
            f"no run of the functional suite on {device}: start one with `nox -s test-{device} -- --all`"
        )
    return after[0], after[1] if len(after) > 1 else None


def _tests(store: RunStore, device: str) -> bool:
    return any(_counts(cell.to_json(), device) for cell in store.cells())


def _of(store: RunStore, device: str) -> list[Any]:
    """The run's results of the functional suite on the device, checkpoints among them."""
    return [result for result in store.read().results if _counts(result.cell, device)]


def _counts(cell: Mapping[str, Any], device: str) -> bool:
    """Whether the cell asks if a model is right, by itself: one that several processes share says no more."""
    alone = cell["parameters"].get("tensor_parallel", 1) == 1
    return bool(cell["suite"] == Suite.FUNCTIONAL and cell["device"] == device and alone)
