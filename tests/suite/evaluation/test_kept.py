"""Answers that are written as they come, and found again."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from harness.suite.evaluation.kept import Answer, Answers

SETTINGS = {"until": ["\n"], "do_sample": False}


@given(
    st.lists(
        st.builds(
            Answer,
            value=st.text() | st.floats(allow_nan=False) | st.tuples(st.floats(allow_nan=False)).map(list),
            tokens=st.none() | st.integers(0, 10**6),
            seconds=st.none() | st.floats(0, 10**6),
            stopped=st.sampled_from(["", "end", "length"]),
            text=st.none() | st.text(min_size=1),
        )
    )
)
def test_what_was_answered_is_found_again(
    tmp_path_factory: pytest.TempPathFactory, answers: list[Answer]
) -> None:
    path = tmp_path_factory.mktemp("answers") / "cell.jsonl"
    new = Answers(path)
    for number, answer in enumerate(answers):
        new.keep("generate_until", (f"question {number}", SETTINGS), 0, answer)
    later = Answers(path.with_name("later.jsonl"), path)
    assert later.earlier == len(answers)
    for number, answer in enumerate(answers):
        assert later.of("generate_until", (f"question {number}", SETTINGS), 0) == answer


def test_another_question_kind_or_turn_has_no_answer(tmp_path: Path) -> None:
    answers = Answers(tmp_path / "cell.jsonl")
    answers.keep("loglikelihood", ("a", "b"), 0, Answer(value=[-1.5, 1.0]))
    others: list[tuple[str, tuple[Any, ...], int]] = [
        ("loglikelihood", ("a", "c"), 0),
        ("loglikelihood_rolling", ("a", "b"), 0),
        ("loglikelihood", ("a", "b"), 1),
    ]
    assert answers.of("loglikelihood", ("a", "b"), 0) == Answer(value=[-1.5, 1.0])
    assert [answers.of(*other) for other in others] == [None] * 3


def test_a_line_that_is_none_of_ours_is_as_if_nothing_had_been_asked(tmp_path: Path) -> None:
    path = tmp_path / "cell.jsonl"
    answers = Answers(path)
    answers.keep("generate_until", ("q", SETTINGS), 0, Answer(value="a"))
    whole = path.read_text()
    path.write_text(f'[]\nnull\n{{"request": 1}}\n\x00\n{whole}{whole[:20]}')
    later = Answers(tmp_path / "later.jsonl", path)
    assert later.earlier == 1
    assert later.of("generate_until", ("q", SETTINGS), 0) == Answer(value="a")


def test_questions_that_differ_in_their_images_have_answers_of_their_own(tmp_path: Path) -> None:
    answers = Answers(tmp_path / "cell.jsonl")
    black, white = (("q", SETTINGS, {"visual": [Image.new("L", (1, 1), shade)]}) for shade in (0, 255))
    answers.keep("generate_until", black, 0, Answer(value="dark"))
    assert answers.of("generate_until", black, 0) == Answer(value="dark")
    assert answers.of("generate_until", white, 0) is None
