"""Rows of model types that read text alone, or codes and states as if they were text."""

from typing import Any

import torch

from harness.suite.models.peculiar.records import Peculiarity as Row

STEPS = 8
"""Steps of a trajectory, or of what another model has read."""


def with_token(token: int, *positions: int) -> Any:
    """Token ids with that one at `positions`, which plain text does not hold."""

    def make(context: Any) -> torch.Tensor:
        ids: torch.Tensor = context.tokens("input_ids", context.shape.tokens, context.vocabulary())
        ids[:, list(positions)] = token
        return ids

    return make


def with_token_in_choices(token: int, *positions: int) -> Any:
    """(1, 2, tokens): two answers, each with that token at `positions`."""

    def make(context: Any) -> torch.Tensor:
        answers = [
            context.tokens(name, context.shape.tokens, context.vocabulary()) for name in ("first", "second")
        ]
        ids = torch.stack(answers, dim=1)
        ids[:, :, list(positions)] = token
        return ids

    return make


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


def fractions(context: Any) -> torch.Tensor:
    """(1, tokens, 4): boxes, left, top, right, bottom, between 0 and 1."""
    corners = (context.uniform("bbox", 1, context.shape.tokens, 2, 2) + 1) / 2
    return torch.cat([corners.amin(2), corners.amax(2)], dim=-1)


FAST = "its convolutions reach over the end of the text into the padding"
JEV = Row(
    reason="its head stands on a model of any type, and scores the options of questions marked in one prompt",
    wraps="text_config",
    exempt={
        "forward": "its outputs are a score an option of the one prompt it takes, not a row a prompt",
        "batch_equivalence": "a batch is one prompt",
    },
    inputs={
        "arguments": {
            "marks": torch.tensor([[8, 20]]),
            "num_options": torch.tensor([[2, 3]]),
            "question_type_ids": torch.tensor([[0, 2]]),
        }
    },
)

