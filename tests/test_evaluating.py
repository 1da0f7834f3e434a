"""What an evaluation reads on this machine: the data root, and the weights of each model."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from harness.data.root import data_root
from harness.errors import SelectionError
from harness.evaluating import Sources, evaluates, sources
from harness.matrix.asked import Asked
from harness.matrix.cells import Cell, Parameters
from harness.matrix.devices import Device
from harness.matrix.evaluation import evaluation
from harness.matrix.records import Matrix

Reading = Callable[..., Sources]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A checkpoint of Llama, as far as it is looked at from outside."""
    folder = tmp_path / "check point"
    folder.mkdir()
    (folder / "config.json").write_text('{"model_type": "llama"}')
    save_file({"a": np.zeros(8, dtype=np.float32)}, folder / "model.safetensors")
    return folder


@pytest.fixture
def reading(matrix: Matrix, root: Path) -> Reading:
    """Where the sample data and such weights are."""

    def make(weights: str, folder: Path | None = None, data: str = "sample") -> Sources:
        return sources(matrix, data_root(data, root), weights, folder)

    return make


def planned(matrix: Matrix, cpu: Device, found: Sources, model: str = "llama31_8b") -> Cell:
    asked = Asked(models=(model,), datasets=("gsm8k",), weights=found.weights)
    (cell,) = evaluation(matrix, cpu, asked, (Parameters(),), found.here(matrix)).cells
    return cell


def skipped(cell: Cell) -> str:
    assert cell.questions is not None
    return cell.questions.skip


def test_a_folder_s_weights_are_given_and_named_in_the_cell(
    matrix: Matrix, cpu: Device, reading: Reading, folder: Path
) -> None:
    found = reading("folder", folder)
    cell = planned(matrix, cpu, found)
    assert skipped(cell) == ""
    assert {row.name: row.folder for row in found.given([cell])}["weights"] == str(folder)
    assert cell.questions is not None
    assert cell.questions.revision
    assert str(folder) not in json.dumps(cell.to_json())


def test_a_folder_of_folders_has_one_a_model(
    matrix: Matrix, cpu: Device, reading: Reading, folder: Path
) -> None:
    folder.rename(folder.parent / "llama31_8b")
    found = reading("folder", folder.parent)
    assert skipped(planned(matrix, cpu, found)) == ""
    assert "has no folder qwen3_8b" in skipped(planned(matrix, cpu, found, "qwen3_8b"))


def test_another_type_and_what_is_not_whole_is_skipped_with_no_path_of_this_machine(
    matrix: Matrix, cpu: Device, reading: Reading, folder: Path
) -> None:
    other = skipped(planned(matrix, cpu, reading("folder", folder), "qwen3_8b"))
    assert other == "the folder of --weights holds a llama, not a qwen3: name another one"
    (folder / "model.safetensors").unlink()
    lost = skipped(planned(matrix, cpu, reading("folder", folder)))
    assert "has no weights" in lost
    assert str(folder) not in lost


def test_weights_of_the_hub_are_a_snapshot_of_its_cache(
    matrix: Matrix, cpu: Device, reading: Reading, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_CACHE", str(folder.parent / "hub"))
    assert "harness models fetch llama31_8b" in skipped(planned(matrix, cpu, reading("hub")))
    repository = folder.parent / "hub" / "models--meta-llama--Llama-3.1-8B-Instruct"
    (repository / "snapshots").mkdir(parents=True)
    folder.rename(repository / "snapshots" / "0123456789abcdef")
    found = reading("hub")
    cell = planned(matrix, cpu, found)
    assert skipped(cell) == ""
    assert cell.questions is not None
    assert cell.questions.revision == "0123456789ab"
    given = {row.name: row for row in found.given([cell])}["weights"]
    assert (given.folder, given.within) == (str(repository), "snapshots/0123456789abcdef")


def test_a_run_goes_on_with_the_weights_and_data_that_it_was_begun_with(
    matrix: Matrix, cpu: Device, reading: Reading, folder: Path
) -> None:
    found = reading("folder", folder)
    cell = planned(matrix, cpu, found)
    reading("hub", folder).require("run-1", [cell])  # what was typed of the weights the first time is known
    with pytest.raises(SelectionError, match="name it with --weights"):
        reading("hub").require("run-1", [cell])
    with pytest.raises(SelectionError, match="name it with --data"):
        replace(found, data="hub").require("run-1", [cell])
    save_file({"a": np.ones(8, dtype=np.float32)}, folder / "model.safetensors")
    with pytest.raises(SelectionError, match="begin another run"):
        found.require("run-1", [cell])


def test_an_engine_without_weights_is_given_none(matrix: Matrix, cpu: Device, reading: Reading) -> None:
    found = reading("hub")
    asked = Asked(models=("llama31_8b",), datasets=("gsm8k",), engine="gold")
    (cell,) = evaluation(matrix, cpu, asked, (Parameters(),), found.here(matrix)).cells
    assert [row.name for row in found.given([cell])] == ["data"]


def test_a_device_evaluates_in_the_variant_that_has_the_engine(matrix: Matrix) -> None:
    assert evaluates(matrix.device("cpu"), "transformers") == "eval"
    assert evaluates(matrix.device("cuda"), "vllm") == "vllm"
    with pytest.raises(SelectionError, match="no image that evaluates with the engine vllm"):
        evaluates(matrix.device("cpu"), "vllm")


def test_weights_that_are_no_folder_are_one_sentence(reading: Reading, tmp_path: Path) -> None:
    with pytest.raises(SelectionError, match="is no folder"):
        reading("folder", tmp_path / "nowhere")
