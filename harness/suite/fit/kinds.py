"""Which layer of a decoder does what: the configuration's own list, or what its fields say of every layer."""

from typing import Any

DEPTH = "num_hidden_layers"
"""Without this field the library's `per_layer_config` cannot be read."""
LISTS = ("layer_types", "layers_block_type", "block_types")
"""Where configurations list the kind of each layer, the library's present name first."""
FULL, SLIDING, CHUNKED, LINEAR = (
    "full_attention",
    "sliding_attention",
    "chunked_attention",
    "linear_attention",
)
RENAMED = {
    "attention": FULL,
    "mamba": LINEAR,
    "recurrent": LINEAR,
    "deepseek_sparse_attention": "indexed_attention",
}
"""Names of kinds that the library has since replaced (`_LEGACY_LAYER_TYPE_REMAP` of its
configuration_utils.py), and RecurrentGemma's own."""
RECURRENT = ("state_size", "rescale_every", "mlstm_round_up_to_multiple_of")
"""One of these fields, and no attention heads: Mamba, RWKV and xLSTM are recurrent throughout."""


def decoder_config(config: Any) -> Any:
    """The part of a configuration that says what the text decoder is."""
    return config.get_text_config(decoder=True)


def layer_kinds(config: Any) -> tuple[str, ...]:
    """The kind of each layer of the text decoder, in the library's words; empty where it has no depth."""
    text = decoder_config(config)
    depth = decoder_depth(text)
    for name in LISTS:
        listed = getattr(text, name, None) or ()
        if 0 < depth <= len(listed):  # ResNet's are the kinds there are; RecurrentGemma's are a pattern
            return tuple(RENAMED.get(kind, kind) for kind in listed[:depth])
    return (_only_kind(text),) * depth


def decoder_depth(text: Any) -> int:
    """Layers of the decoder; 0 where the configuration has no such number."""
    for name in ("num_decoder_layers", DEPTH):
        found = getattr(text, name, None)
        if isinstance(found, int):
            return found
    return 0


def layer_configs(text: Any, layers: int) -> list[Any]:
    """The configuration of each layer: its own where the library has one, else the whole."""
    each = list(getattr(text, "per_layer_config", ())) if layers and hasattr(text, DEPTH) else []
    return each if len(each) == layers else [text] * layers


def _only_kind(text: Any) -> str:
    """The kind of every layer where none is listed, told as the library's DynamicCache tells it."""
    if getattr(text, "num_attention_heads", None) is None and any(hasattr(text, f) for f in RECURRENT):
        return LINEAR
    if getattr(text, "sliding_window", None) is not None:
        return SLIDING
    return CHUNKED if getattr(text, "attention_chunk_size", None) is not None else FULL
