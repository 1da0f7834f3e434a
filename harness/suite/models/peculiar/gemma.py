"""Rows of model types that read text beside other modalities, of the Gemma family."""

from typing import TYPE_CHECKING

import torch

from harness.suite.models.peculiar.records import Peculiarity as Row

if TYPE_CHECKING:  # the context knows the tiny builder, which knows these rows
    from harness.suite.models.inputs.context import Context


def canvas(context: "Context") -> torch.Tensor:
    """(1, canvas): tokens of which all are refined at once."""
    return context.tokens("decoder_input_ids", context.config.canvas_length, context.vocabulary())


def heard(context: "Context") -> torch.Tensor | None:
    """(1, frames): which frames hold sound, as truth values: they select the features that are kept."""
    sound = context.made.get("input_features")
    return None if sound is None else torch.ones(1, sound.shape[1], dtype=torch.bool)


PATCHES = {"image_layout": "patches", "video_layout": "patches", "grid": 6}
"""Patches of an image of six by six, which are pooled three by three."""
GEMMA4_PARTS = {
    "vision_config": {"model_type": "gemma4_vision"},
    "audio_config": {"model_type": "gemma4_audio"},
}
GEMMA4_INPUTS = {
    **PATCHES,
    "audio_layout": "frames_first",
    "bins": 64,
    "arguments": {"input_features_mask": heard},
}
GLOBAL_HEADS = Row(
    reason="layers of full attention have a head width of their own, which is an argument and no field",
    fields={"global_head_dim": 32},
)

ROWS: dict[str, Row] = {
    "diffusion_gemma": Row(
        reason=(
            "images pass through forward unnamed, as patches with their positions; the canvas is "
            "drawn at random if not given"
        ),
        fields={"canvas_length": 8},
        exempt={
            "padding_invariance": (
                "the canvas reads the prompt under a mask of its own, not under the prompt's"
            ),
            "generate": (
                "a canvas of tokens is refined at once: there are no steps of a token each, nor their logits"
            ),
            "kv_cache_equivalence": (
                "a canvas of tokens is refined at once: there are no steps of a token each"
            ),
        },
        inputs={
            **PATCHES,
            "image_tokens": 4,
            "through": ("pixel_values", "image_position_ids", "mm_token_type_ids"),
            "arguments": {
                "decoder_input_ids": canvas,
                "self_conditioning_logits": lambda c: c.uniform(
                    "self_conditioning_logits", 1, 8, c.vocabulary()
                ),
            },
        },
    ),
    "diffusion_gemma_text": Row(
        reason=(
            "experts have no default number; layers of full attention have a width of their own, an "
            "argument and no field"
        ),
        base={"num_experts": 128, "top_k_experts": 8, "moe_intermediate_size": 704},
        fields={"global_head_dim": 32},
    ),
    "embedding_gemma2": Row(
        reason="towers for images and sound are left out by default; patches come with their positions",
        base=GEMMA4_PARTS,
        inputs=GEMMA4_INPUTS,
    ),
    "embedding_gemma2_text": GLOBAL_HEADS,
    "gemma3": Row(
        reason="an image of sixteen patches is pooled to four tokens", fields={"mm_tokens_per_image": 4}
    ),
    "gemma3n_text": Row(
        reason=(
            "the last layers read the keys of earlier ones, of each kind one; some layers are sparse "
            "by their index"
        ),
        fields={
            "num_hidden_layers": 4,
            "num_kv_shared_layers": 2,
            "layer_types": ["sliding_attention", "full_attention"] * 2,
            "activation_sparsity_pattern": [0.95, 0.0, 0.95, 0.0],
        },
    ),
    "gemma4": Row(
        reason="towers for images and sound are left out by default; patches come with their positions",
        base=GEMMA4_PARTS,
        inputs=GEMMA4_INPUTS,
    ),
    "gemma4_audio": Row(
        reason="the projection of the features fits as many bins as the first convolution has channels",
        inputs={"audio_layout": "frames_first", "bins": 64},
    ),
    "gemma4_text": GLOBAL_HEADS,
    "gemma4_unified": Row(
        reason="images and sound have no default; a patch that is read is what other models pool of several",
        base={
            "vision_config": {"model_type": "gemma4_unified_vision"},
            "audio_config": {"model_type": "gemma4_unified_audio"},
        },
        fields={"vision_config.pooling_kernel_size": 1},
        inputs={**GEMMA4_INPUTS, "grid": 3, "frames": 16},
    ),
    "gemma4_unified_text": GLOBAL_HEADS,
    "gemma4_vision": Row(reason="patches come with their positions", inputs=PATCHES),
}
