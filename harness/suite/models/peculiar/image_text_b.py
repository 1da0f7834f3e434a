"""Rows of model types that read images beside text, M to Z."""

from typing import Any

import torch

from harness.suite.models.peculiar.makers import LEFT_OUT, beside_tokens, ones, values, whole
from harness.suite.models.peculiar.records import Peculiarity as Row


def camera_tokens(context: Any) -> torch.Tensor:
    """(1, tokens): placeholders of one image, then text."""
    ids = context.tokens("input_ids", 24, context.vocabulary())
    ids[:, :16] = context.config.vlm_config.image_token_id
    return ids


ROWS: dict[str, Row] = {
    "mllama": Row(
        reason="images are cut into as many tiles as their aspect ratio takes",
        inputs={
            "image_layout": "tiles",
            "arguments": {
                "pixel_values": values("pixel_values", 1, 1, 4, 3, 32, 32),
                "aspect_ratio_ids": whole([6]),
                "aspect_ratio_mask": ones(1, 1, 4),
                "cross_attention_mask": beside_tokens(1, 4),
            },
        },
    ),
    "mllama_vision_model": Row(
        reason="the width of what it gives is its own and that of each layer read besides",
        fields={"vision_output_dim": 192, "intermediate_layers_indices": [0, 1]},
        inputs={
            "image_layout": "tiles",
            "arguments": {
                "pixel_values": values("pixel_values", 1, 1, 4, 3, 32, 32),
                "aspect_ratio_ids": whole([6]),
                "aspect_ratio_mask": ones(1, 1, 4),
            },
        },
    ),
    "mllama_text_model": Row(
        reason="some layers attend to the image alone",
        fields={"cross_attention_layers": [1]},
        inputs={
            "arguments": {
                "cross_attention_states": values("cross_attention_states", 1, 8, 64),
                # Without it attention to the image would be causal.
                "cross_attention_mask": lambda _: torch.zeros(1, 1, 1, 8),
            }
        },
    ),
    "MllamaForCausalLM": Row(
        reason=(
            "states of the image are kept with every step they are given at, so that no mask fits a "
            "second one"
        ),
        inputs={"arguments": {"cross_attention_mask": None}},
    ),
    "molmo2": Row(
        reason="the adapter reads two layers of the vision tower; images and videos exclude one another",
        exempt={
            "batch_equivalence": (
                "indices of patches count through the whole batch, so that a row alone has others"
            )
        },
        fields={"adapter_config.vision_feature_layer": [1, 0], "vision_config.image_size": [32, 32]},
        inputs={
            "image_layout": "patches",
            "image_tokens": 4,
            "video_layout": LEFT_OUT,
            "arguments": {
                "image_token_pooling": lambda c: torch.arange(16).reshape(4, 4) + 16 * c.row,
                "image_grids": whole(
                    [2, 2, 0, 0]
                ),  # of the whole image, and of its parts, of which there are none
                "image_num_crops": whole(1),
            },
        },
    ),
    "paligemma": Row(
        reason=(
            "types of tokens tell what is read in both directions; without them the mask is left to "
            "the kind of attention"
        ),
        inputs={
            "image_layout": "image",
            "arguments": {
                "token_type_ids": lambda c: (
                    torch.zeros_like(ids) if (ids := c.made.get("input_ids")) is not None else None
                )
            },
        },
    ),
    "perception_lm": Row(
        reason="its vision tower would come from timm, of which it reads a field",
        base={"vision_config": {"model_type": "vit"}},
        fields={"vision_config.model_args": {"embed_dim": 64}},
        inputs={"image_layout": "tiles", "video_layout": "frames", "video_tokens": 32},
    ),
    "pi0": Row(
        reason="it reads the cameras and the state of a robot, and denoises its actions",
        fields={"chunk_size": 4},
        inputs={
            "image_layout": "tiles",
            "tiles": 1,
            "image_tokens": 16,
            "arguments": {
                "input_ids": camera_tokens,
                "pixel_attention_mask": lambda _: torch.ones(1, 1, dtype=torch.bool),
                "state": lambda c: c.uniform("state", 1, c.config.max_state_dim),
                "noise": lambda c: c.uniform("noise", 1, 4, c.config.max_action_dim),
                "timestep": lambda c: c.uniform("timestep", 1).abs(),
                "action_embeds": values("action_embeds", 1, 5, 64),
            },
        },
    ),
    "shieldgemma2": Row(
        reason=(
            "tokens an image are pooled from its patches, of which there must be more; the answers "
            "have default ids"
        ),
        base={"yes_token_index": 10784, "no_token_index": 3771},
        fields={"mm_tokens_per_image": 4},
        inputs={"padding_side": "left"},  # the answer is read from the last position
    ),
    "T5Gemma2ForSequenceClassification": Row(
        reason="it finds the end of a row by the padding token", inputs={"padding_token": True}
    ),
    "t5gemma2": Row(
        reason="its own encoder makes the tokens of an image, and has no method for it",
        inputs={"image_tokens": 4, "image_layout": "image"},
    ),
    "t5gemma2_encoder": Row(
        reason=(
            "tokens an image are pooled from its patches, of which there must be more; the whole "
            "model gives it its dropout"
        ),
        fields={"mm_tokens_per_image": 4, "text_config.dropout_rate": 0.0},
    ),
    **dict.fromkeys(
        ("qwen3_5", "qwen3_5_moe", "qwen3_vl", "qwen3_vl_moe"),
        Row(
            reason="each frame of a video has its own brackets",
            inputs={"image_layout": "grid", "video_layout": "grid", "video_groups": 2},
        ),
    ),
    "qwen4_exp": Row(
        reason="each frame of a video has its own brackets; an indexer chooses among blocks, by no gradient",
        frozen=("indexer",),
        inputs={"image_layout": "grid", "video_layout": "grid", "video_groups": 2},
    ),
    **dict.fromkeys(
        ("siglip", "siglip2"),
        Row(
            reason="its text tower reads the last position",
            exempt={
                "padding_invariance": "the text is what stands at the last position, a pad as well as a token"
            },
        ),
    ),
    "vilt": Row(
        reason="it chooses the patches of an image at random, also where it takes all of them",
        inputs={"draws": True},
        exempt={
            "batch_equivalence": "the patches of an image come in an order that is drawn anew for each row"
        },
    ),
    "Qwen3_5ForSequenceClassification": Row(
        reason="it finds the end of a row by the padding token of its text",
        fields={"text_config.pad_token_id": 0},
    ),
    "tvp": Row(
        reason="the prompt is a frame around the image",
        fields={"visual_prompt_size": 4, "max_img_size": 64, "num_frames": 2},
        inputs={"image_layout": "frames", "frames": 2, "image_size": 64},
    ),
    "video_llama_3": Row(
        reason="each image says by how much its grid shrinks",
        inputs={
            "image_layout": "grid",
            "video_layout": "grid",
            "arguments": {"image_merge_sizes": whole(2), "video_merge_sizes": whole(2)},
        },
    ),
    "vipllava": Row(
        reason="it reads five layers of the vision tower",
        fields={"vision_feature_layers": [-1, -2, -3, -1, -2]},
    ),
    "video_llama_3_vision": Row(
        reason="each image says how many patches are merged",
        inputs={"arguments": {"merge_sizes": torch.tensor([2])}},
    ),
}
