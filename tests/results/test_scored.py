"""From answers to metrics: what is told of which answers, in which unit, and that the schema takes it."""

import re
from dataclasses import replace
from pathlib import Path
from statistics import fmean
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.matrix.schema import require
from harness.results.record import Metric, Outcome, Report
from harness.results.scored import Costs, Repeat, Scored, ordered, score_facts, score_metrics

CHOICE = [
    Scored(sample=str(number), subtask=subtask, values={"accuracy": right, "accuracy_norm": 1.0}, seconds=0.5)
    for subtask, answers in (("law", (1.0, 0.0)), ("art", (1.0, 1.0, 0.0, 1.0)))
    for number, right in enumerate(answers)
]
"""A multiple choice: nothing is generated."""
WRITTEN = [
    Scored(
        sample=str(number),
        values={"exact_match_strict": strict, "exact_match_flexible": flexible},
        invalid=not flexible,
        truncated=number == 3,
        tokens=10 * (number + 1),
        seconds=float(number + 1),
        thinking_tokens=number,
        thinking_budget_used=number / 10,
    )
    for number, (strict, flexible) in enumerate([(1.0, 1.0), (0.0, 1.0), (1.0, 1.0), (0.0, 0.0)])
]
"""Answers in words, of which a number is taken."""
PROGRAMS = [
    Scored(
        sample=str(number),
        values={"pass_at_1": fmean(scores)},
        repeats=tuple(
            Repeat(answer=answer, score=score) for answer, score in zip("aab", scores, strict=True)
        ),
    )
    for number, scores in enumerate([(1.0, 1.0, 0.0), (0.0, 0.0, 1.0)])
]
"""Programs, each question asked three times."""
COSTS = Costs(memory_bytes=4_000_000_000, active_parameters=500_000_000, joules=2_000.0)


def metrics(rows: list[Scored], score: str, **named: Any) -> dict[str, Metric]:
    return {row.name: row for row in score_metrics(rows, dataset="quiz", score=score, **named)}


def test_of_a_choice_nothing_is_told_that_was_not_generated() -> None:
    found = metrics(CHOICE, "accuracy")
    assert list(found) == ["accuracy", "accuracy_norm", "sample_seconds", "accuracy_per_second"]
    assert {row.phase for row in found.values()} == {"quiz"}
    assert found["accuracy"].value == pytest.approx(4 / 6)


def test_samples_are_in_an_order_that_tells_the_subtasks() -> None:
    found, facts = metrics(CHOICE, "accuracy"), score_facts(CHOICE)
    assert list(found["accuracy"].samples) == [1.0, 1.0, 0.0, 1.0, 1.0, 0.0]
    assert facts["subtasks"] == {"art": 4, "law": 2}


def test_a_group_may_be_weighted_evenly() -> None:
    found = metrics(CHOICE, "accuracy", evenly=True)
    assert found["accuracy"].value == pytest.approx((3 / 4 + 1 / 2) / 2)


def test_of_a_written_answer_its_form_length_and_thinking_are_told() -> None:
    found = metrics(WRITTEN, "exact_match_flexible")
    assert found["exact_match_strict"].value == 0.5
    assert found["exact_match_flexible"].value == 0.75
    assert found["flexible_gap"].value == 0.25
    assert list(found["flexible_gap"].samples) == [0, 1, 0, 0]
    assert found["invalid_answers"].value == 0.25
    assert list(found["truncated"].samples) == [0, 0, 0, 1]
    assert found["answer_tokens"].value == 25  # the median
    assert found["sample_seconds"].value == 2.5
    assert found["thinking_tokens"].value == 1.5
    assert found["thinking_budget_used"].value == pytest.approx(0.15)


def test_thinking_is_told_of_the_questions_that_had_some() -> None:
    rows = [replace(WRITTEN[0], thinking_tokens=None, thinking_budget_used=None), *WRITTEN[1:]]
    found = metrics(rows, "exact_match_flexible")
    assert list(found["thinking_tokens"].samples) == [1, 2, 3]
    assert list(found["answer_tokens"].samples) == [10, 20, 30, 40]


def test_repeats_give_attempts_agreement_and_a_vote() -> None:
    found = metrics(PROGRAMS, "pass_at_1")
    assert found["pass_at_1"].value == pytest.approx((2 / 3 + 1 / 3) / 2)
    assert found["pass_at_3"].value == 1
    assert "pass_at_5" not in found
    assert list(found["self_consistency"].samples) == [2 / 3, 2 / 3]
    assert list(found["majority_accuracy"].samples) == [1.0, 0.0]


