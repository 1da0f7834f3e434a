"""The table of scores: what stands where, what is marked, and what is said below."""

import io
from collections.abc import Sequence

from rich.console import Console

from harness.results.record import Outcome, Result
from harness.results.score_table import (
    CHANCE,
    MADE_UP,
    MEANING,
    NO_BENCHMARK,
    grid,
    markdown,
    meanings,
    tables,
    unscored,
)
from harness.results.sections import Section
from harness.results.standings import standings
from tests.results.evaluated import answers, cell, rated, result

HALF = [1.0, 0.0] * 50
MOST = [1.0] * 90 + [0.0] * 10


def section(*found: Result) -> Section:
    return Section(title="general_purpose", standings=standings(found))


def printed(shown: Section) -> str:
    out = Console(file=io.StringIO(), width=120)
    for part in tables([shown]):
        out.print(part)
    assert isinstance(out.file, io.StringIO)
    return out.file.getvalue()


def rows(shown: Section) -> list[Sequence[str]]:
    """Of the Markdown table, the cells of each row below its head."""
    lines = [line for line in markdown([shown]).splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


ASKED = (("qwen3_8b", MOST), ("llama31_8b", HALF))
BOTH = section(
    result(cell("qwen3_8b", "gsm8k"), answers("gsm8k", MOST, seconds=0.5), memory_bytes=16_400_000_000),
    result(cell("llama31_8b", "gsm8k"), answers("gsm8k", HALF, seconds=0.25)),
    result(cell("llama31_8b", "mmlu"), answers("mmlu", HALF, tokens=None, seconds=0.25)),
)


def test_a_score_stands_with_its_interval_and_the_best_is_marked() -> None:
    text = printed(BOTH)
    assert "90.0%*" in text
    assert "82.6 to 94.5" in text  # Wilson, of 90 of 100
    assert "50.0%*" not in text
    assert "100 questions" in text
    assert MEANING in " ".join(text.split())


def test_speed_and_memory_are_told_where_they_were_measured() -> None:
    assert rows(BOTH) == [
        ["llama31_8b", "50.0% (40.4 to 59.6)", "50.0% (40.4 to 59.6)", "200", "4", "-"],
        ["qwen3_8b", "90.0%* (82.6 to 94.5)", "", "100", "2", "16.4"],
    ]
    untimed = section(result(cell("qwen3_8b", "mmlu"), answers("mmlu", HALF, tokens=None, seconds=None)))
    assert rows(untimed) == [["qwen3_8b", "50.0% (40.4 to 59.6)"]]


def test_nobody_mistakes_invented_questions_for_a_benchmark() -> None:
    mixed = section(
        result(cell("qwen3_8b", "gsm8k", data="sample"), answers("gsm8k", MOST)),
        result(cell("llama31_8b", "gsm8k"), answers("gsm8k", HALF, first=1000)),
    )
    (head,) = [line for line in markdown([mixed]).splitlines() if line.startswith("| model")]
    assert head.count("gsm8k 100 questions") == 2
    assert head.count("gsm8k 100 questions sample") == 1
    assert [row.scores.count(("", "")) for row in grid(mixed)] == [1, 1]
    assert "*" not in markdown([mixed]).replace("; * marks", "")  # nobody is best of a column alone
    assert NO_BENCHMARK.format(data="sample") in meanings(mixed)
    assert meanings(BOTH) == [MEANING]


def test_nobody_mistakes_random_weights_for_the_model() -> None:
    shown = section(result(cell("qwen3_8b", "gsm8k", weights="tiny"), answers("gsm8k", HALF)))
    assert rows(shown)[0][0] == "qwen3_8b (random weights)"
    assert CHANCE in meanings(shown)
    assert CHANCE not in meanings(BOTH)


def test_nobody_mistakes_the_datasets_own_answers_for_a_model_s() -> None:
    gold = result(cell("phi35_mini", "gsm8k", engine="gold"), answers("gsm8k", [1.0] * 100))
    shown = section(gold, *(result(cell(model, "gsm8k"), answers("gsm8k", right)) for model, right in ASKED))
    text = markdown([shown])
    assert "| phi35_mini (gold answers, no model's) | 100.0% (96.3 to 100.0) |" in text
    assert "| qwen3_8b (transformers) | 90.0%* (82.6 to 94.5) |" in text  # the best of the models
    assert MADE_UP in meanings(shown)


def test_two_choices_of_as_many_questions_are_told_apart() -> None:
    shown = section(
        result(cell("qwen3_8b", "gsm8k"), answers("gsm8k", MOST)),
        result(cell("llama31_8b", "gsm8k"), answers("gsm8k", HALF, first=1000)),
    )
    choices = {column.chosen[:4] for column in shown.columns}
    assert len(choices) == 2
    assert all(f"choice {choice}" in markdown([shown]) for choice in choices)


def test_ratings_stand_in_their_own_unit_with_the_judge() -> None:
    text = markdown([section(rated("qwen3_8b", [7.0, 8.0, 7.5, None]))])
    assert "mt_bench 4 questions rated by qwen3_14b, our own" in text
    assert "| qwen3_8b | 7.50/10 (" in text


def test_what_differs_in_the_asking_is_named_and_nothing_else() -> None:
    shown = section(
        result(cell("qwen3_8b", "gsm8k"), answers("gsm8k", MOST)),
        result(cell("qwen3_8b", "gsm8k", engine="vllm"), answers("gsm8k", MOST)),
    )
    assert [row[0] for row in rows(shown)] == ["qwen3_8b (transformers)", "qwen3_8b (vllm)"]
    assert rows(BOTH)[0][0] == "llama31_8b"


def test_what_was_not_scored_is_listed_with_the_reason_once() -> None:
    why = "its weights are not here: `harness models fetch`"
    shown = section(
        *BOTH_RESULTS,
        *(
            result(cell(model, "gsm8k"), outcome=Outcome.SKIPPED, message=why)
            for model in ("phi35_mini", "yi_9b")
        ),
        result(cell("mistral_7b", "gsm8k"), outcome=Outcome.OOM, message="out of memory\x1b[31m\nTraceback"),
    )
    assert f"skipped: {why} (phi35_mini gsm8k, yi_9b gsm8k)" in unscored(shown)
    assert "oom: out of memory?[31m (mistral_7b gsm8k)" in unscored(shown)  # no escape reaches the terminal
    assert [row[0] for row in rows(shown)] == ["qwen3_8b"]


BOTH_RESULTS = (result(cell("qwen3_8b", "gsm8k"), answers("gsm8k", MOST)),)


def test_of_nothing_scored_only_the_reasons_are_told() -> None:
    shown = section(result(cell("qwen3_8b", "gsm8k"), outcome=Outcome.SKIPPED, message="no data"))
    assert unscored(shown) == ["skipped: no data (qwen3_8b gsm8k)"]
    assert "|" not in markdown([shown])
    assert "─" not in printed(shown)
