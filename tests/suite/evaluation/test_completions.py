"""What goes to a server, and what comes of whatever it answers."""

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.suite.evaluation.engines.completions import counted, likelihood, said, split, wanted
from harness.suite.evaluation.engines.wire import Broken, parsed, shown

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)
NAMES = ("choices", "usage", "text", "message", "content", "finish_reason", "logprobs", "token_logprobs",
         "top_logprobs", "prompt_tokens")  # fmt: skip
NEAR = st.recursive(
    JSON,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner),
    max_leaves=12,
)
ANSWERS = st.dictionaries(st.sampled_from(NAMES), NEAR)


@given(ANSWERS, st.booleans())
def test_whatever_a_server_answers_is_an_answer_or_broken(answer: dict[str, Any], chat: bool) -> None:
    with suppress(Broken):
        said(answer, {"until": ["\n"]}, chat=chat).value.encode()
    with suppress(Broken):
        assert counted(answer) >= 0
    with suppress(Broken):
        found = likelihood(answer, 1)
        assert found is None or found[0] == found[0]  # no NaN


@given(st.binary())
def test_any_bytes_are_an_object_or_broken(content: bytes) -> None:
    with suppress(Broken):
        assert isinstance(parsed(content), dict)
    assert shown(content).isprintable()


def answer(**choice: Any) -> dict[str, Any]:
    return {"choices": [choice], "usage": {"prompt_tokens": 3, "completion_tokens": 2}}


@pytest.mark.parametrize(
    ("choice", "value", "stopped"),
    [
        ({"text": "a\nb", "finish_reason": "length"}, "a", "stop"),
        ({"text": "ab", "finish_reason": "length"}, "ab", "length"),
        ({"text": "ab", "finish_reason": "stop"}, "ab", "end"),
        ({"text": "ab", "finish_reason": "stop", "stop_reason": "\n"}, "ab", "stop"),
        ({"text": "ab", "finish_reason": None}, "ab", "end"),
        ({"text": "", "finish_reason": "content_filter"}, "", "content_filter"),
    ],
)
def test_a_text_is_cut_at_its_words_and_says_why_it_ended(
    choice: dict[str, Any], value: str, stopped: str
) -> None:
    found = said(answer(**choice), {"until": ["\n"]}, chat=False)
    assert (found.value, found.stopped, found.tokens) == (value, stopped, 2)


def test_one_that_only_thought_has_said_nothing() -> None:
    assert said(answer(message={"content": None}, finish_reason="length"), {}, chat=True).value == ""


def test_choices_are_told_from_their_question_by_the_tokens() -> None:
    logprobs = {
        "token_logprobs": [None, -1.0, -2.0, -9.0],
        "top_logprobs": [None, {"a": -1.0}, {"b": -0.5, "c": -2.0}, {}],
    }
    assert likelihood(answer(logprobs=logprobs), 1) == (-3.0, False)
    assert likelihood(answer(logprobs=logprobs), 2) == (-2.0, False)
    assert likelihood(answer(logprobs=logprobs | {"token_logprobs": [None, -1.0]}), 1) is None
    with pytest.raises(Broken, match="no numbers"):
        likelihood(answer(logprobs=logprobs | {"token_logprobs": [None, float("nan"), -2.0]}), 1)


def test_blanks_between_question_and_choice_belong_to_the_choice() -> None:
    assert split("Answer: ", "yes") == ("Answer:", " yes")
    assert split("", "yes") == ("", "yes")


def test_few_words_that_end_an_answer_are_sent_and_no_temperature_where_nothing_is_drawn() -> None:
    settings = {"until": list("abcdef"), "max_gen_toks": 5, "do_sample": False, "temperature": 0.7}
    asked = wanted("m", "q", settings, chat=False)
    assert asked == {"model": "m", "prompt": "q", "max_tokens": 5, "temperature": 0.0, "stop": list("abcd")}
    assert "seed" in wanted("m", "q", settings | {"do_sample": True}, chat=False)
