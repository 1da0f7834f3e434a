"""A field's name tells what it counts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.suite.models.rules import (
    CAPS,
    EXPERTS,
    HEAD_DIM,
    HEADS,
    LAYERS,
    VOCAB,
    WIDTH,
    Kind,
    rule_of,
    shrunk,
    width_for,
)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("hidden_size", Kind.WIDTH),
        ("d_model", Kind.WIDTH),
        ("ffn_dim", Kind.WIDTH),
        ("decoder_ffn_dim", Kind.WIDTH),
        ("hidden_sizes", Kind.WIDTH),
        ("num_attention_heads", Kind.HEADS),
        ("encoder_attention_heads", Kind.HEADS),
        ("num_key_value_heads", Kind.KV_HEADS),
        ("multi_query_group_num", None),
        ("head_dim", Kind.HEAD_DIM),
        ("d_kv", Kind.HEAD_DIM),
        ("num_hidden_layers", Kind.LAYERS),
        ("depths", Kind.LAYERS),
        ("n_layer", Kind.LAYERS),
        ("vocab_size", Kind.VOCAB),
        ("codebook_size", Kind.VOCAB),
        ("num_local_experts", Kind.EXPERTS),
        ("kv_lora_rank", Kind.RANK),
        ("max_position_embeddings", Kind.POSITIONS),
        ("image_size", Kind.IMAGE),
        ("patch_size", Kind.PATCH),
        ("num_channels", Kind.KEPT),
        ("kernel_size", Kind.KEPT),
        ("sampling_rate", Kind.KEPT),
        ("layer_norm_eps", None),
        ("hidden_act", None),
        ("my_hidden_size_of_the_moon", Kind.WIDTH),
        ("the_moon", None),
    ],
)
def test_what_a_field_counts(name: str, kind: Kind | None) -> None:
    rule = rule_of(name)
    assert (rule.kind if rule else None) == kind


def test_a_width_is_of_heads_and_all_caps_fit_together() -> None:
    assert WIDTH == HEADS * HEAD_DIM
    assert CAPS.keys() >= {Kind.WIDTH, Kind.VOCAB, Kind.LAYERS}


@pytest.mark.parametrize(
    ("name", "value", "small"),
    [
        ("hidden_size", 4096, WIDTH),
        ("hidden_size", 32, 32),  # small already
        ("hidden_sizes", [64, 128, 320], [64, 64, 64]),
        ("vocab_size", 30522, VOCAB),
        ("num_attention_heads", 12, HEADS),
        ("num_attention_heads", 3, 2),  # heads divide the width
        ("num_hidden_layers", 80, LAYERS),
        ("n_routed_experts", 256, EXPERTS),
        ("num_experts_per_tok", 8, 2),
        ("hidden_dropout_prob", 0.1, None),
        ("tie_word_embeddings", True, None),
        ("num_channels", 3, None),
        ("the_moon", 4096, None),
    ],
)
def test_the_small_value_of_a_field(name: str, value: object, small: object) -> None:
    assert shrunk(name, value, {name: value}) == small


@pytest.mark.parametrize(
    ("heads", "groups", "small"), [(32, 32, HEADS), (32, 8, 2), (32, 1, 1), (None, 8, HEADS)]
)
def test_key_value_heads_stay_of_their_kind(heads: int | None, groups: int, small: int) -> None:
    assert shrunk("num_key_value_heads", groups, {"num_attention_heads": heads}) == small


@given(
    name=st.sampled_from(["hidden_size", "num_attention_heads", "num_key_value_heads", "n_embd"]),
    value=st.integers(1, 1 << 15),
    processes=st.sampled_from([2, 4, 8, 16]),
)
def test_a_wider_model_has_heads_for_each_process_or_all_that_there_are(
    name: str, value: int, processes: int
) -> None:
    raw = {"num_attention_heads": 64}
    tiny, wide = (shrunk(name, value, raw, wide=times) for times in (1, width_for(processes)))
    assert tiny <= wide <= max(tiny, value)
    if "heads" in name and value >= 2 * processes and value < 64:
        assert wide % processes == 0


@pytest.mark.parametrize(("name", "small"), [("head_dim", 16), ("num_hidden_layers", 2), ("vocab_size", 256)])
def test_a_wider_model_is_no_deeper_and_its_heads_are_no_larger(name: str, small: int) -> None:
    assert shrunk(name, 4096, {}, wide=4) == small
