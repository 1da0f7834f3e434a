"""An estimate of what a prefill holds beside weights and cache: a layer's widest moment, or the logits.

Nothing is kept for a backward pass, so of L layers one counts. The terms of a layer are those of
V. Korthikanti et al., "Reducing activation recomputation in large transformer models", 2022,
arXiv 2205.05198, section 4.1, in elements a token: its input and the residual (2h); in attention queries,
keys, values and the output ((2·n_q + 2·n_kv)·d); in the MLP gate, up and their product (3·f, f being the
wider of dense and routed, the latter times the experts a token passes). Attention scores (n_q·s²) are not
among them: fused attention holds none (T. Dao et al., "FlashAttention", 2022, arXiv 2205.14135), eager
attention does.
"""

from typing import Any

from harness.results.sheet import Activations
from harness.suite.fit.cache import HEAD_DIM, HEADS, KV_HEADS, WIDTHS
from harness.suite.fit.experts import chosen_experts
from harness.suite.fit.kinds import decoder_config, layer_configs, layer_kinds
from harness.suite.fit.states import first_of

DENSE_WIDTH = ("intermediate_size", "ffn_dim", "decoder_ffn_dim", "d_ff", "n_inner", "ffn_hidden_size")
ROUTED_WIDTH = ("moe_intermediate_size",)


def activations(config: Any) -> Activations | None:
    """Of the widest layer, by the text decoder's fields; None where they do not say how wide it is."""
    text = decoder_config(config)
    layers = layer_configs(text, len(layer_kinds(config))) or [text]
    chosen = chosen_experts(config) or 0
    known = [found for layer in layers if (found := _of_layer(layer, chosen)) is not None]
    return max(known, key=lambda found: found.per_token, default=None)


def _of_layer(text: Any, chosen: int) -> Activations | None:
    hidden, heads = first_of(text, WIDTHS), first_of(text, HEADS) or 0
    if not isinstance(hidden, int) or not isinstance(heads, int):
        return None
    dim = first_of(text, HEAD_DIM) or (hidden // heads if heads else 0)
    kv_heads = first_of(text, KV_HEADS) or heads
    dense = _widest(first_of(text, DENSE_WIDTH)) or 4 * hidden
    routed = (_widest(first_of(text, ROUTED_WIDTH)) or dense) * chosen
    attention = (2 * heads + 2 * kv_heads) * dim
    return Activations(
        per_token=2 * hidden + max(attention, 3 * max(dense, routed)),
        heads=heads,
        vocabulary=getattr(text, "vocab_size", None) or 0,
    )


def _widest(field: Any) -> Any:
    """Gemma 3n has a width a layer, ERNIE 4.5 VL's experts one a modality."""
    return max(field) if isinstance(field, list | tuple) else field
