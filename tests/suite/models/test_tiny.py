"""A tiny configuration is the full one's structure with small widths."""

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
from harness.matrix.select import Selection, select
from harness.suite.models.build import (
    checkpoint_fields,
    config_class,
    full_config,
    model_class,
    tiny_config_for,
    tiny_config_of,
    tiny_pair,
)
from harness.suite.models.classes import find_config_class, find_model_class
from harness.suite.models.fields import own_values, raw_fields, sub_configs
from harness.suite.models.rules import CAPS, LAYERS, VOCAB, Kind, rule_of
from harness.suite.models.stack import STAGES
from harness.suite.models.tiny import tiny_config
from harness.suite.models.tokens import COUNTED_TOKENS, TOKEN

MATRIX = load(find_root(Path(__file__)))
MODELS = select(MATRIX, Selection())
"""The principal class of each critical model."""
VARIED = (
    ("deepseek_v3", "DeepseekV3ForCausalLM"),  # low ranks, experts in groups, dense layers first
    ("gemma4", "Gemma4ForConditionalGeneration"),  # three towers
    ("jamba", "JambaForCausalLM"),  # recurrent and attending layers by turns
    ("qwen2_vl", "Qwen2VLForConditionalGeneration"),  # rotary sections
    ("qwen3_next", "Qwen3NextForCausalLM"),  # linear and full attention
    ("gemma3_text", "Gemma3ForCausalLM"),  # five sliding layers to one full
    ("swin", "SwinForImageClassification"),  # stages
    ("musicgen", "MusicgenForConditionalGeneration"),  # three configurations, none of them its own
    ("beit", "BeitBackbone"),  # indices of stages
)
"""Structures that the critical models lack, by type and class."""

every_model = pytest.mark.parametrize("model", MODELS, ids=lambda model: model.id)
every_structure = pytest.mark.parametrize(("model_type", "name"), VARIED)


def tiny_of(model_type: str, name: str) -> Any:
    return tiny_config_for(find_model_class(model_type, name), find_config_class(model_type), {})


def tree(config: Any) -> Iterator[Any]:
    """The configuration and those below it, by name."""
    yield config
    for sub in sub_configs(config).values():
        yield from tree(sub)


def tokens(config: Any) -> dict[str, Any]:
    """The special tokens of the whole tree, by the field's place in it."""
    return {
        f"{place}.{name}": value
        for place, part in enumerate(tree(config))
        for name, value in own_values(part).items()
        if TOKEN.fullmatch(name) and name not in COUNTED_TOKENS and value is not None
    }


def flat(values: dict[str, Any]) -> dict[str, int]:
    """The same with lists spread out, and without what marks the absence of a token."""
    spread: dict[str, int] = {}
    for name, value in values.items():
        entries = value if isinstance(value, list | tuple) else [value]
        spread |= {f"{name}.{i}": token for i, token in enumerate(entries) if token >= 0}
    return spread


def over_cap(config: Any) -> dict[str, Any]:
    """Fields of the tree that are larger than what their kind may be: those that count from a width on."""
    capped = (Kind.WIDTH, Kind.HEADS, Kind.HEAD_DIM, Kind.EXPERTS, Kind.VOCAB, Kind.RANK)
    return {
        f"{type(part).__name__}.{name}": value
        for part in tree(config)
        for name, value in own_values(part).items()
        if (rule := rule_of(name)) is not None and rule.kind in capped
        for entry in (value if isinstance(value, list | tuple) else [value])
        if isinstance(entry, int)
        if entry > (rule.cap if rule.cap is not None else CAPS[rule.kind])
    }


@every_model
def test_it_is_small_to_build(model: Model) -> None:
    with torch.device("meta"):
        built = model_class(model)._from_config(tiny_config_of(model))  # type: ignore[attr-defined]
    assert 0 < sum(parameter.numel() for parameter in built.parameters()) < 500_000


