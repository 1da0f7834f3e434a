"""`harness data list` and `harness data check`, on the sample of this checkout and on what a test spoils."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

Typed = Callable[..., Result]


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """A folder that somebody laid out by hand."""
    for split in ("train", "test"):
        path = tmp_path / "openai" / "gsm8k" / "main" / f"{split}.jsonl"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text('{"question": "1 + 1?", "answer": "#### 2"}\n' * 3)
    return tmp_path


def listed(ended: Result) -> dict[str, Any]:
    assert ended.exit_code == 0, ended.output
    return {row["dataset"]: row for row in json.loads(ended.stdout)["datasets"]}


def test_every_dataset_is_listed_with_its_task_or_the_reason(typed: Typed, root: Path, own: Path) -> None:
    found = listed(typed(root, "data", "list", "--data", str(own), "--json"))
    assert len(found) == 56
    without = {name for name, row in found.items() if row["task"] is None}
    assert {name for name, row in found.items() if row["state"] == "no task"} == without - {"mt_bench"}
    assert (found["gsm8k"]["state"], found["gsm8k"]["rows"]) == ("present", None)
    assert (found["mmlu"]["state"], found["mmlu"]["official_rows"]) == ("absent", 14042)
    lines = typed(root, "data", "list", "--data", str(own)).stdout.splitlines()
    assert lines[0] == f"data: {own} (own-{own.name})"
    assert "apps no task - - - lm_eval 0.4.13 has no task of it" in [" ".join(line.split()) for line in lines]
    assert "gsm8k present ? 1,319 gsm8k also gsm_8k" in [" ".join(line.split()) for line in lines]


def test_nothing_fetched_is_all_absent(typed: Typed, root: Path) -> None:
    states = {row["state"] for row in listed(typed(root, "data", "list", "--json")).values()}
    assert states == {"absent", "no task"}


def test_the_sample_of_this_checkout_is_whole(typed: Typed) -> None:
    ended = typed(Path(__file__).parents[2], "data", "check", "--data", "sample", "--json")
    assert ended.exit_code == 0, ended.output
    found = json.loads(ended.stdout)
    assert found["name"] == "sample"
    assert {"mmlu", "humaneval", "gsm8k", "mbpp", "hellaswag", "arc_challenge", "math", "repobench"} <= {
        row["dataset"] for row in found["datasets"]
    }
    assert all(row["whole"] for row in found["datasets"])


def test_what_is_not_whole_is_told_with_its_line_and_by_the_exit_code(
    typed: Typed, root: Path, own: Path
) -> None:
    whole = typed(root, "data", "check", "--data", str(own))
    assert (whole.exit_code, whole.stdout) == (0, "gsm8k: whole (train 3, test 3 rows)\n")
    path = own / "openai" / "gsm8k" / "main" / "test.jsonl"
    path.write_text(path.read_text() + "{\n")
    spoilt = typed(root, "data", "check", "gsm8k", "mmlu", "--data", str(own))
    assert spoilt.exit_code == 1
    assert spoilt.stdout.splitlines() == [
        "gsm8k: not whole (train 3, test 3 rows)",
        f"  openai/gsm8k/main/test.jsonl line 4: not JSON at column 2: {WORDS}",
        "mmlu: absent: `harness data fetch mmlu`",
    ]
    rows = json.loads(typed(root, "data", "check", "apps", "--data", str(own), "--json").stdout)["datasets"]
    assert [(row["dataset"], row["state"], row["whole"]) for row in rows] == [("apps", "no task", False)]


WORDS = "Expecting property name enclosed in double quotes"
"""What Python's parser says of a line that ends too early."""
