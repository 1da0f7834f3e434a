"""The cache by the book against the bytes of the cache that the library really makes, on tiny models."""

from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from harness.matrix.records import Model
from harness.results.cache import Cache, LayerCache
from harness.suite.fit.cache import cache_need
from harness.suite.fit.kept import kept, kept_bytes
from harness.suite.fit.kinds import decoder_config
from harness.suite.fit.states import recurrent_state
from harness.suite.models.build import config_class, model_class, tiny_config_of

TYPES = (
    "llama", "gpt2", "mistral", "falcon", "gpt_bigcode", "gemma2", "gemma3_text", "gemma3n_text",
    "gemma4_text", "llama4_text", "gpt_oss", "mixtral", "deepseek_v2", "deepseek_v3",
    "deepseek_v32", "glm_moe_dsa", "qwen3_next", "kimi_linear", "bailing_hybrid", "mamba", "mamba2",
    "falcon_mamba", "jamba", "bamba", "zamba", "zamba2", "nemotron_h", "falcon_h1",
    "granitemoehybrid", "lfm2", "minimax", "rwkv", "olmo_hybrid", "t5", "bart", "t5gemma",
)  # fmt: skip
SOURCE = 5
"""Tokens that an encoder reads."""


@pytest.mark.parametrize("name", TYPES)
def test_the_book_agrees_with_the_library(rows: dict[str, Model], name: str) -> None:
    """But for a convolution's column of the token itself, which the library keeps as well."""
    config = tiny_config_of(rows[name])
    need = cache_need(config)
    assert need is not None
    model = built(rows[name], config, "cpu", torch.float32)
    extra = spare_columns(config, need)
    for length in (8, 9, 40):
        assert kept_bytes(model, length, SOURCE) == 4 * (need.at(length, SOURCE) + extra)


@pytest.mark.parametrize("name", TYPES)
def test_without_weights_the_library_s_cache_is_the_same(rows: dict[str, Model], name: str) -> None:
    real, meta = (
        built(rows[name], tiny_config_of(rows[name]), device, torch.bfloat16) for device in ("cpu", "meta")
    )
    for length in (8, 9, 40):
        assert kept_bytes(real, length, SOURCE) == kept_bytes(meta, length, SOURCE)


def test_llama_3_8b_keeps_131072_bytes_a_token_in_bfloat16(rows: dict[str, Model]) -> None:
    fields = {
        "hidden_size": 4096,
        "num_hidden_layers": 32,
        "num_attention_heads": 32,
        "num_key_value_heads": 8,
    }
    need = cache_need(config_class(rows["llama"])(**fields))
    assert need is not None
    assert 2 * need.per_token == 131_072


def test_deepseek_v3_keeps_70272_bytes_a_token_in_bfloat16(rows: dict[str, Model]) -> None:
    """61 layers of 512 + 64 elements: DeepSeek-V3's latent and rotated key."""
    need = cache_need(config_class(rows["deepseek_v3"])())
    assert need is not None
    assert 2 * need.per_token == 2 * 61 * 576 == 70_272


def test_llama_32_vision_keeps_nothing_of_the_text_where_it_attends_to_the_image(
    rows: dict[str, Model],
) -> None:
    """80 of its 100 layers: 2 · 8 · 128 elements each."""
    fields = {
        "model_type": "mllama_text_model",
        "hidden_size": 8192,
        "num_hidden_layers": 100,
        "num_attention_heads": 64,
        "num_key_value_heads": 8,
        "cross_attention_layers": list(range(3, 100, 5)),
    }
    need = cache_need(config_class(rows["mllama"])(text_config=fields))
    assert need is not None
    assert need.per_token == 80 * 2 * 8 * 128
    assert need.per_source_token == 20 * 2 * 8 * 128


def test_mamba_keeps_the_same_whatever_the_length(rows: dict[str, Model]) -> None:
    need = cache_need(config_class(rows["mamba"])(hidden_size=768, num_hidden_layers=24))
    assert need is not None
    assert need.per_token == 0
    assert need.at(10**6) == need.fixed == 24 * 1536 * (16 + 3)


def test_what_is_not_known_is_not_guessed(rows: dict[str, Model]) -> None:
    for name in ("deepseek_v4", "xlnet", "xlstm"):
        assert cache_need(tiny_config_of(rows[name])) is None


def test_the_line_is_the_library_s(rows: dict[str, Model]) -> None:
    found = kept(built(rows["jamba"], tiny_config_of(rows["jamba"]), "meta", torch.bfloat16))
    real = built(rows["jamba"], tiny_config_of(rows["jamba"]), "cpu", torch.bfloat16)
    assert found is not None
    assert found.fixed + 50 * found.per_token == kept_bytes(real, 50)
    assert found.per_source_token == 0


def test_a_library_s_model_without_a_cache_has_none(rows: dict[str, Model]) -> None:
    assert kept(built(rows["openai_gpt"], tiny_config_of(rows["openai_gpt"]), "meta", torch.bfloat16)) is None


layer_caches = st.builds(
    LayerCache,
    kind=st.just("any"),
    per_token=st.integers(0, 10**4),
    window=st.none() | st.integers(1, 10**4),
    fixed=st.integers(0, 10**6),
)


@given(layers=st.lists(layer_caches, max_size=6), length=st.integers(0, 10**6))
def test_a_cache_never_shrinks_and_grows_by_no_more_than_a_token(
    layers: list[LayerCache], length: int
) -> None:
    need = Cache(tuple(layers))
    grown = need.at(length + 1) - need.at(length)
    assert need.per_token_past_windows <= grown <= need.per_token
    assert need.at(0) == need.fixed


def built(row: Model, config: Any, device: str, dtype: torch.dtype) -> Any:
    torch.manual_seed(0)
    with torch.device(device):
        return model_class(row)._from_config(config, dtype=dtype).eval()  # type: ignore[attr-defined]


def spare_columns(config: Any, need: Cache) -> int:
    """Channels of all convolutions: the library keeps as many columns as they are wide."""
    keeping = sum(layer.fixed > 0 for layer in need.layers)
    state = recurrent_state(decoder_config(config)) if keeping else None
    return state.channels * keeping if state else 0