def test_a_question_that_no_repeat_answers_is_no_vote_for_nothing() -> None:
    mute = tuple(Repeat(answer=None, score=1.0) for _ in range(3))  # a score that nothing was taken for
    found = metrics([replace(PROGRAMS[0], repeats=mute)], "pass_at_1")
    assert list(found["majority_accuracy"].samples) == [0]
    assert list(found["self_consistency"].samples) == [0]


def test_the_gap_weighs_subtasks_as_the_scores_do() -> None:
    rows = [replace(row, subtask="hard" if row.sample == "1" else "easy") for row in WRITTEN]
    for evenly in (False, True):
        found = metrics(rows, "exact_match_flexible", evenly=evenly)
        gap = found["exact_match_flexible"].value - found["exact_match_strict"].value
        assert found["flexible_gap"].value == pytest.approx(gap)
    assert gap == pytest.approx(0.5)


def test_rates_are_the_score_against_what_it_cost() -> None:
    found = metrics(WRITTEN, "exact_match_flexible", costs=COSTS)
    score, seconds = found["exact_match_flexible"], sum(row.seconds or 0 for row in WRITTEN)
    expected = {
        "accuracy_per_second": (3 / seconds, "1/s"),
        "accuracy_per_gb": (0.75 / 4, "1/GB"),
        "accuracy_per_active_billion": (0.75 / 0.5, "1/1e9"),
        "accuracy_per_kilojoule": (3 / 2, "1/kJ"),
    }
    assert score.interval is not None
    for name, (value, unit) in expected.items():
        rate = found[name]
        assert rate.interval is not None
        assert rate.unit == unit
        assert rate.value == pytest.approx(value)
        assert rate.interval.low / rate.value == pytest.approx(score.interval.low / score.value)
        assert not rate.samples


def test_what_is_not_known_has_no_rate() -> None:
    untimed = [replace(WRITTEN[0], seconds=None), *WRITTEN[1:]]
    found = metrics(untimed, "exact_match_flexible", costs=Costs(joules=0.0))
    assert not [name for name in found if name.startswith("accuracy_per")]


def test_no_right_answer_at_all_is_a_score_too() -> None:
    found = metrics([replace(row, values={"f1": 0.0}) for row in WRITTEN], "f1")
    interval = found["f1"].interval
    assert interval is not None
    assert (found["f1"].value, interval.low, found["accuracy_per_second"].value) == (0, 0, 0)
    assert interval.high > 0.3  # of four answers


@given(st.permutations(CHOICE))
def test_the_order_of_the_answers_makes_no_difference(rows: list[Scored]) -> None:
    """The order in which a batch is put together is not that of the questions."""
    assert metrics(rows, "accuracy") == metrics(CHOICE, "accuracy")
    assert score_facts(rows) == score_facts(CHOICE)
    assert ordered(rows) == ordered(CHOICE)


@given(st.integers(0, len(CHOICE) - 1))
def test_other_questions_have_another_hash(place: int) -> None:
    row = CHOICE[place]
    mended = (replace(row, sample="99"), replace(row, subtask="tax"), replace(row, content="written anew"))
    others = [[other if each is row else each for each in CHOICE] for other in mended]
    fewer = [each for each in CHOICE if each is not row]
    hashes = {score_facts(rows)["chosen"] for rows in (CHOICE, fewer, *others)}
    assert len(hashes) == 5


def all_metrics() -> list[Metric]:
    return [
        *score_metrics(CHOICE, dataset="quiz", score="accuracy", costs=COSTS),
        *score_metrics(WRITTEN, dataset="quiz", score="exact_match_flexible", costs=COSTS),
        *score_metrics(PROGRAMS, dataset="quiz", score="pass_at_1", costs=COSTS),
    ]


def test_the_schema_takes_every_metric() -> None:
    report = Report(
        cell="quiz",
        outcome=Outcome.PASSED,
        metrics=tuple(all_metrics()),
        facts=score_facts(CHOICE),
        started="2026-11-21T03:15:00Z",
        seconds=1.0,
    )
    require("report", report.to_json(), "the report")
    assert Report.from_json(report.to_json()) == report


def test_every_metric_is_described(root: Path) -> None:
    text = (root / "docs" / "metrics.md").read_text()
    for metric in all_metrics():
        name = "pass_at_k" if re.fullmatch(r"pass_at_[0-9]+", metric.name) else metric.name
        described = rf"^\| `{name}` \| {re.escape(metric.unit)} \|"
        assert re.search(described, text, re.MULTILINE), metric.name
