"""`harness repro`: a cell or a model is named, a check is chosen, a file is written."""

import ast
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

Typed = Callable[..., Result]
HERE = ("--python", sys.executable)
CELL = "gpt2-GPT2LMHeadModel-cpu-functional-float32"


def test_a_script_is_written_that_shows_the_check(root: Path, typed: Typed, tmp_path: Path) -> None:
    out = tmp_path / "shown.py"
    ended = typed(root, "repro", CELL, "--check", "save_load", "--out", str(out), *HERE)
    assert ended.exit_code == 0, ended.output
    assert f"{out} shows save_load of {CELL}" in ended.stdout
    ast.parse(out.read_text())
    told = subprocess.run(
        [sys.executable, "-I", str(out)], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert told.returncode == 0, told.stderr
    assert told.stdout.splitlines()[-1].startswith("passed: deviation 0")


def test_forward_is_shown_where_nothing_went_wrong_and_the_file_is_named_by_the_cell(
    root: Path, typed: Typed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    ended = typed(root, "repro", CELL, *HERE)
    assert ended.exit_code == 0, ended.output
    assert (tmp_path / f"{CELL}-forward.py").is_file()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("gpt3",), "there is no functional cell 'gpt3'"),
        (("gpt2-NoSuchClass-cpu-functional-float32",), "there is no cell"),
        ((CELL, "--check", "forwrd"), "there is no check 'forwrd'; the nearest is forward"),
        ((CELL, "--check", "forward", "--python", "/no/such/python"), "no reproduction of forward of"),
        (
            (CELL, "--check", "forward", "--out", "/no/such/folder/x.py", *HERE),
            "name another file with --out",
        ),
    ],
)
def test_a_mistake_is_one_sentence(root: Path, typed: Typed, arguments: tuple[str, ...], said: str) -> None:
    ended = typed(root, "repro", *arguments)
    assert ended.exit_code == 2, ended.output
    assert said in ended.output
    assert "Traceback" not in ended.output
