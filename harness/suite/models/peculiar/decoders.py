"""Rows of model types that write text, and of decoders taken alone."""

from typing import Any

import torch

from harness.suite.models.peculiar.records import Peculiarity as Row

STEPS = 8
"""Steps of a trajectory, or of what another model has read."""


def uniform(name: str, *shape: int | str) -> Any:
    """Values of (1, …); a name in the shape is that field of the configuration."""
    return lambda c: c.uniform(name, 1, *(s if isinstance(s, int) else getattr(c.config, s) for s in shape))


def shared_states(context: Any, steps: int) -> dict[str, tuple[torch.Tensor, torch.Tensor]]:
    """Kind of layer → its keys and values, (1, heads, steps, width of a head) each."""
    text = context.config.get_text_config()
    layers = ((kind, text.per_layer_config[i]) for i, kind in enumerate(text.layer_types))
    shapes = {kind: (1, layer.num_key_value_heads, steps, layer.head_dim) for kind, layer in layers}
    return {
        kind: (context.uniform(f"{kind}.key", *shape), context.uniform(f"{kind}.value", *shape))
        for kind, shape in shapes.items()
    }


def drafted(steps: int) -> dict[str, Any]:
    """What a model that drafts a token reads of the model that it assists, which has read so many tokens."""
    return {
        "input_ids": None,
        "inputs_embeds": lambda c: c.uniform("inputs_embeds", 1, 1, 2 * c.config.backbone_hidden_size),
        "position_ids": torch.tensor([[steps]]),
        "attention_mask": torch.ones(1, steps, dtype=torch.long),
        "shared_kv_states": lambda c: shared_states(c, steps),
    }


DRAFTER = {"text_config.hidden_size_per_layer_input": 0, "text_config.vocab_size_per_layer_input": 0}
SHARED = {"text_config.num_kv_shared_layers": 2}
KINDS = ["sliding_attention", "full_attention"]
DRAFTS = {
    "generate": "it drafts for a model whose states it reads, and does not generate by itself",
    "padding_invariance": "it reads one token, which is not padded",
}
ABSOLUTE = Row(
    reason="an encoder-decoder's decoder alone: positions are absolute, and forward cannot be told them",
    inputs={"padding_side": "right"},
)


