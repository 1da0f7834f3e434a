"""A checkpoint's code: read without running it, each fault one sentence, and handed to one model alone."""

import json
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import CheckpointError, SelectionError
from harness.matrix.cells import Cell, Parameters
from harness.matrix.devices import Device
from harness.matrix.plan import plan
from harness.matrix.records import Checkpoint, Matrix, Suite
from harness.runners.remote import MOST_BYTES, MOST_FILES, RemoteCode, read_code, require_code
from tests.pebble import CONFIG, write_pebble

PEBBLE = RemoteCode(folder=Path("pebble"), model_type="pebble", files={"config.json": b"{}"})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_pebble(tmp_path / "Pebble-1")


def test_its_modules_and_its_configuration_are_read_and_nothing_else(folder: Path) -> None:
    code = read_code(folder)
    assert code.files.keys() == {"config.json", "configuration_pebble.py", "modeling_pebble.py"}
    assert code.files["modeling_pebble.py"] == (folder / "modeling_pebble.py").read_bytes()
    assert code.model_type == "pebble"


def configure(folder: Path, **changed: Any) -> None:
    (folder / "config.json").write_text(json.dumps(CONFIG | changed))


def _link(folder: Path) -> None:
    (folder / "modeling_pebble.py").rename(folder / "elsewhere")
    (folder / "modeling_pebble.py").symlink_to("elsewhere")


def _linked_config(folder: Path) -> None:
    (folder / "config.json").rename(folder / "elsewhere")
    (folder / "config.json").symlink_to("elsewhere")


def _map(**changed: Any) -> Callable[[Path], None]:
    auto_map = {"AutoConfig": "configuration_pebble.PebbleConfig", "AutoModel": "modeling_pebble.Pebble"}
    return lambda folder: configure(folder, auto_map=auto_map | changed)


FAULTS: dict[str, tuple[Callable[[Path], Any], str]] = {
    "a link": (_link, "modeling_pebble.py is a symbolic link: code is read from plain files only"),
    "a linked config": (_linked_config, "config.json is a symbolic link: code is read from plain files only"),
    "a pipe": (lambda folder: os.mkfifo(folder / "pipe.py"), "pipe.py is not a regular file: code is read"),
    "too large": (
        lambda folder: (folder / "data.py").write_bytes(bytes(MOST_BYTES)),
        "more than the .* allowed: code is read from plain files only, 4 MiB of them at most",
    ),
    "too many": (
        lambda folder: [(folder / f"m{index}.py").write_text("") for index in range(MOST_FILES)],
        "holds more modules than any model has",
    ),
    "no map": (lambda folder: configure(folder, auto_map=None), "its auto_map must name AutoConfig and an"),
    "no model": (
        lambda folder: configure(folder, auto_map={"AutoConfig": "configuration_pebble.C"}),
        "its auto_map must name AutoConfig and an",
    ),
    "no configuration": (
        lambda folder: configure(folder, auto_map={"AutoModel": "modeling_pebble.M"}),
        "its auto_map must name AutoConfig and an",
    ),
    "another repository": (
        _map(AutoModel="owner/other--modeling_pebble.Pebble"),
        "'owner/other--modeling_pebble.Pebble' as its AutoModel, which is no class of a module beside it",
    ),
    "outside": (_map(AutoModel="../modeling_pebble.Pebble"), "is no class of a module beside it"),
    "a module that is missing": (_map(AutoModel="missing.Pebble"), "is no class of a module beside it"),
    "no text": (_map(AutoConfig=["configuration_pebble.C"]), "is no class of a module beside it"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_one_sentence(folder: Path, fault: str) -> None:
    spoil, words = FAULTS[fault]
    spoil(folder)
    with pytest.raises(CheckpointError, match=words) as raised:
        read_code(folder)
    assert "\n" not in str(raised.value)


def test_a_folder_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="is no folder"):
        read_code(tmp_path / "none")


FILES = st.dictionaries(st.text("ab", min_size=1, max_size=3), st.binary(max_size=4), max_size=3)


@given(FILES, FILES)
def test_what_a_result_says_tells_any_two_codes_apart(one: dict[str, bytes], other: dict[str, bytes]) -> None:
    said = {replace(PEBBLE, files=files).loosened("m") for files in (one, other)}
    assert (len(said) == 1) == (one == other)


@pytest.fixture
def cells_of(matrix: Matrix, cpu: Device) -> Callable[..., tuple[Cell, ...]]:
    """Cells of bert, and of rows whose checkpoint brings code of that type."""

    def make(*names: str) -> tuple[Cell, ...]:
        bert = replace(next(row for row in matrix.models if row.id == "bert"), classes=("BertModel",))
        brings = Checkpoint(config={}, remote_code=True)
        rows = [
            bert if name == "bert" else replace(bert, id=name, model_type=name, checkpoint=brings)
            for name in names
        ]
        return plan(matrix, rows, cpu, Suite.FUNCTIONAL, [Parameters()])

    return make


def test_code_is_for_the_one_model_that_has_its_type(cells_of: Callable[..., tuple[Cell, ...]]) -> None:
    require_code(cells_of("pebble"), PEBBLE, named=True)
    require_code(cells_of("pebble"), PEBBLE, named=False)  # a run that goes on
    for names in (("bert",), ("pebble", "bert"), ("boulder",), ("pebble", "boulder")):
        with pytest.raises(SelectionError, match="runs one model alone, and pebble has the code of pebble"):
            require_code(cells_of(*names), PEBBLE, named=True)


def test_a_model_without_its_code_is_refused_unless_it_is_one_of_many(
    cells_of: Callable[..., tuple[Cell, ...]],
) -> None:
    require_code(cells_of("bert"), None, named=True)
    require_code(cells_of("bert", "pebble"), None, named=False)
    for names, named in ((("pebble",), True), (("bert", "pebble"), True), (("pebble",), False)):
        with pytest.raises(SelectionError, match="pebble runs with the code of its checkpoint"):
            require_code(cells_of(*names), None, named=named)
