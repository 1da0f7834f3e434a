"""`harness matrix add`: a checkpoint made here, what may be wrong with one, and a type."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import transformers

from harness.matrix.load import load

Run = Callable[..., subprocess.CompletedProcess[str]]
Sentence = Callable[[str], str]
HERE = ("--python", sys.executable)


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny GPT-2 as the library saves it."""
    folder = tmp_path_factory.mktemp("checkpoints") / "My-GPT2.5"
    config = transformers.GPT2Config(n_embd=32, n_layer=2, n_head=2, vocab_size=99, n_positions=64)
    transformers.GPT2LMHeadModel(config).save_pretrained(folder)
    return folder


@pytest.fixture
def root(copy_checkout: Callable[[], Path]) -> Path:
    """A checkout to be added to."""
    return copy_checkout()


def test_a_checkpoint_is_detected_tried_and_written(checkpoint: Path, root: Path, run: Run) -> None:
    before = (root / "matrix.json").read_text().splitlines()
    ended = run(root, "matrix", "add", str(checkpoint), "--runner", "host", *HERE)
    assert ended.returncode == 0, ended.stderr
    assert "my_gpt2" in ended.stdout
    assert "added to matrix.json: {" in ended.stderr
    (added,) = set((root / "matrix.json").read_text().splitlines()) - set(before)
    row = json.loads(added.strip().rstrip(","))
    assert (row["id"], row["model_type"], row["architecture"]) == ("my_gpt2_5", "gpt2", "decoder-only")
    assert row["classes"] == ["GPT2LMHeadModel"]
    assert "text-generation" in row["tasks"]
    assert {"n_embd": 32, "n_layer": 2, "vocab_size": 99}.items() <= row["checkpoint"]["config"].items()
    assert any(model.id == "my_gpt2_5" for model in load(root).models)


def _unbuildable(folder: Path) -> None:
    path = folder / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"activation_function": "no_such_function"}))


def _another_type(folder: Path) -> None:
    (folder / "config.json").write_text('{"model_type": "brand_new"}')


def _foreign_code(folder: Path) -> None:
    (folder / "config.json").write_text(
        '{"model_type": "brand_new", "auto_map": {"AutoModel": "mine.Model"}}'
    )
    (folder / "mine.py").write_text("import pathlib\npathlib.Path(__file__).with_name('ran').touch()\n")


def _truncated(folder: Path) -> None:
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-1])


def _pickled(folder: Path) -> None:
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")


FAULTS: dict[str, tuple[Callable[[Path], None], str]] = {
    "unbuildable": (
        _unbuildable,
        "config.json cannot be built: KeyError: 'no_such_function'; mend it, or use",
    ),
    "another type": (_another_type, "has no model type 'brand_new'"),
    "foreign code": (_foreign_code, "asks for code that the checkpoint brings, mine.py, which is not run"),
    "truncated": (_truncated, "bytes where its header promises"),
    "pickled": (_pickled, "pytorch_model.bin, which can run code when it is opened"),
}


@pytest.fixture(params=FAULTS)
def spoilt(request: pytest.FixtureRequest, checkpoint: Path, tmp_path: Path) -> tuple[Path, str]:
    """A checkpoint with a fault, and what is said of it."""
    spoil, words = FAULTS[request.param]
    folder = tmp_path / "spoilt"
    shutil.copytree(checkpoint, folder)
    spoil(folder)
    return folder, words


def test_what_cannot_be_added_is_one_sentence_and_nothing_is_written(
    spoilt: tuple[Path, str], root: Path, run: Run, sentence: Sentence
) -> None:
    folder, words = spoilt
    before = sorted(root.rglob("*")), (root / "matrix.json").read_text()
    ended = run(root, "matrix", "add", str(folder), *HERE)
    assert ended.returncode == 2
    assert words in sentence(ended.stderr)
    assert (sorted(root.rglob("*")), (root / "matrix.json").read_text()) == before
    assert not (folder / "ran").exists()


def test_a_config_in_the_hub_s_cache_needs_no_network(
    checkpoint: Path, root: Path, tmp_path: Path, run: Run, sentence: Sentence
) -> None:
    snapshot = tmp_path / "models--owner--Small-GPT" / "snapshots" / "abc"
    snapshot.mkdir(parents=True)
    shutil.copy(checkpoint / "config.json", snapshot)
    offline = {"HF_HUB_CACHE": str(tmp_path), "HF_HUB_OFFLINE": "1"}
    ended = run(root, "matrix", "add", "owner/Small-GPT", "--runner", "host", *HERE, **offline)
    assert ended.returncode == 0, ended.stderr
    (row,) = (model for model in load(root).models if model.id == "small_gpt")
    assert row.checkpoint is not None
    assert row.checkpoint.hub_id == "owner/Small-GPT"
    ended = run(root, "matrix", "add", "owner/Other", *HERE, **offline)
    assert ended.returncode == 2
    assert "the config of owner/Other is not in" in sentence(ended.stderr)


def test_a_type_that_is_there_or_nowhere_is_one_sentence(root: Path, run: Run, sentence: Sentence) -> None:
    for name, words in (
        ("BERT", "the matrix has a model 'bert' already: see `harness matrix show bert`"),
        (
            "brand_new",
            "has no model type 'brand_new': name a type, the folder of a checkpoint, or owner/name",
        ),
    ):
        ended = run(root, "matrix", "add", name, *HERE)
        assert ended.returncode == 2
        assert words in sentence(ended.stderr)
