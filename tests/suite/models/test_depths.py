"""A model with fewer layers is the model that was built with as many, whatever its stacks are."""

from dataclasses import replace
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from harness.matrix.records import Checkpoint, Matrix, Model
from harness.suite.models.build import full_config, meta_model
from harness.suite.models.depths import depth, fields, in_order, set_depth, shares, shortened, stacks

BOTH = ("t5", "bart", "whisper", "t5gemma", "moonshine", "vision_encoder_decoder", "marian")


@pytest.fixture(scope="module")
def rows(matrix: Matrix) -> dict[str, Model]:
    return {model.id: replace(model, classes=model.classes[:1]) for model in matrix.models}


def shapes(model: Any) -> dict[str, torch.Size]:
    return {name: parameter.shape for name, parameter in model.named_parameters()}


@given(layers=st.integers(0, 200), whole=st.lists(st.integers(1, 100), min_size=1, max_size=2))
def test_every_depth_has_its_layers_and_the_whole_has_all(layers: int, whole: list[int]) -> None:
    assert sum(shares(min(layers, sum(whole)), whole)) == min(layers, sum(whole))
    assert shares(sum(whole), whole) == tuple(whole)
    each = [shares(depth, whole) for depth in range(sum(whole) + 1)]
    for one in zip(*each, strict=True):  # a deeper model has all the layers of a shallower one
        assert sorted(one) == list(one)


@pytest.mark.parametrize("name", [*BOTH, "gpt2", "gemma3", "clip", "llava", "nemotron_h", "deepseek_v3"])
@pytest.mark.parametrize("layers", [2, 3])
def test_a_shortened_model_has_the_parameters_of_one_built_so(
    name: str, layers: int, rows: dict[str, Model]
) -> None:
    whole = meta_model(rows[name], full_config(rows[name]))
    before, config = shapes(whole), whole.config.to_dict()
    with shortened(whole, layers):
        assert shapes(whole) == shapes(meta_model(rows[name], full_config(rows[name], layers)))
        assert depth(whole.config) == layers
    assert shapes(whole) == before
    assert whole.config.to_dict() == config


@pytest.mark.parametrize("name", BOTH)
def test_an_encoder_and_its_decoder_are_cut_alike(name: str, rows: dict[str, Model]) -> None:
    config = full_config(rows[name])
    encoder, decoder = (field.layers for field in fields(config))
    assert depth(config) == encoder + decoder
    set_depth(config, (encoder + decoder) // 2)
    for field, whole in zip(fields(config), (encoder, decoder), strict=True):
        assert abs(field.layers - whole / 2) <= 0.5


def test_stacks_of_unlike_depth_keep_their_proportion(rows: dict[str, Model]) -> None:
    uneven = Checkpoint(config={"encoder_layers": 8, "decoder_layers": 2})
    row = replace(rows["whisper"], checkpoint=uneven)
    model = meta_model(row, full_config(row))
    parts = [stack.field.part for stack, _ in in_order(model)]
    assert parts == (["encoder"] * 4 + ["decoder"]) * 2 or parts.count("decoder") == 2
    with shortened(model, 5):
        assert [len(stack.layers) for stack in stacks(model)] == [4, 1]


def test_of_two_towers_the_text_s_is_cut(rows: dict[str, Model]) -> None:
    """CLIP's are equally deep, and that of images is larger."""
    model = meta_model(rows["clip"], full_config(rows["clip"]))
    (stack,) = stacks(model)
    assert stack.path.startswith("text_model")


def test_a_model_without_a_stack_cannot_be_shortened(rows: dict[str, Model]) -> None:
    model = meta_model(rows["resnet"], full_config(rows["resnet"]))
    assert stacks(model) == ()
    with pytest.raises(RuntimeError, match="without a stack"), shortened(model, 1):
        pass


def test_the_whole_is_as_it_was_after_an_error(rows: dict[str, Model]) -> None:
    model = meta_model(rows["gpt2"], full_config(rows["gpt2"]))
    with pytest.raises(ZeroDivisionError), shortened(model, 0):
        1 / 0  # noqa: B018 — something that goes wrong
    assert isinstance(model.transformer.h, nn.ModuleList)
    assert len(model.transformer.h) == depth(model.config) == 12
