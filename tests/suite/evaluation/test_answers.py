"""Right and wrong answers, made of a row."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.suite.evaluation.answers import apart, form, other, right_choices


@pytest.mark.parametrize(
    ("answer", "another"),
    [
        *[("A", "B"), ("(B)", "(A)"), ("(C)", "(A)"), ("True", "False"), ("no", "yes"), ("invalid", "valid")],
        *[("7", "22"), ("-8", "-23"), ("3,250", "9751"), ("Paragraph 2", "Paragraph 7"), ("段落2", "段落7")],
        *[("a match", "bbbb"), ("] }", "aaaa")],
    ],
)
def test_another_answer(answer: str, another: str) -> None:
    assert other(answer) == another


@given(st.text(min_size=1))
def test_another_answer_is_another(answer: str) -> None:
    assert other(answer) != answer


@given(st.lists(st.text(), min_size=1))
def test_a_word_apart_has_no_letter_of_the_answers(answers: list[str]) -> None:
    assert not set(apart(answers)) & set("".join(answers).lower())


def test_the_longest_beginning_of_a_name_decides() -> None:
    row = {"answers": ["3"]}
    assert form("longbench_passage_count").wrong(row) == "10"
    assert form("longbench_repobench-p").wrong(row) == "aaaa"


def test_a_task_that_nobody_told_of_is_named() -> None:
    with pytest.raises(KeyError, match="an answer to winogrande is written: add a row to FORMS"):
        form("winogrande")


def test_a_wrong_program_still_defines_what_tests_name() -> None:
    wrong = form("mbpp").wrong({"code": "class Step:\r\n  pass\r\n\r\ndef go(step):\r\n  return 1"})
    names: dict[str, object] = {}
    exec(wrong, names)
    step, go = names["Step"], names["go"]
    assert callable(step)
    assert callable(go)
    assert go(step()) is None


@pytest.mark.parametrize(("target", "right"), [(2, {2}), ("yes", {0}), ([0, 2], {0, 2})])
def test_right_choices_are_those_that_the_task_names(target: object, right: set[int]) -> None:
    assert right_choices("pubmedqa", {}, target, ["yes", "no", "maybe"]) == right


def test_where_several_are_right_their_labels_tell() -> None:
    row = {"mc2_targets": {"choices": ["a", "b", "c"], "labels": [1, 0, 1]}}
    assert right_choices("truthfulqa_mc2", row, 0, ["a", "b", "c"]) == {0, 2}