@every_model
def test_no_width_head_or_vocabulary_is_over_its_cap(model: Model) -> None:
    assert not over_cap(tiny_config_of(model))


@every_structure
def test_nor_is_one_in_any_other_structure(model_type: str, name: str) -> None:
    """But what a row of `peculiar` sets, with its reason."""
    assert not over_cap(tiny_of(model_type, name))


@every_model
def test_depth_stays_deep_enough_to_be_a_stack(model: Model) -> None:
    for full, tiny in zip(tree(full_config(model)), tree(tiny_config_of(model)), strict=True):
        layers = getattr(full, "num_hidden_layers", None)
        if layers is not None:
            assert min(layers, LAYERS) <= tiny.num_hidden_layers <= min(layers, STAGES)


@every_model
def test_every_switch_and_named_choice_is_as_in_the_full_configuration(model: Model) -> None:
    """Biases, tied embeddings, scalings, activations, norms: the structure is in the booleans and names."""
    for full, tiny in zip(tree(full_config(model)), tree(tiny_config_of(model)), strict=True):
        assert type(tiny) is type(full)
        for name, value in own_values(full).items():
            if isinstance(value, bool | str):
                assert own_values(tiny)[name] == value, name


@every_model
def test_key_value_heads_keep_their_kind(model: Model) -> None:
    for full, tiny in zip(tree(full_config(model)), tree(tiny_config_of(model)), strict=True):
        if getattr(full, "num_key_value_heads", None) is not None:
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
        if name in sub_configs(tiny):
            _assert_kept(getattr(tiny, name), value)
        elif rule_of(name) is None and not TOKEN.fullmatch(name):
            assert getattr(tiny, name) == value, name


def test_a_checkpoint_s_bias_and_untied_embeddings_reach_the_model() -> None:
    model = next(model for model in MODELS if model.id == "starcoder2_15b")
    with torch.device("meta"):
        names = dict(transformers.AutoModelForCausalLM.from_config(tiny_config_of(model)).named_parameters())
    assert "model.layers.0.self_attn.q_proj.bias" in names
    assert "lm_head.weight" in names


class Greedy(transformers.PretrainedConfig):
    """Takes from what it is given, as EncoderDecoderConfig of transformers 4 does."""

    model_type = "greedy"

    def __init__(self, part: dict[str, Any] | None = None, **others: Any) -> None:
        super().__init__(**others)
        self.kind = (part or {"kind": "none"}).pop("kind")


def test_what_is_given_stays_whole() -> None:
    given = {"part": {"kind": "encoder"}}
    assert tiny_config(Greedy, given).kind == "encoder"
    assert given == {"part": {"kind": "encoder"}}


def test_an_override_that_is_already_small_is_left_alone() -> None:
    tiny = tiny_config(transformers.LlamaConfig, {"hidden_size": 32, "num_hidden_layers": 1})
    assert (tiny.hidden_size, tiny.num_hidden_layers) == (32, 1)


def test_sub_configurations_agree_on_the_width_between_towers() -> None:
    model = next(model for model in MODELS if model.id == "clip")
    tiny = tiny_config(config_class(model))
    assert tiny.projection_dim <= 64
    assert tiny.text_config.hidden_size == tiny.vision_config.hidden_size


# Structures beyond those of the critical models.


@every_structure
def test_it_is_built_small_whatever_its_structure(model_type: str, name: str) -> None:
    model = tiny_pair(model_type, name, seed=0)
    assert 0 < sum(parameter.numel() for parameter in model.parameters()) < 3_000_000


def kinds(config: Any) -> set[str]:
    return set(config.get_text_config().layer_types)


@pytest.mark.parametrize(
    ("model_type", "name"), [v for v in VARIED if v[0] in ("jamba", "qwen3_next", "gemma3_text")]
)
def test_there_is_a_layer_of_each_kind(model_type: str, name: str) -> None:
    full = find_config_class(model_type)()
    kept = kinds if hasattr(full, "layer_types") else lambda config: set(config.layers_block_type)
    assert len(kept(full)) > 1
    assert kept(tiny_of(model_type, name)) == kept(full)


