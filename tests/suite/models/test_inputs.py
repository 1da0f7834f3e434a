"""Inputs have the asked shapes, stay in the vocabulary, and are a function of the seed."""

from functools import cache
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.matrix.load import find_root, load
from harness.suite.models.build import tiny_model
from harness.suite.models.inputs import (
    Shape,
    caption_tokens,
    image_token_id,
    image_tokens,
    make_inputs,
)

MODELS = {model.id: model for model in load(find_root(Path(__file__))).models}

every_model = pytest.mark.parametrize("name", MODELS)
some_shapes = st.builds(
    Shape, batch=st.integers(1, 4), tokens=st.integers(17, 48), seed=st.integers(0, 2**31)
)
"""From a tiny llava's 16 image placeholders and the token before them."""


@cache
def built(name: str) -> Any:
    return tiny_model(MODELS[name], seed=0)


@every_model
@settings(max_examples=15, deadline=None)
@given(shape=some_shapes)
def test_every_argument_has_a_row_an_item_of_the_batch(name: str, shape: Shape) -> None:
    inputs = make_inputs(built(name), shape)
    assert inputs
    assert {value.shape[0] for value in inputs.values()} == {shape.batch}
    if "input_ids" in inputs:
        assert inputs["input_ids"].shape == inputs["attention_mask"].shape == (shape.batch, shape.tokens)


@every_model
@settings(max_examples=15, deadline=None)
@given(shape=some_shapes)
def test_tokens_are_in_the_vocabulary_and_pixels_in_range(name: str, shape: Shape) -> None:
    model = built(name)
    for argument, value in make_inputs(model, shape).items():
        if argument.endswith("input_ids"):
            assert 0 <= value.min() <= value.max() < model.config.get_text_config().vocab_size
        elif value.is_floating_point():
            assert value.abs().max() <= 1
            assert value.std() > 0.1


@every_model
@settings(max_examples=5, deadline=None)
@given(shape=some_shapes)
def test_the_seed_decides_every_value(name: str, shape: Shape) -> None:
    model = built(name)
    first, again = make_inputs(model, shape), make_inputs(model, shape)
    other = make_inputs(model, Shape(batch=shape.batch, tokens=shape.tokens, seed=shape.seed + 1))
    assert all(torch.equal(first[argument], again[argument]) for argument in first)
    drawn = first.keys() - {"attention_mask"}
    assert all(not torch.equal(first[argument], other[argument]) for argument in drawn)


@settings(max_examples=15, deadline=None)
@given(shape=some_shapes)
def test_each_row_has_as_many_placeholders_as_the_model_wants(shape: Shape) -> None:
    model = built("llava")
    ids = make_inputs(model, shape)["input_ids"]
    assert ((ids == image_token_id(model.config)).sum(dim=1) == image_tokens(model)).all()


def test_the_model_itself_takes_its_placeholders() -> None:
    """It counts them, and raises where they do not match the image's features."""
    model = built("llava")
    model(**make_inputs(model, Shape(batch=2, tokens=image_tokens(model) + 1)))


@pytest.mark.parametrize("name", ["bert", "clip", "vit", "whisper"])
def test_where_no_image_passes_through_tokens_there_are_no_placeholders(name: str) -> None:
    assert image_tokens(built(name)) == 0


def test_pooling_encoders_find_their_end_token_last() -> None:
    model = built("clip")
    ids = make_inputs(model, Shape(batch=2))["input_ids"]
    assert (ids[:, -1] == model.config.text_config.eos_token_id).all()


def test_a_caption_has_the_text_tower_s_own_length_and_nothing_else_does() -> None:
    lengths = {name: caption_tokens(built(name)) for name in MODELS}
    assert lengths.pop("clip") == built("clip").config.text_config.max_position_embeddings
    assert set(lengths.values()) == {None}


def test_sizes_that_a_configuration_leaves_open_are_the_shape_s() -> None:
    assert make_inputs(built("resnet"), Shape(image=96))["pixel_values"].shape[-2:] == (96, 96)
    heard = make_inputs(built("wav2vec2"), Shape(audio=5000))
    assert heard["input_values"].shape == heard["attention_mask"].shape == (1, 5000)


def test_a_size_that_the_configuration_names_is_the_configuration_s() -> None:
    model = built("vit")
    size = model.config.image_size
    assert make_inputs(model, Shape(image=96))["pixel_values"].shape[-2:] == (size, size)
