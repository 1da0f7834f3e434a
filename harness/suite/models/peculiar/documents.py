"""Rows of model types that read whole pages: words with their places, images of pages."""

from typing import TYPE_CHECKING, Any

import torch

from harness.suite.models.peculiar.makers import latent_positions, values, whole
from harness.suite.models.peculiar.records import Peculiarity as Row

if TYPE_CHECKING:  # the context knows the tiny builder, which knows these rows
    from harness.suite.models.inputs.context import Context


def prefix(context: "Context") -> torch.Tensor | None:
    """(1, tokens): 0 for each, a token of the prefix."""
    ids = context.made.get("input_ids")
    return None if ids is None else torch.zeros_like(ids)


def padded_patches(context: "Context") -> torch.Tensor:
    """(1, patches, values a patch): the patches of each image, padded to as many."""
    return context.uniform("pixel_values", 1, 16, 3 * 2 * 8 * 8)


def flattened_patches(context: Any) -> torch.Tensor:
    """(1, 16, 2 + values a patch): row, column and values of each patch."""
    width = context.number(("vision",), "patch_embed_hidden_size", default=48)
    index = torch.arange(16)
    place = torch.stack([index // 4 + 1, index % 4 + 1], dim=-1)[None]
    return torch.cat([place.float(), context.uniform("flattened_patches", 1, 16, width)], dim=-1)


def fractions(context: Any) -> torch.Tensor:
    """(1, tokens, 4): boxes, left, top, right, bottom, between 0 and 1."""
    corners = (context.uniform("bbox", 1, context.shape.tokens, 2, 2) + 1) / 2
    return torch.cat([corners.amin(2), corners.amax(2)], dim=-1)


ROWS: dict[str, Row] = {
    "colpali": Row(
        reason=(
            "the processor always says which tokens are the prefix, that is read in both directions; "
            "forward hands it on unnamed"
        ),
        inputs={"through": ("token_type_ids",), "arguments": {"token_type_ids": prefix}},
    ),
    "colqwen2": Row(
        reason=(
            "its patches come padded, an image a row, and its features are not extracted by a method "
            "of its own"
        ),
        inputs={"image_layout": "grid", "image_tokens": 4, "arguments": {"pixel_values": padded_patches}},
    ),
    "deepseek_ocr2": Row(
        reason=(
            "which layers have experts has no default; windows must not cover the image; queries are "
            "for crops beside it"
        ),
        fields={
            "text_config.mlp_layer_types": ["dense", "sparse"],
            "text_config.num_experts_per_tok": 2,
            "vision_config.sam_config": {
                "image_size": 48,
                "window_size": 4,
                "num_hidden_layers": 2,
                "global_attn_indexes": [1],
                "downsample_channels": [32, 64],
            },
        },
        inputs={
            "arguments": {
                "pixel_values_local": lambda c: c.uniform("pixel_values_local", 1, 3, 48, 48),
                "num_local_patches": lambda _: [1],
            }
        },
    ),
    "granite_docling": Row(
        reason=(
            "the mask is of tiles; an image needs as many patches as are joined to one; which layers "
            "are read has no default field"
        ),
        fields={
            "vision_config.image_size": 64,
            "vision_config.num_hidden_layers": 3,
            "vision_config.deepstack_visual_indexes": [0, 1],
        },
        inputs={
            "image_layout": "tiles",
            "arguments": {"pixel_attention_mask": lambda _: torch.ones(1, 2, dtype=torch.bool)},
        },
    ),
    "kosmos-2.5": Row(
        reason=(
            "a mask, not a placeholder, says which tokens the image replaces; a patch starts with "
            "its row and column"
        ),
        base={"latent_query_num": 8},
        fields={"vision_config.patch_embed_hidden_size": 48},
        inputs={
            "image_layout": "patches",
            "arguments": {
                "flattened_patches": flattened_patches,
                "image_embeds_position_mask": latent_positions,
            },
        },
    ),
    "layoutlmv3": Row(
        reason="four coordinates, a height and a width, one after another, make the width",
        fields={"coordinate_size": 12, "shape_size": 8, "input_size": 32, "patch_size": 8},
        inputs={"image_layout": "image", "image_size": 32},
    ),
    **dict.fromkeys(
        ("minicpm_ocr", "minicpmv4_6", "minicpmv4_7"),
        Row(
            reason="placeholders have no default; the patches of all images stand in one row",
            base={"image_token_id": 250, "video_token_id": 251},
            fields={"insert_layer_id": 0},
            inputs={
                "image_layout": "image",
                "video_layout": "image",
                "arguments": {
                    "pixel_values": values("pixel_values", 1, 3, 8, 8 * 16),
                    "target_sizes": whole([4, 4]),
                    "pixel_values_videos": values("pixel_values_videos", 1, 3, 8, 8 * 16),
                    "target_sizes_videos": whole([4, 4]),
                },
                "joined": {"pixel_values": 3, "pixel_values_videos": 3},
            },
        ),
    ),
    **dict.fromkeys(
        ("minicpm_ocr_vision", "minicpmv4_6_vision", "minicpmv4_7_vision"),
        Row(
            reason=(
                "the patches of all images stand in one row; they are merged after a layer whose "
                "index is a field"
            ),
            fields={"insert_layer_id": 0},
            inputs={
                "image_layout": "image",
                "arguments": {
                    "pixel_values": values("pixel_values", 1, 3, 8, 8 * 16),
                    "target_sizes": whole([4, 4]),
                },
                "joined": {"pixel_values": 3},
            },
        ),
    ),
    "paddleocr_vl": Row(reason="patches come as small images", inputs={"image_layout": "stack"}),
    "paddleocr_vl_text": Row(
        reason="sections of rotary positions have a default in the code alone",
        base={
            "rope_parameters": {"rope_type": "default", "rope_theta": 10000.0, "mrope_section": [16, 24, 24]}
        },
    ),
    "pix2struct": Row(
        reason="a patch starts with its row and column",
        fields={"vision_config.patch_embed_hidden_size": 48},
        inputs={"image_layout": "patches", "arguments": {"flattened_patches": flattened_patches}},
    ),
    "udop": Row(
        reason="its image and its text are of one page",
        exempt={"padding_invariance": "patches under the boxes of tokens are merged into them, of pads too"},
    ),
    "bros": Row(
        reason="it takes boxes as fractions of the page, and scales them itself",
        inputs={"arguments": {"bbox": fractions}},
    ),
    "lilt": Row(
        reason="a sixth of its width must be as much as it gives to each side of a box",
        fields={"hidden_size": 96},
    ),
}
