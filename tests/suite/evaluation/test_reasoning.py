"""Thinking is told from answering as lm_eval tells it, whatever marks it, and whether it ended or not."""

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lm_eval.models.utils import postprocess_generated_text

from harness.suite.evaluation.reasoning import (
    MARKS,
    Marks,
    Parts,
    Thinking,
    opens_thinking,
    part,
    shown,
    thinking,
    truncated,
)

WORDS = st.text(st.characters(exclude_characters="<>[]|◁▷:", exclude_categories=["Cs"]))
ROWS = st.sampled_from(MARKS)


@given(ROWS, WORDS, WORDS)
def test_what_stands_between_the_marks_is_thinking(row: Marks, thought: str, said: str) -> None:
    parts = part(f"\n{row.opens}{thought}{row.closes}\n\n{said}")
    assert parts == Parts(thinking=thought, answer=said.lstrip(), closed=True)
    assert part(f"{row.opens}{thought}") == Parts(thinking=thought, answer="", closed=False)


@given(ROWS, WORDS, WORDS)
def test_a_template_may_open_the_thinking(row: Marks, thought: str, said: str) -> None:
    assert opens_thinking(f"Why?{row.opens}\n")
    closed = part(f"{thought}{row.closes}{said}", opened=True)
    assert closed == Parts(thinking=thought.lstrip(), answer=said.lstrip(), closed=True)
    assert part(thought, opened=True) == Parts(thinking=thought.lstrip(), answer="", closed=False)
    assert (part(f"{thought}{row.closes}{said}").thinking is not None) == row.bare


@given(WORDS)
def test_who_does_not_think_only_answers(said: str) -> None:
    assert part(said) == Parts(thinking=None, answer=said, closed=True)
    assert not opens_thinking(said)


@given(st.lists(st.sampled_from(["<think>", "</think>", "a", " b\n", "Q:"]), max_size=8).map("".join))
def test_the_answer_is_the_one_that_lm_eval_scores(text: str) -> None:
    parts = part(text)
    if "</think>" in text:
        assert parts.answer == postprocess_generated_text(text, None, "</think>")
    else:
        assert parts.answer in {text, ""}
    assert part(parts.answer).answer == parts.answer or "<think>" in parts.answer


@given(WORDS, st.integers(1, 50))
def test_thinking_takes_of_the_budget_what_it_counts(thought: str, budget: int) -> None:
    found = thinking(part(f"<think>{thought}"), len, budget)
    assert found == Thinking(tokens=len(thought), budget_used=min(1, len(thought) / budget))
    assert thinking(part("Paris"), len, budget) is None


@pytest.mark.parametrize(
    ("text", "stopped", "expected"),
    [
        ("<think>so</think>4", "end", False),
        ("<think>so</think>4", "length", True),
        ("<think>so", "end", True),
        ("4", "stop", False),
        ("4", "time", True),
    ],
)
def test_what_was_cut_or_still_thought_is_truncated(text: str, stopped: str, *, expected: bool) -> None:
    assert truncated(part(text), stopped) is expected


@given(st.text())
def test_what_is_shown_can_be_printed_and_is_short(text: str) -> None:
    line = shown(text, 20)
    assert line.isprintable()
    assert len(line) <= 21 * len("\\U0010ffff")
    if text.isprintable() and len(text) <= 20:
        assert line == text


def test_control_characters_are_told_by_their_numbers() -> None:
    assert shown("\x1b[31mred\x00\n\u202eevil") == "\\x1b[31mred\\x00\\n\\u202eevil"


def test_no_library_is_needed() -> None:
    code = "import sys, harness.suite.evaluation.reasoning; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
