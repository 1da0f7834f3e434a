"""A checkpoint's folder: a whole one is read without running anything, and each fault is one sentence."""

import json
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import CheckpointError
from harness.matrix.checkpoint import cached_configs, code_of, inspect, shapes

CONFIG = {"model_type": "llama", "hidden_size": 64}
TENSORS = {"a": [2, 3], "b": [4]}


def safetensors(tensors: dict[str, list[int]]) -> bytes:
    """A file of safetensors with zeros, as the library writes it."""
    header, at = {}, 0
    for name, shape in tensors.items():
        size = 4
        for length in shape:
            size *= length
        header[name] = {"dtype": "F32", "shape": shape, "data_offsets": [at, at + size]}
        at += size
    text = json.dumps(header | {"__metadata__": {"format": "pt"}}).encode()
    return struct.pack("<Q", len(text)) + text + bytes(at)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A whole checkpoint."""
    (tmp_path / "config.json").write_text(json.dumps(CONFIG))
    (tmp_path / "model.safetensors").write_bytes(safetensors(TENSORS))
    return tmp_path


@pytest.fixture
def sharded(tmp_path: Path) -> Path:
    """A whole checkpoint in two files."""
    (tmp_path / "config.json").write_text(json.dumps(CONFIG))
    placed = {name: f"model-{name}.safetensors" for name in TENSORS}
    for name, file in placed.items():
        (tmp_path / file).write_bytes(safetensors({name: TENSORS[name]}))
    (tmp_path / "model.safetensors.index.json").write_text(json.dumps({"weight_map": placed}))
    return tmp_path


def test_a_whole_checkpoint_is_read(folder: Path) -> None:
    found = inspect(folder)
    assert (found.config, found.weights, found.tensors, found.code) == (
        CONFIG,
        ("model.safetensors",),
        2,
        None,
    )


def test_a_whole_checkpoint_in_several_files_is_read(sharded: Path) -> None:
    found = inspect(sharded)
    assert (found.weights, found.tensors) == (("model-a.safetensors", "model-b.safetensors"), 2)


def _cut(name: str, count: int) -> Callable[[Path], None]:
    def spoil(folder: Path) -> None:
        path = folder / name
        path.write_bytes(path.read_bytes()[:count])

    return spoil


def _put(name: str, content: bytes | dict[str, Any] | list[Any]) -> Callable[[Path], None]:
    raw = content if isinstance(content, bytes) else json.dumps(content).encode()

    def spoil(folder: Path) -> None:
        (folder / name).write_bytes(raw)

    return spoil


def _no(name: str) -> Callable[[Path], None]:
    return lambda folder: (folder / name).unlink()


def _folder_for(name: str) -> Callable[[Path], None]:
    def spoil(folder: Path) -> None:
        (folder / name).unlink()
        (folder / name).mkdir()

    return spoil


def _zip_for(name: str) -> Callable[[Path], None]:
    def spoil(folder: Path) -> None:
        with zipfile.ZipFile(folder / name, "w") as archive:
            archive.writestr("data.pkl", b"\x80\x02.")

    return spoil


SIZE = len(safetensors(TENSORS))
HUGE = struct.pack("<Q", 2**62) + b"{}"
INDEX = "model.safetensors.index.json"


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (_no("config.json"), "config.json is missing: name the folder of a checkpoint"),
        (_cut("config.json", 9), "config.json is no JSON, or it is truncated: download it again"),
        (_put("config.json", [1]), "config.json is no JSON object"),
        (
            _put("config.json", {"hidden_size": 3}),
            "config.json has no model_type: it is not the configuration",
        ),
        (_put("config.json", b"[" * 100_000), "config.json is no JSON"),
        (_folder_for("config.json"), "config.json cannot be read: Is a directory"),
        (
            _no("model.safetensors"),
            "has no weights: model.safetensors or model.safetensors.index.json is missing",
        ),
        (
            _cut("model.safetensors", SIZE - 1),
            f"holds {SIZE - 1} bytes where its header promises {SIZE}: down",
        ),
        (_cut("model.safetensors", 20), "model.safetensors has no header of safetensors: it is truncated"),
        (_cut("model.safetensors", 3), "model.safetensors has no header of safetensors: it is truncated"),
        (_put("model.safetensors", b""), "model.safetensors has no header of safetensors: it is truncated"),
        (_put("model.safetensors", HUGE), "model.safetensors has no header of safetensors"),
        (
            _put("model.safetensors", safetensors(TENSORS) + b"more"),
            f"holds {SIZE + 4} bytes where its header promises {SIZE}",
        ),
        (_put("model.safetensors", b"\x80\x02}q\x00."), "model.safetensors is a pickle, not safetensors"),
        (_zip_for("model.safetensors"), "model.safetensors is a zip archive, as torch.save writes, not"),
        (_put("model.safetensors", b"version https://git-lfs"), "is a pointer of git-lfs, not safetensors"),
        (_folder_for("model.safetensors"), "model.safetensors cannot be read: Is a directory"),
    ],
)
def test_each_fault_is_one_sentence(folder: Path, spoil: Callable[[Path], None], sentence: str) -> None:
    spoil(folder)
    with pytest.raises(CheckpointError) as caught:
        inspect(folder)
    assert sentence in str(caught.value)
    assert str(folder) in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (_no("model-b.safetensors"), "lacks 1 of 2 files with weights, model-b.safetensors first"),
        (_cut("model-b.safetensors", 110), "model-b.safetensors holds 110 bytes where its header promises"),
        (
            _put("model-b.safetensors", safetensors({"c": [4]})),
            "lacks the tensor b that the index says it has",
        ),
        (_put(INDEX, {}), "has no weight_map: download it again"),
        (_put(INDEX, {"weight_map": {"a": 3}}), "has no weight_map: download it again"),
        (_put(INDEX, {"weight_map": {"a": "../../secret.safetensors"}}), "which is outside its folder"),
        (_cut(INDEX, 20), "index.json is no JSON, or it is truncated"),
    ],
)
def test_each_fault_of_several_files_is_one_sentence(
    sharded: Path, spoil: Callable[[Path], None], sentence: str
) -> None:
    spoil(sharded)
    with pytest.raises(CheckpointError) as caught:
        inspect(sharded)
    assert sentence in str(caught.value)


@pytest.mark.parametrize("start", [b"\x80\x02", b"PK"])
def test_a_header_whose_length_begins_as_another_file_does_is_read(folder: Path, start: bytes) -> None:
    path = folder / "model.safetensors"
    length, written = int.from_bytes(start, "little"), path.read_bytes()
    size = struct.unpack("<Q", written[:8])[0]
    text = written[8 : 8 + size].ljust(length)  # spaces, as the library pads a header
    path.write_bytes(struct.pack("<Q", length) + text + written[8 + size :])
    assert path.read_bytes().startswith(start)
    assert inspect(folder).tensors == 2


@pytest.mark.parametrize("name", ["folder", "sharded"])
def test_shapes_are_those_of_the_headers(request: pytest.FixtureRequest, name: str) -> None:
    assert shapes(request.getfixturevalue(name)) == {"a": (2, 3), "b": (4,)}


def test_a_header_without_shapes_is_none(folder: Path) -> None:
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes().replace(b"shape", b"shade"))
    with pytest.raises(CheckpointError, match="has no header of safetensors"):
        inspect(folder)


def test_a_pickle_is_refused_unless_asked_for(folder: Path) -> None:
    (folder / "model.safetensors").unlink()
    _zip_for("pytorch_model.bin")(folder)
    with pytest.raises(
        CheckpointError, match=r"pytorch_model\.bin, which can run code when it is opened: .*"
    ):
        inspect(folder)
    assert inspect(folder, allow_pickle=True).weights == ("pytorch_model.bin",)
    (folder / "pytorch_model.bin").write_bytes(b"<html>not found</html>")
    with pytest.raises(CheckpointError, match=r"is no file of torch\.save, or it is truncated"):
        inspect(folder, allow_pickle=True)


def test_a_pickle_beside_safetensors_is_not_looked_at(folder: Path) -> None:
    (folder / "pytorch_model.bin").write_bytes(b"\x80evil")
    assert inspect(folder).weights == ("model.safetensors",)


@pytest.mark.parametrize("name", ["nothing", "config.json"])
def test_what_is_no_folder_is_one_sentence(folder: Path, name: str) -> None:
    with pytest.raises(CheckpointError, match=f"{name} is no folder: name the folder of a checkpoint"):
        inspect(folder / name)


@given(st.binary(max_size=64))
def test_bytes_are_never_more_than_a_sentence(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    folder = tmp_path_factory.mktemp("bytes")
    (folder / "config.json").write_text(json.dumps(CONFIG))
    (folder / "model.safetensors").write_bytes(content)
    with pytest.raises(CheckpointError):
        inspect(folder)


@pytest.mark.parametrize(
    ("named", "module"),
    [
        ({}, None),
        ({"auto_map": {"AutoConfig": "configuration_x.XConfig"}}, "configuration_x.py"),
        ({"auto_map": "modeling_x.X"}, "modeling_x.py"),
    ],
)
def test_code_that_a_checkpoint_brings_is_named(named: dict[str, Any], module: str | None) -> None:
    assert code_of(CONFIG | named) == module


def test_the_hub_s_cache_gives_the_main_branch_first(tmp_path: Path) -> None:
    folder = tmp_path / "models--owner--name"
    for revision in ("aaa", "bbb"):
        (folder / "snapshots" / revision).mkdir(parents=True)
        (folder / "snapshots" / revision / "config.json").write_text("{}")
    (folder / "refs").mkdir()
    (folder / "refs" / "main").write_text("bbb\n")
    assert next(cached_configs("owner/name", tmp_path)).parent.name == "bbb"
    assert list(cached_configs("owner/other", tmp_path)) == []
