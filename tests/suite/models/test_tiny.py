"""A tiny configuration is the full one's structure with small widths."""

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
import transformers
from hypothesis import given
from hypothesis import strategies as st

from harness.matrix.load import find_root, load
from harness.matrix.records import Model
from harness.suite.models.build import checkpoint_fields, config_class, full_config, tiny_config_of
from harness.suite.models.tiny import CAPS, KV_HEADS, TOKEN_SUFFIXES, VOCAB, tiny_config

MODELS = load(find_root(Path(__file__))).models

every_model = pytest.mark.parametrize("model", MODELS, ids=lambda model: model.id)


def tree(config: Any) -> Iterator[Any]:
    """The configuration and those below it, in the class's order."""
    yield config
    for name in config.sub_configs:
        if getattr(config, name, None) is not None:
            yield from tree(getattr(config, name))


def tokens(config: Any) -> dict[str, Any]:
    """The special tokens of the whole tree, by the field's place in it."""
    return {
        f"{place}.{field.name}": getattr(part, field.name)
        for place, part in enumerate(tree(config))
        for field in dataclasses.fields(part)
        if field.name.endswith(TOKEN_SUFFIXES) and getattr(part, field.name, None) is not None
    }


def flat(values: dict[str, Any]) -> dict[str, int]:
    """The same with lists spread out, and without what marks the absence of a token."""
    spread: dict[str, int] = {}
    for name, value in values.items():
        entries = value if isinstance(value, list | tuple) else [value]
        spread |= {f"{name}.{i}": token for i, token in enumerate(entries) if token >= 0}
    return spread


@every_model
def test_it_is_small_to_build(model: Model) -> None:
    with torch.device("meta"):
        built = getattr(transformers, model.auto_class).from_config(tiny_config_of(model))
    assert 0 < sum(parameter.numel() for parameter in built.parameters()) < 500_000


@every_model
def test_no_width_depth_or_vocabulary_is_over_its_cap(model: Model) -> None:
    over = {
        field.name: getattr(part, field.name)
        for part in tree(tiny_config_of(model))
        for field in dataclasses.fields(part)
        if field.name in CAPS and (getattr(part, field.name, None) or 0) > CAPS[field.name]
    }
    assert not over


@every_model
def test_depth_stays_deep_enough_to_be_a_stack(model: Model) -> None:
    for full, tiny in zip(tree(full_config(model)), tree(tiny_config_of(model)), strict=True):
        layers = getattr(full, "num_hidden_layers", None)
        if layers is not None:
            assert tiny.num_hidden_layers == min(layers, 2)


@every_model
def test_every_switch_and_named_choice_is_as_in_the_full_configuration(model: Model) -> None:
    """Biases, tied embeddings, scalings, activations, norms: the structure is in the booleans and names."""
    for full, tiny in zip(tree(full_config(model)), tree(tiny_config_of(model)), strict=True):
        assert type(tiny) is type(full)
        for field in dataclasses.fields(full):
            value = getattr(full, field.name, None)
            if isinstance(value, bool | str):
                assert getattr(tiny, field.name) == value, field.name


@every_model
def test_key_value_heads_keep_their_kind(model: Model) -> None:
    for full, tiny in zip(tree(full_config(model)), tree(tiny_config_of(model)), strict=True):
        if getattr(full, KV_HEADS, None) is not None:
            assert kind(tiny) == kind(full)
            assert tiny.num_attention_heads % tiny.num_key_value_heads == 0


def kind(config: Any) -> str:
    """Multi-head, grouped, or multi-query attention."""
    if config.num_key_value_heads == config.num_attention_heads:
        return "multi-head"
    return "multi-query" if config.num_key_value_heads == 1 else "grouped"


@given(groups=st.integers(0, 6).map(lambda n: 2**n), per_group=st.integers(0, 3).map(lambda n: 2**n))
def test_key_value_heads_of_any_checkpoint_keep_their_kind_and_divide(groups: int, per_group: int) -> None:
    overrides = {"num_attention_heads": groups * per_group, "num_key_value_heads": groups}
    tiny = tiny_config(transformers.LlamaConfig, overrides)
    assert tiny.num_attention_heads % tiny.num_key_value_heads == 0
    if groups * per_group > 2:  # of two heads and fewer there is no third kind
        assert kind(tiny) == kind(transformers.LlamaConfig(**overrides))


@every_model
def test_special_tokens_are_in_the_vocabulary_and_apart_as_before(model: Model) -> None:
    full, tiny = full_config(model), tiny_config_of(model)
    before, after = flat(tokens(full)), flat(tokens(tiny))
    assert before.keys() == after.keys()
    assert all(token < VOCAB for token in after.values())
    for one in before:
        for other in before:
            assert (before[one] == before[other]) == (after[one] == after[other]), (one, other)


@every_model
def test_a_checkpoint_s_own_fields_are_kept_where_they_are_no_size(model: Model) -> None:
    _assert_kept(tiny_config_of(model), checkpoint_fields(model))


def _assert_kept(tiny: Any, fields: dict[str, Any]) -> None:
    for name, value in fields.items():
        if dataclasses.is_dataclass(getattr(tiny, name)):
            _assert_kept(getattr(tiny, name), value)
        elif name not in {*CAPS, KV_HEADS} and not name.endswith(TOKEN_SUFFIXES):
            assert getattr(tiny, name) == value, name


def test_a_checkpoint_s_bias_and_untied_embeddings_reach_the_model() -> None:
    model = next(model for model in MODELS if model.id == "starcoder2_15b")
    with torch.device("meta"):
        names = dict(transformers.AutoModelForCausalLM.from_config(tiny_config_of(model)).named_parameters())
    assert "model.layers.0.self_attn.q_proj.bias" in names
    assert "lm_head.weight" in names


def test_an_override_that_is_already_small_is_left_alone() -> None:
    tiny = tiny_config(transformers.LlamaConfig, {"hidden_size": 32, "num_hidden_layers": 1})
    assert (tiny.hidden_size, tiny.num_hidden_layers) == (32, 1)


def test_sub_configurations_agree_on_the_width_between_towers() -> None:
    model = next(model for model in MODELS if model.id == "clip")
    tiny = tiny_config(config_class(model))
    assert tiny.projection_dim <= 64
    assert tiny.text_config.hidden_size == tiny.vision_config.hidden_size
