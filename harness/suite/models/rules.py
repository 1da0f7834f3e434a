"""How small each field of a tiny configuration becomes: rules by field name.

transformers names what a field means the same way across its configurations, so the name tells: a width,
a count of heads, of layers, of experts, a vocabulary. One width everywhere makes the projections between
towers match; a value that is small already is left alone.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

WIDTH, HEADS, GROUPED_HEADS, HEAD_DIM, LAYERS, VOCAB, EXPERTS, RANK = 64, 4, 2, 16, 2, 256, 4, 16
POSITIONS, FRAMES, IMAGE, PATCH = 512, 64, 32, 8


class Kind(StrEnum):
    """What a field counts."""

    HEADS = "heads"
    KV_HEADS = "kv_heads"
    HEAD_DIM = "head_dim"
    LAYERS = "layers"
    WIDTH = "width"
    VOCAB = "vocab"
    EXPERTS = "experts"
    RANK = "rank"
    POSITIONS = "positions"
    IMAGE = "image"
    PATCH = "patch"
    OTHER = "other"
    KEPT = "kept"


CAPS = {
    Kind.HEADS: HEADS,
    Kind.HEAD_DIM: HEAD_DIM,
    Kind.LAYERS: LAYERS,
    Kind.WIDTH: WIDTH,
    Kind.VOCAB: VOCAB,
    Kind.EXPERTS: EXPERTS,
    Kind.RANK: RANK,
    Kind.POSITIONS: POSITIONS,
    Kind.IMAGE: IMAGE,
    Kind.PATCH: PATCH,
}


DIVISORS = frozenset({Kind.HEADS, Kind.KV_HEADS})
"""What must divide a width, which is a power of two."""
WIDENED = DIVISORS | {Kind.WIDTH}
"""What is larger in a tiny model that several processes share; heads keep their size."""


@dataclass(frozen=True, slots=True)
class Rule:
    """Fields whose whole name matches are of that kind; with `cap`, smaller or larger than its kind's."""

    pattern: re.Pattern[str]
    kind: Kind
    cap: int | None = None


def _rule(pattern: str, kind: Kind, cap: int | None = None) -> Rule:
    return Rule(re.compile(pattern), kind, cap)


