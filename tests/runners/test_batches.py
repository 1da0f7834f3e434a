"""Batches that were found to fit, and are begun with the next time."""

from pathlib import Path
from typing import Any

import pytest

from harness.matrix.asked import Asked
from harness.matrix.cells import Cell, Parameters
from harness.matrix.devices import Device
from harness.matrix.evaluation import Here, evaluation
from harness.matrix.fitting import BATCH
from harness.matrix.records import Matrix
from harness.results.record import Isolation, Outcome, Provenance, Report, Result
from harness.runners.batches import known, remember


def planned(matrix: Matrix, cpu: Device, batches: dict[str, int], **typed: Any) -> Cell:
    asked = Asked(models=("qwen3_8b",), datasets=("gsm8k",), **typed)
    here = Here(data="hub", rows={"gsm8k": 100}, batches=batches)
    (cell,) = evaluation(matrix, cpu, asked, (Parameters(dtype="bfloat16"),), here).cells
    return cell


def batch(cell: Cell) -> int:
    assert cell.questions is not None
    found: int = cell.questions.options[BATCH]
    return found


@pytest.fixture
def ended(matrix: Matrix, cpu: Device, provenance: Provenance) -> Any:
    """The result of a cell that came down to a batch."""
    cell = planned(matrix, cpu, {})
    isolation = Isolation(
        runner="host", network="host", user="0:0", read_only=False, memory_bytes=None, cpus=None, pids=None
    )

    def make(found: Any) -> Result:
        report = Report(
            cell=cell.id,
            outcome=Outcome.PASSED,
            facts={"batch": found},
            started="2026-11-22T00:00:00Z",
            seconds=1.0,
        )
        return Result(
            run="r", cell=cell.to_json(), attempt=1, report=report, isolation=isolation, provenance=provenance
        )

    return make


def test_what_fitted_is_begun_with(matrix: Matrix, cpu: Device, ended: Any, tmp_path: Path) -> None:
    assert batch(planned(matrix, cpu, known(tmp_path))) == 8
    remember(tmp_path, ended(2))
    assert batch(planned(matrix, cpu, known(tmp_path))) == 2
    assert batch(planned(matrix, cpu, known(tmp_path), batch=16)) == 16  # typed
    assert batch(planned(matrix, cpu, known(tmp_path), engine="transformers", weights="tiny")) == 8


@pytest.mark.parametrize("told", [8, 9, 0, -1, "2", None, 2.0])
def test_only_a_smaller_number_is_taken(ended: Any, tmp_path: Path, told: Any) -> None:
    remember(tmp_path, ended(told))
    assert known(tmp_path) == {}


@pytest.mark.parametrize("text", ["", "[]", '{"a": "b"}', '{"a": -1}'])
def test_a_file_that_says_nothing_is_as_if_there_were_none(tmp_path: Path, text: str) -> None:
    (tmp_path / ".harness").mkdir()
    (tmp_path / ".harness" / "batches.json").write_text(text)
    assert known(tmp_path) == {}