def test_rotary_sections_sum_to_half_of_what_is_rotated() -> None:
    text = tiny_of("qwen2_vl", "Qwen2VLForConditionalGeneration").text_config
    head = text.hidden_size // text.num_attention_heads
    assert sum(text.rope_parameters["mrope_section"]) == head // 2
    assert min(text.rope_parameters["mrope_section"]) > 0


def test_indices_of_layers_are_within_the_tiny_stack_and_in_their_order() -> None:
    tiny = tiny_config(transformers.DPTConfig)
    taken = tiny.backbone_out_indices
    assert taken == sorted(set(taken))
    assert all(0 <= index < tiny.num_hidden_layers for index in taken)


@given(st.sets(st.integers(0, 100_000), min_size=1, max_size=8))
def test_tokens_of_any_checkpoint_stay_apart_and_those_that_fit_stay(ids: set[int]) -> None:
    tiny = tiny_config(transformers.LlamaConfig, {"eos_token_id": list(ids), "vocab_size": 100_001})
    assert len(set(tiny.eos_token_id)) == len(ids)
    assert all(0 <= token < VOCAB for token in tiny.eos_token_id)
    assert {token for token in ids if token < VOCAB} <= set(tiny.eos_token_id)


widths = st.integers(1, 16).map(lambda n: n * 64)


@given(hidden=widths, ffn=widths, layers=st.integers(1, 80), positions=st.integers(1, 100_000))
def test_sizes_that_were_equal_stay_equal_and_no_size_grows(
    hidden: int, ffn: int, layers: int, positions: int
) -> None:
    given_sizes = {
        "hidden_size": hidden,
        "intermediate_size": ffn,
        "num_hidden_layers": layers,
        "max_position_embeddings": positions,
    }
    tiny = tiny_config(transformers.LlamaConfig, given_sizes)
    for name, value in given_sizes.items():
        assert getattr(tiny, name) <= value
    if hidden == ffn:
        assert tiny.hidden_size == tiny.intermediate_size
    assert tiny.num_hidden_layers == min(layers, LAYERS)


@every_structure
def test_a_tiny_configuration_is_the_same_each_time(model_type: str, name: str) -> None:
    assert tiny_of(model_type, name).to_dict() == tiny_of(model_type, name).to_dict()


@every_structure
def test_the_same_seed_gives_the_same_bits(model_type: str, name: str) -> None:
    one, other = (tiny_pair(model_type, name, seed=5).state_dict() for _ in range(2))
    assert one.keys() == other.keys()
    assert all(torch.equal(value, other[key]) for key, value in one.items())


def test_a_class_of_generation_attends_to_what_came_before_only() -> None:
    """An encoder's configuration says otherwise unless it is told."""
    assert tiny_of("bert", "BertLMHeadModel").is_decoder
    assert not tiny_of("bert", "BertForMaskedLM").is_decoder
    assert raw_fields(find_config_class("bert"))["is_decoder"] is False


@pytest.mark.parametrize(
    ("model_type", "name"),
    [
        ("llava_next_video", "LlavaNextVideoForConditionalGeneration"),
        ("llava_onevision", "LlavaOnevisionForConditionalGeneration"),
    ],
)
def test_images_are_cut_into_as_many_tiles_of_the_tower_s_tiny_size(model_type: str, name: str) -> None:
    whole, tiny = find_config_class(model_type)(), tiny_of(model_type, name)
    tiles = [
        [[side / config.vision_config.image_size for side in sides] for sides in config.image_grid_pinpoints]
        for config in (whole, tiny)
    ]
    assert tiny.vision_config.image_size < whole.vision_config.image_size
    assert tiles[1] == tiles[0]
