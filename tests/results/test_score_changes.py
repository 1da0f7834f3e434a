"""Two runs compared question by question: what is said to have changed, and what is no pair."""

import random
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from harness.results.record import Outcome, Result
from harness.results.score_changes import Comparison, compare, markdown
from harness.results.standings import standings
from tests.results.evaluated import answers, cell, draws, rated, result

BEFORE = [1.0] * 60 + [0.0] * 40


def compared(now: Sequence[Result], before: Sequence[Result]) -> Comparison:
    return compare(standings(now), standings(before))


def asked(right: Sequence[float], model: str = "qwen3_8b", **questions: Any) -> Result:
    return result(cell(model, "gsm8k", **questions), answers("gsm8k", right))


@pytest.mark.parametrize(
    ("now", "gained", "lost", "verdict"),
    [
        (BEFORE, 0, 0, "no change shown"),
        ([1.0] * 67 + [0.0] * 33, 7, 0, "better"),
        ([1.0] * 50 + [0.0] * 50, 0, 10, "worse"),
        ([0.0] * 5 + [1.0] * 61 + [0.0] * 34, 6, 5, "no change shown"),
    ],
)
def test_a_change_is_told_question_by_question(
    now: list[float], gained: int, lost: int, verdict: str
) -> None:
    (change,) = compared([asked(now)], [asked(BEFORE)]).changes
    assert (change.gained, change.lost, change.verdict) == (gained, lost, verdict)
    assert change.interval.value == pytest.approx((sum(now) - sum(BEFORE)) / 100)
    assert change.interval.low <= change.interval.value <= change.interval.high


def test_a_model_that_only_wavers_is_seldom_said_to_have_changed() -> None:
    """A tenth of the answers are tossed anew each time."""
    chance = random.Random(0)
    alarms = 0
    for _ in range(200):
        first, second = (
            [value if chance.random() < 0.9 else float(chance.random() < 0.5) for value in BEFORE]
            for _ in "ab"
        )
        (change,) = compared([asked(first)], [asked(second)]).changes
        alarms += change.verdict != "no change shown"
    assert alarms <= 200 * 0.07


def test_the_order_of_subtasks_in_the_facts_makes_no_difference() -> None:
    now = asked(draws(0.5, 30))
    facts = dict(now.report.facts) | {"subtasks": dict(reversed(now.report.facts["subtasks"].items()))}
    turned = replace(now, report=replace(now.report, facts=facts))
    (change,) = compared([turned], [asked(draws(0.5, 30))]).changes
    assert (change.gained, change.lost) == (0, 0)


def test_the_same_questions_to_another_engine_are_a_pair_and_said_to_be() -> None:
    found = compared([asked(BEFORE, engine="vllm")], [asked(BEFORE)])
    assert len(found.changes) == 1
    assert "engine transformers → vllm" in markdown(found)


def test_of_several_the_one_asked_alike_is_the_pair() -> None:
    before = [asked(BEFORE, engine="vllm"), asked(BEFORE)]
    (change,) = compared([asked(BEFORE)], before).changes
    assert change.before.who.engine == "transformers"
    found = compared([asked(BEFORE, engine="openai")], before)
    assert not found.changes
    assert "several other ways" in found.unpaired[0]


@pytest.mark.parametrize(
    ("before", "why"),
    [
        ([], "not asked in the other run"),
        ([asked(BEFORE, model="phi35_mini")], "not asked in the other run"),
        ([asked(BEFORE, data="sample")], "other questions in the other run"),
        ([asked(BEFORE[:50], samples=50)], "other questions in the other run"),
        (
            [result(cell("qwen3_8b", "gsm8k"), outcome=Outcome.OOM, message="out of memory")],
            "not scored in the other run: out of memory",
        ),
    ],
)
def test_what_has_no_pair_is_told_with_the_reason(before: list[Result], why: str) -> None:
    found = compared([asked(BEFORE)], before)
    assert not found.changes
    (sentence,) = found.unpaired
    assert why in sentence
    assert sentence in markdown(found)


def test_answers_that_were_not_all_scored_are_no_pair() -> None:
    """The samples do not say of which question they are."""
    found = compared([rated("qwen3_8b", [8.0, None, 7.0])], [rated("qwen3_8b", [8.0, 7.0, 7.0])])
    assert not found.changes
    assert "not scored wholly" in found.unpaired[0]


def test_subtasks_that_were_split_otherwise_make_no_pair() -> None:
    """Of as many samples, and by the same hash: only forged facts have that."""
    forged = result(cell("qwen3_8b", "gsm8k"), answers("gsm8k", BEFORE), facts={"subtasks": {"logic": 100}})
    assert not compared([forged], [asked(BEFORE)]).changes


def test_subtasks_that_count_alike_do_so_in_a_change() -> None:
    """All of the logic is gained, which is a third of the questions and half of the subtasks."""
    given = [
        result(cell("qwen3_8b", "gsm8k"), answers("gsm8k", right), facts={"evenly": True})
        for right in ([1.0, 0.0, 0.0] * 20, [0.0] * 60)
    ]
    (change,) = compared(given[:1], given[1:]).changes
    assert change.interval.value == pytest.approx(0.5)


def test_a_change_of_ratings_is_told_in_their_unit() -> None:
    found = compared([rated("qwen3_8b", [8.0] * 40)], [rated("qwen3_8b", [6.0] * 40)])
    (change,) = found.changes
    assert change.interval.value == pytest.approx(2)
    assert change.verdict == "better"
    assert "| 6.00/10 | 8.00/10 | +2.00 (" in markdown(found)


def test_what_was_not_scored_now_is_not_compared() -> None:
    failed = result(cell("qwen3_8b", "gsm8k"), outcome=Outcome.OOM, message="out of memory")
    assert compared([failed], [asked(BEFORE)]) == Comparison(changes=(), unpaired=())


def test_the_page_says_how_much_and_how_surely() -> None:
    text = markdown(compared([asked([1.0] * 67 + [0.0] * 33)], [asked(BEFORE)]))
    assert (
        "| qwen3_8b | gsm8k 100 questions | 60.0% | 67.0% | +7.0 (+1.3 to +12.5) | 7 | 0 | better |" in text
    )
