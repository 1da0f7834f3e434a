"""What the architecture must keep of the past, layer by layer, in elements, from the configuration alone.

- attention: 2·n_kv·d_head a token, for keys and values of n_kv heads (N. Shazeer, "Fast transformer
  decoding: one write-head is all you need", 2019, arXiv 1911.02150; J. Ainslie et al., "GQA", 2023,
  arXiv 2305.13245);
- in a sliding window or chunk of w tokens: of w - 1 tokens at most, for the next one sees itself and w - 1
  before it (A. Jiang et al., "Mistral 7B", 2023, arXiv 2310.06825, section 2);
- latent attention: c_kv + d_rope a token, one latent for all heads and the rotated part of the key
  (DeepSeek-V2, 2024, arXiv 2405.04434, table 1); its indexer one key more (DeepSeek-V3.2, 2025);
- recurrent layers: a state of one size a sequence (`states`);
- cross attention: keys and values of the encoder's tokens, kept once a sequence.
"""

from collections.abc import Iterator
from typing import Any

from harness.results.cache import Cache, LayerCache
from harness.suite.fit.kinds import CHUNKED, FULL, LINEAR, SLIDING, decoder_config, layer_configs, layer_kinds
from harness.suite.fit.states import first_of, recurrent_state

ATTENDING = frozenset({FULL, SLIDING, CHUNKED, "indexed_attention", "hybrid", "hybrid_sliding"})
WINDOWED = {SLIDING: "sliding_window", "hybrid_sliding": "sliding_window", CHUNKED: "attention_chunk_size"}
"""Kind of layer → the field that has its window."""
KEEPING_STATE = frozenset({LINEAR, "conv", "hybrid", "hybrid_sliding"})
KEEPING_NONE = frozenset({"moe", "mlp"})
UNTOLD = {
    "mimo_v2_flash": "sliding layers have twice the heads of keys and values, which only the code says",
    "xlnet": "its memory holds the layers' inputs, not keys and values",
    "xlstm": "its matrix memory has rounded widths, which no row of `states` has",
}
"""Types whose cache the fields read here do not tell, and why."""
COMPRESSED = ("index_kpool", "indexer_compress_ratio")
"""Fields of an indexer that keeps pooled keys, one for several tokens: not counted here."""
CROSSING = "cross_attention_layers"
"""The field with the layers that attend to an image in place of the text (Llama 3.2 Vision)."""
HEADS = (
    "num_attention_heads",
    "decoder_attention_heads",
    "num_decoder_attention_heads",
    "num_heads",
    "n_head",
)
KV_HEADS = ("num_key_value_heads", "num_kv_heads", "multi_query_group_num")
HEAD_DIM = ("head_dim", "d_kv", "attention_head_dim", "dim_head")
VALUE_DIM = ("v_head_dim",)
SLIDING_OWN = "swa_"
"""Begins the names of fields that are the sliding layers' own (MiMo-V2)."""
WIDTHS = ("hidden_size", "d_model")


def cache_need(config: Any) -> Cache | None:
    """The cache of the configuration's text decoder; None where a layer is of a kind not known here."""
    text = decoder_config(config)
    if text.model_type in UNTOLD or any(getattr(text, name, None) for name in COMPRESSED):
        return None
    layers = list(_layers(text, bool(getattr(config, "is_encoder_decoder", False))))
    known = [layer for layer in layers if layer is not None]
    return Cache(tuple(known)) if known and len(known) == len(layers) else None


def _layers(text: Any, encoded: bool) -> Iterator[LayerCache | None]:  # noqa: FBT001 — one of two kinds of decoder
    kinds = layer_kinds(text)
    configs = layer_configs(text, len(kinds))
    own = len(kinds) - (getattr(text, "num_kv_shared_layers", None) or 0)
    modes = getattr(text, "kv_sharing_modes", None) or [None] * len(kinds)
    crossing = getattr(text, CROSSING, None) or ()
    for index, (kind, config) in enumerate(zip(kinds, configs, strict=False)):
        if kind in KEEPING_NONE or index >= own or modes[index] == "reuse":  # it reads an earlier layer's
            yield LayerCache(kind)
        elif index in crossing:
            yield LayerCache("cross_attention", per_source_token=attention_width(config, kind) or 0)
        else:
            yield _layer(kind, config, encoded)


def _layer(kind: str, config: Any, encoded: bool) -> LayerCache | None:  # noqa: FBT001 — as above
    attends, keeps = kind in ATTENDING, kind in KEEPING_STATE
    state = recurrent_state(config) if keeps else None
    width = attention_width(config, kind) if attends else 0
    if not (attends or keeps) or (keeps and state is None) or width is None:
        return None
    field = WINDOWED.get(kind)
    return LayerCache(
        kind=kind,
        per_token=width,
        window=getattr(config, field, None) if field else None,
        fixed=state.elements if state else 0,
        per_source_token=width if encoded else 0,
    )


def attention_width(config: Any, kind: str) -> int | None:
    """Elements that a layer of attention keeps of a token; None where the fields do not tell."""
    latent = getattr(config, "kv_lora_rank", None)
    index = (getattr(config, "index_head_dim", None) or 0) if kind == "indexed_attention" else 0
    if latent:
        return int(latent + config.qk_rope_head_dim + index)
    own = SLIDING_OWN if kind in (SLIDING, "hybrid_sliding") else ""
    heads, width = first_of(config, HEADS), first_of(config, WIDTHS)
    if heads is None:
        return None
    dim = first_of(config, _named(own, HEAD_DIM)) or width // heads
    values = first_of(config, _named(own, VALUE_DIM)) or dim
    return int(kv_heads(config, heads, _named(own, KV_HEADS)) * (dim + values) + index)


def _named(prefix: str, names: tuple[str, ...]) -> tuple[str, ...]:
    """The names, before them the same with the prefix."""
    return (*(prefix + name for name in names if prefix), *names)


def kv_heads(config: Any, heads: int, names: tuple[str, ...] = KV_HEADS) -> int:
    """Heads of keys and values; one where all queries share it (Falcon's and StarCoder's `multi_query`)."""
    if getattr(config, "multi_query", False) and not getattr(config, "new_decoder_architecture", False):
        return 1
    found = first_of(config, names)
    return int(heads if found is None else found)
