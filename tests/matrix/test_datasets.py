"""The datasets of the real matrix: every name that a category has for one leads to a task or to a reason."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harness.errors import MatrixError, SelectionError
from harness.matrix.datasets import Kind
from harness.matrix.load import load
from harness.matrix.records import Matrix
from harness.matrix.select import find_dataset

Change = Callable[[dict[str, Any]], None]

TASKS = {
    "mmlu": "mmlu",
    "humaneval": "humaneval",
    "gsm8k": "gsm8k",
    "mbpp": "mbpp",
    "hellaswag": "hellaswag",
    "arc_challenge": "arc_challenge",
    "math": "hendrycks_math",
    "repobench": "longbench_repobench-p",
    "bigbench_hard": "bbh",
    "truthfulqa": "truthfulqa_mc2",
    "medqa": "medqa_4options",
    "pubmedqa": "pubmedqa",
    "mmmu": "mmmu_val",
    "chartqa": "chartqa",
    "longbench": "longbench",
    "toxicity_detection": "toxigen",
    "mmlu_pro": "mmlu_pro",
}
ALIASES = {
    "math_competition": "math",
    "enhanced_math_fixed": "math",
    "repo_bench": "repobench",
    "human_eval": "humaneval",
    "GSM-8K": "gsm8k",
    "arc-c": "arc_challenge",
    "arc": "arc_challenge",
    "truthfulness_fixed": "truthfulqa",
    "code_contests": "codecontests",
}


def test_every_name_of_a_category_leads_to_a_task_or_a_reason(matrix: Matrix) -> None:
    named = {name for row in matrix.registry.categories for name in (*row.primary, *row.optional)}
    assert len(named) == 61
    for name in named:
        found = find_dataset(matrix, name)
        assert (found.task is None) != (found.no_task is None), name


def test_tasks_and_aliases_are_those_that_were_tried(matrix: Matrix) -> None:
    assert {row.id: row.task for row in matrix.registry.datasets if row.task} == TASKS
    assert {name: find_dataset(matrix, name).id for name in ALIASES} == ALIASES


@pytest.mark.parametrize(
    ("name", "rows"),
    [
        ("gsm8k", 1319),
        ("humaneval", 164),
        ("mbpp", 500),
        ("hellaswag", 10042),
        ("arc", 1172),
        ("mmlu", 14042),
        ("math", 5000),
        ("medqa", None),
    ],
)
def test_official_counts_are_known_or_said_to_be_unverified(
    matrix: Matrix, name: str, rows: int | None
) -> None:
    found = find_dataset(matrix, name)
    assert found.source is not None
    assert found.source.rows == rows
    assert ("rows" in found.unverified) == (rows is None)


def test_a_split_says_where_a_configurations_files_are(matrix: Matrix) -> None:
    source = find_dataset(matrix, "math").source
    assert source is not None
    assert [row.pattern("algebra") for row in source.splits] == ["algebra/train-*", "algebra/test-*"]
    medqa = find_dataset(matrix, "medqa").source
    assert medqa is not None
    assert [row.pattern("default") for row in medqa.splits] == ["train.json", "dev.json", "test.json"]


def test_programs_are_run_and_nothing_else(matrix: Matrix) -> None:
    programs = {row.id for row in matrix.registry.datasets if row.kind is Kind.PROGRAM}
    assert programs == {"humaneval", "mbpp"}


def test_each_wish_is_measured_or_says_why_not(matrix: Matrix) -> None:
    told = {row.id: row.told() for row in matrix.registry.wishes}
    assert told["pass_at_k"] == "measured as pass_at_1"
    assert told["chain_of_thought_quality"] == "not measured: nothing defines it"
    assert set(told) == {name for row in matrix.registry.categories for name in row.metrics}


def test_a_name_that_is_none_says_which_is_near(matrix: Matrix) -> None:
    with pytest.raises(SelectionError, match="there is no dataset 'gsm9k'; the nearest is gsm8k"):
        find_dataset(matrix, "gsm9k")
    with pytest.raises(SelectionError, match="`harness data list` shows them all"):
        find_dataset(matrix, "zzz")


def _row(data: dict[str, Any], name: str) -> dict[str, Any]:
    found: dict[str, Any] = next(row for row in data["datasets"] if row["id"] == name)
    return found


CHANGES: dict[str, tuple[Change, str]] = {
    "no dataset": (
        lambda data: data["categories"][0]["primary"].append("gsm9k"),
        "$.categories[0].primary[3]: there is no dataset 'gsm9k'; did you mean 'gsm8k'?",
    ),
    "no wish": (
        lambda data: data["categories"][0]["metrics"].append("pass_at_j"),
        "nothing is said of a metric 'pass_at_j'; did you mean 'pass_at_k'?",
    ),
    "an alias twice": (
        lambda data: _row(data, "gsm8k").update(aliases=["arc"]),
        "aliases[0]: 'arc' is there already, at $.datasets[",
    ),
    "an alias that is an id": (
        lambda data: _row(data, "gsm8k").update(aliases=["mmlu"]),
        "aliases[0]: 'mmlu' is there already, at $.datasets[",
    ),
    "no such split": (
        lambda data: _row(data, "gsm8k")["source"].update(asked="validation"),
        "source.asked: 'validation' is none of its splits",
    ),
    "a task without a score": (lambda data: _row(data, "gsm8k").pop("score"), "'score' is missing"),
    "neither task nor reason": (lambda data: _row(data, "apps").pop("no_task"), "'no_task' is missing"),
    "no such metric": (
        lambda data: _row(data, "gsm8k").update(score="acuracy"),
        "did you mean 'accuracy'?",
    ),
}


@pytest.mark.parametrize(("change", "sentence"), CHANGES.values(), ids=CHANGES)
def test_each_mistake_is_a_sentence_with_its_place(
    tmp_path: Path, root: Path, change: Change, sentence: str
) -> None:
    data = json.loads((root / "matrix.json").read_text())
    change(data)
    (tmp_path / "matrix.json").write_text(json.dumps(data))
    (tmp_path / "images").symlink_to(root / "images")
    with pytest.raises(MatrixError) as caught:
        load(tmp_path)
    assert any(sentence in problem for problem in caught.value.problems), caught.value.problems
