"""`harness matrix sync`: against the transformers that is here."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import transformers

from harness.matrix.load import load

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def old(copy_checkout: Callable[[], Path]) -> Path:
    """A checkout whose matrix lacks a type, has one that never was, and a class too few."""
    root = copy_checkout()
    data = json.loads((root / "matrix.json").read_text())
    rows = {row["id"]: row for row in data["models"]}
    del rows["albert"]
    rows["bert"] |= {"classes": ["BertForMaskedLM"], "aliases": ["my-bert"]}
    rows["never"] = rows["vit"] | {"id": "never", "model_type": "never"}
    data |= {"models": list(rows.values()), "transformers": "1.0"}
    (root / "matrix.json").write_text(json.dumps(data))
    return root


def test_a_sync_is_told_before_it_is_done_and_done_once(old: Path, root: Path, run: Run) -> None:
    before = (old / "matrix.json").read_text()
    told: dict[str, Any] = json.loads(
        run(old, "matrix", "sync", "--dry-run", "--json", "--python", sys.executable).stdout
    )
    assert (told["added"], told["left"], told["written"]) == (["albert"], ["never"], False)
    assert "bert" in told["changed"]
    assert (old / "matrix.json").read_text() == before

    ended = run(old, "matrix", "sync", "--python", sys.executable)
    assert ended.stdout.startswith(f"changed matrix.json after transformers {transformers.__version__}:\n")
    assert "1 new in transformers: albert\n" in ended.stdout
    assert "1 gone from transformers: never\n" in ended.stdout
    synced, real = {row.id: row for row in load(old).models}, {row.id: row for row in load(root).models}
    assert synced["never"].left == transformers.__version__
    assert synced["bert"].aliases == ("my-bert",)
    assert synced["bert"].classes == real["bert"].classes
    assert synced["albert"].classes == real["albert"].classes

    after = (old / "matrix.json").read_text()
    ended = run(old, "matrix", "sync", "--python", sys.executable)
    assert (
        ended.stdout
        == f"matrix.json has every model type of transformers {transformers.__version__} as it is\n"
    )
    assert (old / "matrix.json").read_text() == after


def test_the_real_matrix_is_in_step_with_the_library(root: Path, run: Run) -> None:
    told = json.loads(run(root, "matrix", "sync", "--dry-run", "--json", "--python", sys.executable).stdout)
    assert (told["added"], told["changed"], told["left"], told["back"]) == ([], [], [], [])


def test_a_python_without_the_library_is_one_sentence(
    root: Path, tmp_path: Path, run: Run, sentence: Callable[[str], str]
) -> None:
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", tmp_path / "bare"], check=True)
    ended = run(root, "matrix", "sync", "--python", str(tmp_path / "bare" / "bin" / "python"))
    assert ended.returncode == 2
    assert "No module named 'transformers'" in sentence(ended.stderr)
