"""A checkpoint's own code: registered where its cell runs, and not by the parent of those who run cells."""

import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import transformers
from transformers.models.auto.configuration_auto import CONFIG_MAPPING
from transformers.models.auto.modeling_auto import MODEL_FOR_CAUSAL_LM_MAPPING

from harness.matrix.cells import Cell
from harness.matrix.records import Checkpoint
from harness.suite.functional.subjects import subject_of
from harness.suite.outcomes import Unsupported
from harness.suite.remote import FOLDER, brought
from harness.suite.room import preload
from tests.pebble import write_pebble
from tests.suite.conftest import MakeCell


@pytest.fixture
def cell(make_cell: MakeCell) -> Cell:
    """A cell of the checkpoint."""
    cell = make_cell("gpt2")
    brings = Checkpoint(config={"hidden_size": 256}, remote_code=True)
    model = replace(cell.model, model_type="pebble", classes=("PebbleForCausalLM",), checkpoint=brings)
    return replace(cell, model=model)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The checkpoint's folder, as a container names it; what was registered is forgotten afterwards."""
    folder = write_pebble(tmp_path / "code")
    monkeypatch.setenv(FOLDER, str(folder))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr("sys.path", list(sys.path))
    monkeypatch.setattr("transformers.dynamic_module_utils.HF_MODULES_CACHE", str(tmp_path / "modules"))
    yield folder
    CONFIG_MAPPING._extra_content.pop("pebble", None)
    for config_class in list(MODEL_FOR_CAUSAL_LM_MAPPING._extra_content):
        if config_class.model_type == "pebble":
            del MODEL_FOR_CAUSAL_LM_MAPPING._extra_content[config_class]


def test_a_cell_without_code_of_its_own_is_as_it_was(make_cell: MakeCell, folder: Path) -> None:
    cell = make_cell("gpt2")
    assert brought(cell) is cell
    assert "pebble" not in CONFIG_MAPPING


def test_without_the_variable_that_only_a_container_has_nothing_runs(
    cell: Cell, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(FOLDER)
    with pytest.raises(Unsupported, match="the code of its checkpoint is not here"):
        brought(cell)
    assert "pebble" not in CONFIG_MAPPING


def test_the_parent_leaves_it_alone(cell: Cell, folder: Path) -> None:
    (folder / "modeling_pebble.py").write_text("raise SystemExit('imported')")
    preload(cell)
    assert "pebble" not in CONFIG_MAPPING


def test_the_model_is_built_of_it_and_the_folder_is_not_written_to(cell: Cell, folder: Path) -> None:
    before = sorted(folder.rglob("*"))
    subject = subject_of(brought(cell))
    assert type(subject.model).__name__ == "PebbleForCausalLM"
    assert subject.model.config.hidden_size <= 64
    assert sorted(folder.rglob("*")) == before
    config = transformers.AutoConfig.for_model("pebble", hidden_size=8, num_hidden_layers=1)
    made = transformers.AutoModelForCausalLM.from_config(config)
    assert isinstance(subject.model, type(made))
