"""`harness results scores`, typed in a checkout whose store has evaluations."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click.testing
import pytest

from harness.results.record import Outcome
from tests.results.evaluated import answers, cell, kept, result

Typed = Callable[..., click.testing.Result]
Scores = Callable[..., click.testing.Result]

HALF, MOST, ALL = [1.0, 0.0] * 30, [1.0] * 54 + [0.0] * 6, [1.0] * 60
OLD, NEW, SAMPLE = (f"202611{day}T000000Z-evaluation-cpu-abcd" for day in ("20", "21", "22"))


@pytest.fixture(scope="module")
def evaluated(root: Path) -> Path:
    """A checkout with three evaluations, the last on sample data, and a run of another suite."""
    results = root / "results"
    kept(
        results,
        OLD,
        [
            result(cell("qwen3_8b", "gsm8k"), answers("gsm8k", HALF, seconds=0.5)),
            result(cell("llama31_8b", "gsm8k"), answers("gsm8k", MOST, seconds=0.25)),
        ],
    )
    kept(
        results,
        NEW,
        [
            result(
                cell("qwen3_8b", "gsm8k"), answers("gsm8k", ALL, seconds=0.5), memory_bytes=17_000_000_000
            ),
            result(
                cell("qwen3_8b", "humaneval", categories=("efficiency_optimized",)),
                answers("humaneval", MOST),
            ),
            result(cell("mistral_7b", "gsm8k"), outcome=Outcome.SKIPPED, message="its weights are not here"),
        ],
    )
    kept(results, SAMPLE, [result(cell("phi35_mini", "gsm8k", data="sample"), answers("gsm8k", ALL))])
    kept(results, "20261123T000000Z-throughput-cpu-abcd", [])
    return root


@pytest.fixture
def scores(typed: Typed, evaluated: Path) -> Scores:
    return lambda *arguments: typed(evaluated, "results", "scores", *arguments)


def document(ended: click.testing.Result) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(ended.stdout)
    return found


def test_the_newest_result_of_each_cell_is_shown_by_category(scores: Scores) -> None:
    ended = scores("--markdown")
    assert ended.exit_code == 0
    assert "| qwen3_8b | 100.0% (94.0 to 100.0) |" in ended.stdout  # and not the 50 % of the older run
    assert "| llama31_8b | 90.0% (79.9 to 95.3) |" in ended.stdout
    assert "### general_purpose" in ended.stdout
    assert "### efficiency_optimized" in ended.stdout
    assert "its weights are not here (mistral_7b gsm8k)" in ended.stdout


@pytest.mark.parametrize("runs", [(OLD, NEW), (NEW, OLD)])
def test_of_runs_that_are_named_the_newest_wins_however_they_are(
    scores: Scores, runs: tuple[str, ...]
) -> None:
    found = document(scores(*runs, "--json"))
    assert found["cells"][cell("qwen3_8b", "gsm8k").id]["run"] == NEW
    assert found["cells"][cell("llama31_8b", "gsm8k").id]["run"] == OLD


def test_sample_data_stands_in_a_column_of_its_own(scores: Scores) -> None:
    text = scores("--markdown", "--dataset", "gsm-8k").stdout  # an alias
    (head,) = [line for line in text.splitlines() if line.startswith("| model")]
    assert head.startswith("| model | gsm8k 60 questions | gsm8k 60 questions sample |")
    (row,) = [line for line in text.splitlines() if line.startswith("| phi35_mini")]
    assert row.startswith("| phi35_mini |  | 100.0% (94.0 to 100.0) |")


def test_a_terminal_gets_tables(scores: Scores) -> None:
    ended = scores(NEW)
    assert ended.exit_code == 0
    assert "100.0%" in ended.stdout
    assert "94.0 to 100.0" in ended.stdout
    assert "llama31_8b" not in ended.stdout


def test_the_document_has_every_metric_with_its_interval(scores: Scores) -> None:
    found = document(scores(NEW, "--json"))
    named = cell("qwen3_8b", "gsm8k").id
    shown = found["cells"][named]
    assert found["categories"]["general_purpose"] == [named, cell("mistral_7b", "gsm8k").id]
    assert shown["metrics"]["exact_match_flexible"]["interval"]["count"] == 60
    assert shown["metrics"]["accuracy_per_gb"]["value"] == pytest.approx(1 / 17)
    assert (shown["run"], shown["questions"]["benchmark"], shown["memory_bytes"]) == (NEW, True, 17e9)
    sample = document(scores(SAMPLE, "--json"))["cells"]
    assert [row["questions"]["benchmark"] for row in sample.values()] == [False]


def test_a_category_shows_what_it_asks_of_its_models(scores: Scores) -> None:
    found = document(scores("--category", "efficiency-optimized", "--json"))
    assert list(found["categories"]) == ["efficiency_optimized"]
    models = {row["who"]["model"] for row in found["cells"].values()}
    assert models <= {"phi35_mini", "qwen25_0_5b", "qwen25_3b"}


def test_what_changed_is_told_and_a_loss_is_exit_code_1(scores: Scores) -> None:
    better = scores(NEW, "--against", OLD, "--json")
    (change,) = document(better)["changes"]
    assert (better.exit_code, change["verdict"], change["gained"], change["lost"]) == (0, "better", 30, 0)
    worse = scores(OLD, "--against", NEW)
    assert worse.exit_code == 1
    assert "worse" in worse.stdout
    assert "llama31_8b-cpu-evaluation" in worse.stdout  # which has no pair, and why
    assert "not asked in the other run" in " ".join(worse.stdout.split())


def test_without_runs_named_all_others_are_held_against_the_one(scores: Scores) -> None:
    found = document(scores("--against", OLD, "--json"))
    assert {row["run"] for row in found["cells"].values()} == {NEW, SAMPLE}
    assert [change["against"]["run"] for change in found["changes"]] == [OLD]
    assert "### general_purpose" in scores("--against", OLD, "--markdown").stdout
    assert "| better |" in scores("--against", OLD, "--markdown").stdout


def test_a_picture_is_drawn_and_told(scores: Scores, tmp_path: Path) -> None:
    file = tmp_path / "scores.svg"
    ended = scores(OLD, "--plot", str(file), "--json")
    assert ended.exit_code == 0, ended.stderr
    found = document(ended)["picture"]
    assert [point["name"] for point in found["points"]] == ["llama31_8b", "qwen3_8b"]
    assert found["fronts"]["questions answered a second"] == ["llama31_8b"]
    assert "<svg" in file.read_text()


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--category", "general"), "there is no category 'general'"),
        (("--dataset", "gsm9k"), "there is no dataset 'gsm9k'; the nearest is gsm8k"),
        (("20261120",), "there is no run '20261120'"),
        (("--against", "yesterday"), "there is no run 'yesterday'"),
        (("--dataset", "hellaswag"), "nothing of that was evaluated"),
        ((SAMPLE, "--against", OLD), "was asked none of the same questions"),
        (("--plot", "none.svg"), "have no place in one picture"),
        ((OLD, "--plot", "/nonexistent/scores.svg"), "cannot be written"),
    ],
)
def test_a_mistake_is_one_sentence(
    scores: Scores, sentence: Callable[[str], str], arguments: tuple[str, ...], told: str
) -> None:
    ended = scores(*arguments)
    assert ended.exit_code == 2
    assert told in sentence(ended.stderr)


def test_an_empty_store_says_how_to_begin(
    typed: Typed, copy_checkout: Callable[[], Path], sentence: Callable[[str], str]
) -> None:
    ended = typed(copy_checkout(), "results", "scores")
    assert ended.exit_code == 2
    assert "nox -s eval" in sentence(ended.stderr)