DRAFTER = {"text_config.hidden_size_per_layer_input": 0, "text_config.vocab_size_per_layer_input": 0}
SHARED = {"text_config.num_kv_shared_layers": 2}
KINDS = ["sliding_attention", "full_attention"]
DRAFTS = {
    "generate": "it drafts for a model whose states it reads, and does not generate by itself",
    "padding_invariance": "it reads one token, which is not padded",
}
ROWS: dict[str, Row] = {
    **dict.fromkeys(
        ("hunyuan_v1_dense", "hunyuan_v1_moe", "hunyuan_vl_text", "ministral"),
        Row(reason="head_dim is None by default, and nothing derives it", base={"head_dim": 128}),
    ),
    "esm": Row(
        reason="vocab_size has no default", base={"vocab_size": 33, "pad_token_id": 1, "mask_token_id": 32}
    ),
    "canine": Row(
        reason="it hashes characters, and has no vocabulary",
        inputs={"vocabulary": 256},
        exempt={
            "padding_invariance": "a convolution pools characters in fours and drops the last, padding too"
        },
    ),
    "convbert": Row(
        reason="half of its heads are convolutions",
        exempt={"padding_invariance": "its convolutions reach over the end of the text into the padding"},
    ),
    "cpmant": Row(
        reason="it reads its padding from the ids, and every token of the prompt sees all others",
        exempt={
            "padding_invariance": "it takes a mask for the pipeline's sake only, and finds padding by its id",
            "kv_cache_equivalence": "tokens see those that come later, of which the cache knew nothing",
        },
    ),
    "encodec": Row(
        reason="its channels double from stage to stage, and its codes are hard choices",
        fields={"num_filters": 4},
        exempt={"gradients": "no gradient passes from the sound it makes through the codes to its encoder"},
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
    "clvp": Row(
        reason="its encoders rotate 32 values of a head at least; it ranks the speech that it generates",
        fields={"text_config.num_attention_heads": 2, "speech_config.num_attention_heads": 2},
        exempt={
            "padding_invariance": "its summary of a text is the mean over all positions, padding too",
            "generate": "its own generate gives likenesses of speech and text, not sequences of tokens",
        },
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
    "bros": Row(
        reason="it takes boxes as fractions of the page, and scales them itself",
        inputs={"arguments": {"bbox": fractions}},
    ),
    "fastspeech2_conformer": Row(
        reason="it predicts length, pitch and energy by convolutions, pitch without a gradient to the text",
        fields={"stop_gradient_from_pitch_predictor": False},
        exempt={"padding_invariance": FAST},
    ),
    "FastSpeech2ConformerWithHifiGan": Row(
        reason="it predicts length, pitch and energy by convolutions", exempt={"padding_invariance": FAST}
    ),
    "funnel": Row(
        reason="it pools the text from block to block",
        exempt={"padding_invariance": "it pools neighbouring tokens, real and padding together"},
    ),
    "gpt_neo": Row(
        reason="its kinds of layer are written as repetitions of a pattern, and its window counts tokens",
        fields={"attention_types": [[["global", "local"], 1]], "window_size": 8},
    ),
    "JevForDecision": JEV,
    "lfm2_moe": Row(reason="layer_types has no default", fields={"layer_types": ["conv", "full_attention"]}),
    "lilt": Row(
        reason="a sixth of its width must be as much as it gives to each side of a box",
        fields={"hidden_size": 96},
    ),
    "LongformerForQuestionAnswering": Row(
        reason="it tells question from text by three separators",
        inputs={"arguments": {"input_ids": with_token(2, 6, 7, 23)}},
    ),
    "LongformerForMultipleChoice": Row(
        reason="it tells question from text by three separators",
        inputs={"arguments": {"input_ids": with_token_in_choices(2, 6, 7, 23)}},
    ),
    "mamba2": Row(
        reason="its heads' width together is twice the model's", fields={"num_heads": 8, "head_dim": 16}
    ),
    "mobilebert": Row(
        reason="its head fills up what the embedding lacks of the width, and its layers narrow it",
        fields={"hidden_size": 64, "embedding_size": 32, "intra_bottleneck_size": 32},
        exempt={"padding_invariance": "each token is read with its neighbours, the last with padding"},
    ),
    "pegasus_x": Row(
        reason="a text is padded to whole blocks, beside global tokens",
        fields={"block_size": 8, "num_global_tokens": 4},
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
    "reformer": Row(
        reason="the axes of its positions make up width and length, and it hashes texts longer than a chunk",
        fields={
            "attn_layers": ["local", "lsh"],
            "axial_pos_embds_dim": [16, 48],
            "axial_pos_shape": [8, 16],
            "max_position_embeddings": 128,
            "local_attn_chunk_length": 8,
            "lsh_attn_chunk_length": 8,
            "hash_seed": 0,
        },
        exempt={
            "padding_invariance": "it sorts tokens into buckets and cuts them into chunks, padding and all",
            "gradients": "its reversible layers are differentiated in training mode only, at one length only",
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
    "SplinterForPreTraining": Row(
        reason="it predicts the spans that question tokens stand for",
        inputs={"arguments": {"input_ids": with_token(104, 5, 12)}},
    ),
    "T5GemmaForConditionalGeneration": Row(
        reason="its decoder starts from the token that begins a text, and masks the padding token",
        inputs={"generate": {"decoder_start_token_id": 2}},
    ),
    "T5GemmaEncoderModel": Row(
        reason="it refuses a configuration that has a decoder", fields={"is_encoder_decoder": False}
    ),
    "voxtral_realtime_text": Row(
        reason="the delay that it transcribes with conditions every layer, which forward hands on",
        inputs={
            "through": ("t_cond",),
            "arguments": {"t_cond": lambda c: c.uniform("t_cond", 1, 1, c.config.hidden_size)},
        },
    ),
    **dict.fromkeys(
        ("XLNetForSequenceClassification", "XLNetForMultipleChoice"),
        Row(
            reason="it is padded on the left: its summary is the last token's",
            inputs={"padding_side": "left"},
        ),
    ),
    "xlstm": Row(
        reason="it rounds the widths of heads up to 64s; its cache overwrites what backward needs",
        fields={"hidden_size": 128, "use_cache": False},
    ),
    "xmod": Row(
        reason="each language has its adapter, and none is the default",
        fields={"languages": ["en_XX", "de_DE"], "default_language": "en_XX"},
    ),
    "zamba": Row(
        reason="its first three layers are fixed, and its attention is shared by two layers at least",
        fields={"num_hidden_layers": 4, "layers_block_type": ["mamba", "mamba", "hybrid", "hybrid"]},
    ),
    "zamba2": Row(
        reason="its kinds of layer are listed in its code for the full depth",
        fields={"num_hidden_layers": 4, "layers_block_type": ["mamba", "hybrid", "mamba", "hybrid"]},
    ),
}
