"""`harness fit` as a process: counted once, then answered from what is kept; mistakes are one sentence."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Run = Callable[..., subprocess.CompletedProcess[str]]
HOST = ("--runner", "host", "--python", sys.executable)


@pytest.fixture(scope="module")
def fresh(copy_checkout: Callable[[], Path]) -> Path:
    """A checkout that keeps what is counted in it."""
    return copy_checkout()


@pytest.fixture(scope="module")
def first(fresh: Path, run: Run) -> dict[str, Any]:
    ended = run(fresh, "fit", "GPT-2", "t5", "--accelerator", "h100,L4", "--json", *HOST)
    assert ended.returncode == 0, ended.stderr
    document: dict[str, Any] = json.loads(ended.stdout)
    return document


def test_models_are_counted_by_a_run(first: dict[str, Any], fresh: Path) -> None:
    gpt2, t5 = sorted(first["models"], key=lambda row: row["model"])
    assert (gpt2["model"], t5["model"]) == ("gpt2", "t5")
    assert gpt2["sheet"]["parameters"]["total"] == 124_439_808
    assert (gpt2["kept"], gpt2["context"], gpt2["dtype"]) == (False, 1024, "bfloat16")
    assert [fit["accelerator"] for fit in gpt2["fits"]] == ["H100", "L4"]
    assert all(fit["fits"] and fit["roof"] == "datasheet" for fit in gpt2["fits"])
    lines = (fresh / "results" / gpt2["run"] / "results.jsonl").read_text().splitlines()
    assert len(lines) == 2


def test_what_is_kept_answers_at_once_in_any_dtype_and_says_so(
    first: dict[str, Any], fresh: Path, run: Run
) -> None:
    ended = run(fresh, "fit", "gpt2", "--dtype", "int4", "--context", "100", *HOST)
    assert ended.returncode == 0
    assert f"kept by run {first['models'][0]['run']}" in ended.stdout
    assert "In int4, one sequence of 100 tokens" in ended.stdout
    assert "MI325X" in ended.stdout
    assert len(list((fresh / "results").glob("*-fit-*"))) == 1


def test_again_counts_anew(first: dict[str, Any], fresh: Path, run: Run) -> None:
    before = set((fresh / "results").glob("*-fit-*"))
    ended = run(fresh, "fit", "gpt2", "--again", "--json", *HOST)
    (row,) = json.loads(ended.stdout)["models"]
    assert not row["kept"]
    assert row["sheet"] == next(old["sheet"] for old in first["models"] if old["model"] == "gpt2")
    assert {path.name for path in set((fresh / "results").glob("*-fit-*")) - before} == {row["run"]}


def test_without_names_the_checkpoints_are_a_table(fresh: Path, run: Run) -> None:
    ended = run(fresh, "fit", "--accelerator", "T4,H100", *HOST)
    assert ended.returncode == 0, ended.stderr
    for model in ("starcoder2_15b", "qwen25_0_5b"):
        assert any(line.startswith(model) for line in ended.stdout.splitlines())


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("gpt3",), "there is no model 'gpt3'; the nearest"),
        (("gpt2", "--accelerator", "H10"), "there is no accelerator 'H10'; the nearest"),
        (("gpt2", "--dtype", "bfloat"), "there is no dtype 'bfloat'; the nearest"),
        (("gpt2", "--context", "2000"), "gpt2 was made for 1,024 tokens: give --context 1024 or less"),
        (("gpt2", "--context", "0"), "--context"),
        (("gpt2", "--all"), "--all asks for every model"),
    ],
)
@pytest.mark.usefixtures("first")  # gpt2 is counted: a context is told from its sheet
def test_a_mistake_is_one_sentence(
    fresh: Path,
    run: Run,
    sentence: Callable[[str], str],
    arguments: tuple[str, ...],
    words: str,
) -> None:
    ended = run(fresh, "fit", *arguments, *HOST)
    assert ended.returncode == 2
    assert words in sentence(ended.stderr)
