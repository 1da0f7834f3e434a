"""A tiny configuration of any configuration class: the same structure, every width small.

The rules go by field name, since transformers names what a field means the same way across
its configurations, and apply to each sub-configuration in turn. One width everywhere makes the
projections between towers match. Fields whose raw default is None are left to the class's own
`__post_init__` to derive from those that were set.
"""

import dataclasses
from typing import Any

WIDTH, HEADS, GROUPED_HEADS, HEAD_DIM, LAYERS, VOCAB, EXPERTS = 64, 4, 2, 16, 2, 256, 4

# Field name → largest value it keeps. A field whose default is already smaller is left alone.
CAPS: dict[str, int] = {
    **dict.fromkeys(("hidden_size", "d_model", "n_embd", "projection_dim", "d_ff", "n_inner"), WIDTH),
    **dict.fromkeys(("intermediate_size", "encoder_ffn_dim", "decoder_ffn_dim", "pooler_output_size"), WIDTH),
    **dict.fromkeys(("output_hidden_size", "classifier_proj_size", "codevector_dim"), WIDTH),
    **dict.fromkeys(("proj_codevector_dim", "xvector_output_dim", "embedding_size"), WIDTH),
    **dict.fromkeys(("num_attention_heads", "num_heads", "n_head"), HEADS),
    **dict.fromkeys(("encoder_attention_heads", "decoder_attention_heads"), HEADS),
    **dict.fromkeys(("head_dim", "d_kv"), HEAD_DIM),
    **dict.fromkeys(("num_hidden_layers", "num_layers", "num_decoder_layers", "n_layer"), LAYERS),
    **dict.fromkeys(("encoder_layers", "decoder_layers"), LAYERS),
    **dict.fromkeys(("num_local_experts", "num_experts"), EXPERTS),
    "vocab_size": VOCAB,
    "image_size": 32,
    "patch_size": 8,
    "max_source_positions": 64,
    "max_target_positions": 64,
    "max_position_embeddings": 512,
    "n_positions": 512,
    "num_conv_pos_embeddings": 16,
    "num_conv_pos_embedding_groups": 4,
    "sliding_window": 8,
}

# Field name → largest value of each entry of a per-stage list; lists of a stage count keep their length.
LIST_CAPS: dict[str, int] = {"conv_dim": 32, "tdnn_dim": 32, "hidden_sizes": WIDTH, "depths": 1}

# Key-value heads keep their kind: one head (multi-query), fewer than the query heads (grouped), or as many.
KV_HEADS = "num_key_value_heads"
QUERY_HEADS = "num_attention_heads"

TOKEN_SUFFIXES = ("_token_id", "_token_index", "_tokens")


def tiny_config(config_class: type, overrides: dict[str, Any] | None = None) -> Any:
    """An instance of `config_class` with small widths; `overrides` are a checkpoint's own fields."""
    reference = config_class(**overrides or {})
    return config_class(**_shrunk_fields(reference, overrides or {}, _token_map(reference)))


def _shrunk_fields(reference: Any, overrides: dict[str, Any], tokens: dict[int, int]) -> dict[str, Any]:
    """The fields to construct the tiny configuration from; the rest keeps the class's defaults."""
    raw = {field.name: _raw_default(field) for field in dataclasses.fields(reference)} | overrides
    fields = dict(overrides)
    for name, value in raw.items():
        if name in reference.sub_configs:
            fields[name] = _shrunk_sub_config(getattr(reference, name), tokens)
        elif (small := _shrunk(name, value, raw)) is not None:
            fields[name] = small
        elif name.endswith(TOKEN_SUFFIXES) and value is not None:
            fields[name] = _remapped(value, tokens)
    return {name: value for name, value in fields.items() if value is not None}


def _shrunk_sub_config(sub_config: Any, tokens: dict[int, int]) -> dict[str, Any] | None:
    """The sub-configuration's own tiny fields, starting from what it sets apart from its class's defaults."""
    if sub_config is None:
        return None
    own_defaults = type(sub_config)()
    names = {field.name for field in dataclasses.fields(sub_config) if field.default is not None}
    differing = {
        name: value
        for name in names - set(sub_config.sub_configs)
        if (value := getattr(sub_config, name)) != getattr(own_defaults, name)
    }
    fields = _shrunk_fields(sub_config, differing, tokens)
    return {"model_type": sub_config.model_type, **fields}


def _shrunk(name: str, value: Any, raw: dict[str, Any]) -> Any:
    """The small value of a field the tables know; None where the field is to be left alone."""
    if name == KV_HEADS and isinstance(value, int):
        grouped = 1 < value < raw.get(QUERY_HEADS, value)
        return min(value, GROUPED_HEADS if grouped else HEADS)
    if name in CAPS and isinstance(value, int):
        return min(value, CAPS[name])
    if name in LIST_CAPS and isinstance(value, list | tuple):
        return [min(entry, LIST_CAPS[name]) for entry in value]
    return None


def _token_map(reference: Any) -> dict[int, int]:
    """Special token ids → ids within the tiny vocabulary, the same everywhere in the configuration tree.

    Ids that fit are kept; the others get free ids from the top down.
    """
    tokens: set[int] = set()
    _collect_tokens(reference, tokens)
    kept = {token for token in tokens if 0 <= token < VOCAB}
    free = iter(sorted(set(range(VOCAB)) - kept, reverse=True))
    return {token: token if token in kept else next(free) for token in sorted(tokens) if token >= 0}


def _collect_tokens(config: Any, found: set[int]) -> None:
    for field in dataclasses.fields(config):
        value = getattr(config, field.name, None)
        if field.name in config.sub_configs and value is not None:
            _collect_tokens(value, found)
        elif field.name.endswith(TOKEN_SUFFIXES):
            found.update(entry for entry in _as_list(value) if isinstance(entry, int))


def _remapped(value: Any, tokens: dict[int, int]) -> Any:
    if isinstance(value, list | tuple):
        return [_remapped(entry, tokens) for entry in value]
    return tokens.get(value, value) if isinstance(value, int) else value


def _as_list(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else [value]


def _raw_default(field: "dataclasses.Field[Any]") -> Any:
    if field.default is not dataclasses.MISSING:
        return field.default
    return field.default_factory() if field.default_factory is not dataclasses.MISSING else None