ROWS: dict[str, Row] = {
    "blt": Row(
        reason="the cache counts layers by a field of the whole configuration, which the class lacks",
        fields={"num_hidden_layers": 2},
    ),
    **dict.fromkeys(
        ("hunyuan_v1_dense", "hunyuan_v1_moe", "hunyuan_vl_text", "ministral"),
        Row(reason="head_dim is None by default, and nothing derives it", base={"head_dim": 128}),
    ),
    "cpmant": Row(
        reason="it reads its padding from the ids, and every token of the prompt sees all others",
        exempt={
            "padding_invariance": "it takes a mask for the pipeline's sake only, and finds padding by its id",
            "kv_cache_equivalence": "tokens see those that come later, of which the cache knew nothing",
        },
    ),
    "muse_glimmer_assistant": Row(
        reason="it drafts a block from noise and the states of layers of the model that it assists",
        fields={"target_layer_ids": [0, 1]},
        inputs={
            "arguments": {
                "noise_embeds": lambda c: c.uniform(
                    "noise_embeds", 1, c.config.block_size, c.config.hidden_size
                ),
                "context_hidden_states": lambda c: c.uniform(
                    "context_hidden_states", 1, STEPS, c.config.hidden_size * len(c.config.target_layer_ids)
                ),
                "attention_mask": lambda c: torch.ones(1, STEPS + c.config.block_size, dtype=torch.long),
            }
        },
    ),
    "nemotron": Row(reason="num_key_value_heads has no default", base={"num_key_value_heads": 8}),
    "bamba": Row(
        reason="all its layers are recurrent by default, and its cache asks for an attention layer",
        base={"attn_layer_indices": [1]},
    ),
    "granitemoehybrid": Row(
        reason="all its layers are recurrent by default, and its cache asks for an attention layer",
        fields={"layer_types": ["mamba", "attention"]},
    ),
    "dbrx": Row(
        reason="its attention reads a field its configuration does not declare, and a limit without default",
        fields={"attn_config.rope_theta": 500000.0, "attn_config.clip_qkv": 8.0},
    ),
    "decision_transformer": Row(
        reason="it reads states, actions and the returns to come; it takes rewards and reads them not",
        inputs={
            "arguments": {
                "states": uniform("states", STEPS, "state_dim"),
                "actions": uniform("actions", STEPS, "act_dim"),
                "returns_to_go": uniform("returns_to_go", STEPS, 1),
                "timesteps": torch.arange(STEPS)[None],
                "attention_mask": torch.ones(1, STEPS, dtype=torch.long),
            }
        },
    ),
    "deepseek_v2": Row(
        reason="num_experts_per_tok has no default",
        base={"num_experts_per_tok": 6, "first_k_dense_replace": 1},
    ),
    "deepseek_v4": Row(
        reason="its windows of tokens, each compressed to one key, are longer than a short text; an indexer "
        "chooses among the keys, and no gradient passes through its choice",
        fields={
            "compress_rates": {"compressed_sparse_attention": 4, "heavily_compressed_attention": 8},
            "index_topk": 2,
        },
        frozen=("indexer",),
    ),
    "dots1": Row(
        reason="the numbers of experts have no default",
        base={
            "num_experts_per_tok": 6,
            "n_routed_experts": 128,
            "n_shared_experts": 2,
            "first_k_dense_replace": 1,
        },
        fields={"layer_types": ["full_attention", "sliding_attention"]},
    ),
    "gemma4_assistant": Row(
        reason="it drafts from the last states and the keys and values of the model that it assists",
        base=DRAFTER,
        fields={**SHARED, "text_config.num_hidden_layers": 2, "text_config.layer_types": KINDS},
        exempt=DRAFTS,
        inputs={"arguments": drafted(STEPS)},
    ),
    "gemma4_unified_assistant": Row(
        reason="it drafts likewise; that all its layers read the other model's keys, which is its default, "
        "its text's configuration refuses (The set of layer types producing a cache is different …): half of "
        "them make keys, of the one token, which replace the other model's",
        base=DRAFTER,
        fields={**SHARED, "text_config.num_hidden_layers": 4, "text_config.layer_types": 2 * KINDS},
        exempt=DRAFTS,
        inputs={"arguments": drafted(1)},
    ),
    "gpt_neo": Row(
        reason="its kinds of layer are written as repetitions of a pattern, and its window counts tokens",
        fields={"attention_types": [[["global", "local"], 1]], "window_size": 8},
    ),
    "lfm2_moe": Row(reason="layer_types has no default", fields={"layer_types": ["conv", "full_attention"]}),
    "mamba2": Row(
        reason="its heads' width together is twice the model's", fields={"num_heads": 8, "head_dim": 16}
    ),
    "qwen4_exp_text": Row(
        reason="its index of blocks of tokens, a hard choice, and its embeddings of n-grams have no defaults",
        frozen=("indexer",),
        base={
            "indexer_n_heads": 4,
            "indexer_kv_heads": 1,
            "indexer_head_dim": 256,
            "indexer_budget": 2048,
            "indexer_compress_ratio": 2,
            "ple_layer_ids": [1],
            "eos_token_id": 2,
        },
        fields={
            "indexer_budget": 8,
            "heads_per_ngram": 2,
            "ngram_vocab_size_base": 64,
            "make_ngram_vocab_size_divisible_by": 16,
            "split_ngram_parts": 2,
        },
    ),
    "ProphetNetForCausalLM": Row(
        reason="the decoder of an encoder-decoder on its own: positions are absolute, and cannot be told",
        inputs={"padding_side": "right"},
    ),
    "rwkv": Row(
        reason="it takes a mask for generate's sake only; its state overwrites what backward needs",
        fields={"use_cache": False},
        exempt={"padding_invariance": "its state runs through every token; no mask is read (it warns so)"},
    ),
    "voxtral_realtime_text": Row(
        reason="the delay that it transcribes with conditions every layer, which forward hands on",
        inputs={
            "through": ("t_cond",),
            "arguments": {"t_cond": lambda c: c.uniform("t_cond", 1, 1, c.config.hidden_size)},
        },
    ),
    "xlstm": Row(
        reason="it rounds the widths of heads up to 64s; its cache overwrites what backward needs",
        fields={"hidden_size": 128, "use_cache": False},
    ),
    "zamba": Row(
        reason="its first three layers are fixed, and its attention is shared by two layers at least",
        fields={"num_hidden_layers": 4, "layers_block_type": ["mamba", "mamba", "hybrid", "hybrid"]},
    ),
    "zamba2": Row(
        reason="its kinds of layer are listed in its code for the full depth",
        fields={"num_hidden_layers": 4, "layers_block_type": ["mamba", "hybrid", "mamba", "hybrid"]},
    ),
    **dict.fromkeys(
        (
            "BartForCausalLM",
            "BigBirdPegasusForCausalLM",
            "BlenderbotForCausalLM",
            "BlenderbotSmallForCausalLM",
            "MarianForCausalLM",
            "MBartForCausalLM",
            "MvpForCausalLM",
            "PegasusForCausalLM",
            "PLBartForCausalLM",
            "TrOCRForCausalLM",
            "WhisperForCausalLM",
        ),
        ABSOLUTE,
    ),
    "hrm_text": Row(
        reason="it learns from its last cycles only",
        exempt={
            "gradients": "all cycles but the last run without gradient by design (a one-step approximation)"
        },
    ),
}
