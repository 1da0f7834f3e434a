"""`harness coverage` on a results folder with two runs, with the library that is installed here."""

import json
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result as Typed

from harness.cli.coverage import runs_of
from harness.matrix.cells import Cell, Parameters
from harness.matrix.load import load
from harness.matrix.plan import plan
from harness.matrix.records import Suite
from harness.results.record import Check, Isolation, Outcome, Provenance, Report, Result
from harness.results.store import RunStore

HERE = ("--python", sys.executable)
ISOLATION = Isolation(
    runner="host",
    network="host",
    user="1000:1000",
    read_only=False,
    memory_bytes=None,
    cpus=None,
    pids=None,
    loosened=(),
)
PROVENANCE = Provenance(
    image="host", image_id="", lock_hash="", base="", engine="", revision="a", host="b", kernel="c", cpu="d"
)
OLDER, NEWER = "20261120T000000Z-functional-cpu-1", "20261121T000000Z-functional-cpu-2"
SHARED = "20261122T000000Z-functional-cpu-3"
"""A run with --tensor-parallel 2, which says nothing of what a model does by itself."""


@pytest.fixture(scope="module")
def ran(root: Path) -> Path:
    """A checkout with two runs of BERT, of which a class failed in the newer, and one of shared models."""
    matrix = load(root)
    (bert,) = (model for model in matrix.models if model.id == "bert")
    cells, shared = (
        plan(matrix, [bert], matrix.device("cpu"), Suite.FUNCTIONAL, [Parameters(tensor_parallel=processes)])
        for processes in (1, 2)
    )
    for run, of_run, failing in ((OLDER, cells, ""), (NEWER, cells, "BertModel"), (SHARED, shared, "")):
        store = RunStore.create(root / "results", run, of_run)
        for cell in of_run:
            store.append(_result(run, cell, failed=cell.model.model_class == failing))
    return root


def _result(run: str, cell: Cell, *, failed: bool) -> Result:
    checks = [
        Check(name=name, outcome=Outcome.PASSED, seconds=0.1) for name in ("forward", "input_sensitivity")
    ]
    if failed:
        checks[0] = replace(checks[0], outcome=Outcome.FAILED, message="no output")
    report = Report(
        cell=cell.id,
        outcome=Outcome.FAILED if failed else Outcome.PASSED,
        started="2026-11-21T03:15:00Z",
        seconds=1.0,
        message="forward: no output" if failed else "",
        checks=tuple(checks),
    )
    return Result(
        run=run, cell=cell.to_json(), attempt=1, report=report, isolation=ISOLATION, provenance=PROVENANCE
    )


@pytest.fixture(scope="module")
def document(ran: Path, typed: Callable[..., Typed]) -> dict[str, Any]:
    ended = typed(ran, "coverage", "--json", *HERE)
    assert ended.exit_code == 0, ended.output
    found: dict[str, Any] = json.loads(ended.stdout)
    return found


def test_the_whole_library_is_counted(document: dict[str, Any]) -> None:
    everything = next(row for row in document["by"]["architecture"] if row["group"] == "all")
    assert everything["types"] > 600
    assert everything["pairs"] == len(document["pairs"]) > 1500
    assert everything["types_passing"] == 1
    assert everything["passed"] > 5
    assert everything["forward"] == everything["passed"] + 1  # which ran, and failed
    assert everything["unexpected"] == 1


def test_the_newest_run_is_taken_and_compared_with_the_one_before(document: dict[str, Any]) -> None:
    assert document["run"] == NEWER
    assert document["changes"] == [{"pair": "bert BertModel", "before": "passed", "now": "unexpected"}]


def test_an_older_run_has_nothing_before_it(ran: Path, typed: Callable[..., Typed]) -> None:
    document = json.loads(typed(ran, "coverage", "--json", "--run", OLDER, *HERE).stdout)
    assert document["run"] == OLDER
    assert document["changes"] == []


def test_as_a_page_and_as_tables(ran: Path, typed: Callable[..., Typed]) -> None:
    page = typed(ran, "coverage", "--markdown", *HERE).stdout
    assert page.startswith("# transformers ")
    assert "- bert BertModel: forward: no output" in page
    shown = typed(ran, "coverage", *HERE).stdout
    assert "bert BertModel: forward: no output" in shown
    assert "by architecture" in shown


def test_without_a_run_it_says_how_to_start_one(
    copy_checkout: Callable[[], Path], typed: Callable[..., Typed]
) -> None:
    ended = typed(copy_checkout(), "coverage", *HERE)
    assert ended.exit_code == 2
    assert "no run of the functional suite on cpu: start one with `nox -s test-cpu -- --all`" in ended.output


def test_a_run_that_is_not_there_is_named(ran: Path, typed: Callable[..., Typed]) -> None:
    ended = typed(ran, "coverage", "--run", "nonsense", *HERE)
    assert ended.exit_code == 2
    assert "nonsense" in ended.output


def test_several_runs_are_shards_of_one_that_is_compared_with_none(ran: Path) -> None:
    shards, before = runs_of(ran / "results", (NEWER, OLDER), "cpu")
    assert [store.run for store in shards] == [NEWER, OLDER]
    assert before is None
