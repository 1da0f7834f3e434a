"""What thinking took, and whether it was cut short, reaches a question's row."""

from pathlib import Path
from typing import Any

import pytest

from harness.suite.evaluation.judged import Pass, judged
from harness.suite.evaluation.kept import Answer, Answers

SETTINGS = {"until": ["\n"]}


def log(question: str) -> dict[str, Any]:
    """As lm_eval logs it."""
    return {
        "doc_id": 0,
        "doc_hash": "ab",
        "filter": "none",
        "arguments": [(question, SETTINGS)],
        "filtered_resps": ["4"],
        "metrics": ["exact_match"],
        "exact_match": 1.0,
    }


@pytest.mark.parametrize(
    ("given", "thinking", "used", "truncated"),
    [
        ([Answer(value="4", tokens=30, stopped="end", thinking=20)], 20, 0.5, False),
        ([Answer(value="4", tokens=10, stopped="end")], None, None, False),
        ([Answer(value="<think>", tokens=9, stopped="thought", thinking=9)], 9, 9 / 40, True),
        ([Answer(value="4", tokens=60, stopped="length", thinking=60)], 60, 1, True),
        (
            [
                Answer(value="4", tokens=30, stopped="end", thinking=20),
                Answer(value="4", tokens=9, stopped="end"),
            ],
            20,
            0.5,
            False,
        ),
    ],
)
def test_thinking_is_told_of_its_budget(
    tmp_path: Path, given: list[Answer], thinking: int | None, used: float | None, *, truncated: bool
) -> None:
    answers = Answers(tmp_path / "answers.jsonl")
    for turn, answer in enumerate(given):
        answers.keep("generate_until", ("2 + 2", SETTINGS), turn, answer)
    passes = [Pass(turn=turn, samples={"sums": [log("2 + 2")]}) for turn in range(len(given))]
    (row,) = judged(passes, answers, "exact_match_strict", budget=40)
    assert (row.thinking_tokens, row.thinking_budget_used, row.truncated) == (thinking, used, truncated)
