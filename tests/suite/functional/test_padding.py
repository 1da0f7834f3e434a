"""Padding, where the outputs have their tokens in another dimension than the second."""

from typing import Any

import torch

from harness.suite.functional.padding import padding_invariance
from harness.suite.functional.subject import Subject
from harness.suite.models.build import tiny_pair
from harness.suite.models.inputs.make import Layouts


def splinter() -> Subject:
    """A score a token for each of two questions: (batch, questions, tokens)."""
    model = tiny_pair("splinter", "SplinterForPreTraining", 0)
    return Subject(model, "cpu", 0, Layouts(model))


def test_the_padding_is_cut_from_whichever_dimension_grew() -> None:
    subject = splinter()
    scores = subject.forward(subject.inputs(batch=2))["start_logits"]
    assert scores.shape == (2, 2, 24)
    assert padding_invariance(subject).deviation < 1e-4


def test_a_mask_that_is_ignored_is_found_there_too() -> None:
    def blind(_: Any, arguments: Any, named: dict[str, Any]) -> Any:
        return arguments, named | {"attention_mask": torch.ones_like(named["attention_mask"])}

    subject = splinter()
    subject.model.register_forward_pre_hook(blind, with_kwargs=True)
    assert padding_invariance(subject).deviation > 1e-2


def test_a_text_that_the_model_cuts_shorter_than_what_it_was_given() -> None:
    """BLIP-2 drops the tokens that stand for the image: 24 tokens give 14 states, 29 give 19."""
    model = tiny_pair("blip-2", "Blip2ForImageTextRetrieval", 0)
    subject = Subject(model, "cpu", 0, Layouts(model))
    states = subject.forward(subject.inputs(batch=2))["text_model_output.last_hidden_state"]
    assert states.shape[1] == 14
    assert padding_invariance(subject).deviation < 1e-4