# The first rule that matches holds.
RULES = (
    _rule(r"(encoder|decoder|post_conv)_in_channels", Kind.WIDTH),
    # Numbers that are part of a formula, an alphabet or a signal, not of a size: they keep their value.
    _rule(
        r"(.*_)?(sampling_rate|sample_rate|hop_length|seed|temperature|kernel_size|stride|padding|"
        r"spatial_merge_size|temporal_patch_size|merge_size|num_channels|in_channels|num_input_channels|"
        r"chunk_size_feed_forward|num_labels|prune_every|max_depth|pool_size|num_mel_bins|n_mels|"
        r"query_pre_attn_scalar|num_labels|shuffle_factor|scale_factor|downsample_factor|"
        r"depth_multiplier|.*ratio|num_nextn_predict_layers|model_in_dim)",
        Kind.KEPT,
    ),
    _rule(
        r"num_experts_per_tok(en)?|top_k_experts|(moe_)?(top_?)?k|moe_topk|num_selected_experts|n_group|num_expert_groups?",
        Kind.OTHER,
        2,
    ),
    _rule(r"topk_group", Kind.OTHER, 1),
    _rule(r"first_k_dense_replace|num_dense_layers", Kind.OTHER, 1),  # lest no layer with experts is left
    _rule(r"upsample_groups|upsample_initial_channel", Kind.WIDTH),
    _rule(r"num_groups|n_groups", Kind.OTHER, 4),
    _rule(
        r"(num_|n_)?(key_value|kv|multi_query)_(attention_)?(heads|groups)|(.*_)?num_key_value_(attention_)?heads|num_kv_heads|n_kv_heads",
        Kind.KV_HEADS,
    ),
    _rule(r"rotary_dim", Kind.HEAD_DIM, 8),  # a part of each head
    _rule(r"(.*_)?(head_dim|dim_head|d_kv|d_head|head_size|dim_per_head|kv_channels)", Kind.HEAD_DIM),
    _rule(r"(.*_)?(attention_)?heads|(.*_)?(num_|n_)heads?|n_head|(.*_)?n_heads|num_.*_heads", Kind.HEADS),
    _rule(
        r"(.*_)?(num_|n_)(.*_)?(layers?|blocks)|(.*_)?(encoder|decoder|hidden|l|r|x|fusion|residual)_layers|layers|"
        r"(.*_)?depths?|n_layers?|stage_num_blocks|layers_per_.*|num_block_repeats",
        Kind.LAYERS,
    ),
    _rule(r"(.*_)?(num_|n_)?(.*_)?experts|expert_num|zero_expert_num", Kind.EXPERTS),
    _rule(
        r"(.*_)?vocab(_size.*)?|num_embeddings|codebook_size|num_codes|num_(bpe|wordpiece)_labels", Kind.VOCAB
    ),
    _rule(r"(.*_)?rank(_.*)?", Kind.RANK),
    _rule(r"max_(source|target)_positions", Kind.POSITIONS, FRAMES),
    _rule(
        r"(.*_)?(max_(.*_)?position(s|_embeddings)|n_positions|n_ctx|max_seq_len|context_length|max_seq_length)",
        Kind.POSITIONS,
    ),
    _rule(
        r"(.*_)?sliding_window(_size)?|attention_window|local_attention|attention_window_size",
        Kind.POSITIONS,
        8,
    ),
    _rule(r"(.*_)?num_conv_pos_embeddings", Kind.OTHER, 16),
    _rule(r"(.*_)?num_conv_pos_embedding_groups", Kind.OTHER, 4),
    _rule(r"(.*_)?(image_size|img_size|pretrain_image_size|input_resolution)", Kind.IMAGE),
    _rule(r"(.*_)?patch_size", Kind.PATCH),
    _rule(r"(.*_)?num_queries|num_query_tokens|num_detection_tokens|num_denoising", Kind.OTHER, 10),
    _rule(r"(mamba_)?chunk_size", Kind.OTHER, 8),  # of a scan: several chunks in a short text
    _rule(r".*window_size|.*chunk_size|.*kernel.*|.*patch.*", Kind.KEPT),
    _rule(
        r"(.*_)?(hidden_(size|dim|channels)s?|d_model|n_embd|width|(.*_)?(dim|dims|ffn|units|embd|inner|d_ff|dff|d_inner)|"
        r"(.*_)?(embed|embedding|proj|projection|projector|intermediate|output|feature|latent|pooler|feedforward|"
        r"feed_forward|adapter|mlp|ffn_hidden|classifier_proj|codevector|align|bottleneck)(_.*)?_sizes?|"
        r"(.*_)?(channels|filters|features|dim_feedforward)|dim|dim_ff|classifier_proj_size|intermediate_size_mlp|"
        r"dim_model_base|encoder_ffn_dim|(.*_)?hidden_size(_.*)?|intermediate_size.*|embed_dims|hidden_sizes)",
        Kind.WIDTH,
    ),
)


def rule_of(name: str) -> Rule | None:
    """The first rule whose pattern is the whole name; None where no rule knows the field."""
    return next((rule for rule in RULES if rule.pattern.fullmatch(name)), None)


def width_for(processes: int) -> int:
    """How many times wider a tiny model is that so many processes share: each has a head of keys at least."""
    return max(1, processes // GROUPED_HEADS)


def shrunk(name: str, value: Any, raw: Mapping[str, Any], layers: int = LAYERS, wide: int = 1) -> Any:
    """The small value of a field, up to `wide` times that of a width or heads; None to leave it alone."""
    rule = rule_of(name)
    if rule is None or rule.kind is Kind.KEPT:
        return None
    if isinstance(value, list | tuple):
        entries = [shrunk(name, entry, raw, 1, wide) for entry in value]
        if all(entry is None for entry in entries):
            return None
        return [old if new is None else new for old, new in zip(value, entries, strict=True)]
    if isinstance(value, bool) or not isinstance(value, int):
        return None
    cap = _cap(rule, value, raw, layers) * (wide if rule.kind in WIDENED else 1)
    return min(_power_of_two(value) if rule.kind in DIVISORS else value, cap)


def _cap(rule: Rule, value: int, raw: Mapping[str, Any], layers: int) -> int:
    """The largest value that the field keeps."""
    if rule.kind is Kind.LAYERS:
        return layers
    if rule.kind is Kind.KV_HEADS:  # they keep their kind: one head, fewer than the query heads, or as many
        heads = raw.get("num_attention_heads")
        return GROUPED_HEADS if isinstance(heads, int) and 1 < value < heads else HEADS
    return CAPS[rule.kind] if rule.cap is None else rule.cap


def _power_of_two(value: int) -> int:
    """The largest power of two that is not above: heads must divide the width."""
    return 1 << (value.bit_length() - 1) if value > 0 else value
