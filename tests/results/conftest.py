"""Results as a runner would make them."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from harness.matrix.cells import Cell, Parameters
from harness.matrix.load import find_root, load
from harness.matrix.plan import plan
from harness.matrix.records import Suite
from harness.matrix.select import Selection, select
from harness.results.record import Isolation, Outcome, Provenance, Report, Result

MakeResult = Callable[..., Result]

ISOLATION = Isolation(
    runner="docker",
    network="none",
    user="10001:10001",
    read_only=True,
    memory_bytes=4_000_000_000,
    cpus="0-1",
    pids=512,
    loosened=("shm_size",),
)
PROVENANCE = Provenance(
    image="harness-cpu:latest",
    image_id="sha256:12",
    lock_hash="ab",
    base="python:3.11",
    engine="docker 20.10",
    revision="abc+dirty",
    host="box",
    kernel="6.1",
    cpu="a CPU",
)


@pytest.fixture(scope="session")
def cells() -> dict[str, Cell]:
    """Cells of the real matrix on cpu, by model and suite: `bert functional`; but evaluations."""
    matrix = load(find_root(Path(__file__)))
    models = select(matrix, Selection())
    suites = [suite for suite in Suite if suite is not Suite.EVALUATION]
    planned = [
        cell for suite in suites for cell in plan(matrix, models, matrix.device("cpu"), suite, [Parameters()])
    ]
    return {f"{cell.model.id} {cell.suite}": cell for cell in planned}


@pytest.fixture
def make_result(cells: dict[str, Cell]) -> MakeResult:
    """A function from a cell's name and the report's fields to a Result, passed unless said otherwise."""

    def make(
        name: str = "bert functional",
        known_failures: dict[str, dict[str, str | None]] | None = None,
        **report: Any,
    ) -> Result:
        cell = replace(cells[name], known_failures=known_failures or {})
        said: dict[str, Any] = {
            "outcome": Outcome.PASSED,
            "started": "2026-11-21T03:15:00Z",
            "seconds": 1.5,
        } | report
        return Result(
            run="run",
            cell=cell.to_json(),
            attempt=1,
            report=Report(cell=cell.id, **said),
            isolation=ISOLATION,
            provenance=PROVENANCE,
        )

    return make
