"""Rows of model types that cut objects out of images and videos."""

from typing import Any

import torch

from harness.suite.models.peculiar.makers import values, whole
from harness.suite.models.peculiar.records import Peculiarity as Row

PROMPTS = {
    "input_points": lambda c: c.uniform("input_points", 1, 1, 2, 2).abs() * 30,
    "input_labels": whole([[1, 0]]),
    "input_boxes": whole([[4.0, 6.0, 20.0, 24.0]]),
    "input_masks": values("input_masks", 1, 1, 16, 16),
}
"""What SAM is told to segment: points, a box and a mask of an earlier turn."""


def session(before: str, side: int) -> dict[str, Any]:
    """Inputs of the parts that a session of SAM walks through: a frame of `side` pixels a side, then memory.

    `before` leads to the tracker; without pixels of its own (0) the frame is left out.
    """
    frame = {
        "_single_frame_forward.pixel_values": values("pixel_values", 1, 3, side, side),
        "_single_frame_forward.input_points": lambda c: c.uniform("input_points", 1, 1, 2, 2).abs() * 30,
        "_single_frame_forward.input_labels": whole([[1, 0]]),
    }
    attention = f"{before}memory_attention.forward."
    names = (
        "current_vision_features",
        "current_vision_position_embeddings",
        "memory",
        "memory_posision_embeddings",
    )
    return {
        "arguments": {
            **(frame if side else {}),
            f"{before}memory_encoder.forward.vision_features": values("vision_features", 1, 64, 4, 4),
            f"{before}memory_encoder.forward.masks": values("masks", 1, 1, 64, 64),
            **{attention + name: values(name, 16, 1, 64) for name in names},
        },
        "joined": {attention + name: 1 for name in names},
    }


def task_tokens(context: Any) -> torch.Tensor:
    """(1, task_seq_len) tokens of the task's name."""
    found: torch.Tensor = context.tokens(
        "task_inputs", context.config.task_seq_len, context.config.text_encoder_vocab_size
    )
    return found


ROWS: dict[str, Row] = {
    "groupvit": Row(
        reason="patches are assigned to groups by a hard choice",
        exempt={
            "gradients": (
                "the hard choice of a group is a jump; backward passes it by on purpose (straight through)"
            )
        },
    ),
    **dict.fromkeys(
        ("sam", "sam_hq"),
        Row(
            reason="positions have half the width of what they are added to",
            fields={"vision_config.num_pos_feats": 32},
            inputs={"image_layout": "image", "arguments": PROMPTS},
        ),
    ),
    "sam2": Row(
        reason="prompts refer to the image, whose size another part of the configuration says",
        fields={"prompt_encoder_config.image_size": 64, "prompt_encoder_config.patch_size": 16},
        inputs={"image_layout": "image", "image_size": 64, "arguments": PROMPTS},
    ),
    "EdgeTamModel": Row(
        reason="its vision tower would come from timm, and that of SAM 2 fits, which its video model has; "
        "prompts refer to the image, whose size another part of the configuration says",
        base={"vision_config": {"model_type": "sam2_vision_model"}},
        fields={"prompt_encoder_config.image_size": 64, "prompt_encoder_config.patch_size": 16},
        inputs={"image_layout": "image", "image_size": 64, "arguments": PROMPTS},
    ),
    "sam3_tracker": Row(
        reason="sizes of the feature maps follow from the image's, but are fields",
        fields={"vision_config.backbone_feature_sizes": [[16, 16], [8, 8], [4, 4]]},
        inputs={"image_layout": "image", "arguments": PROMPTS},
    ),
    "sam2_video": Row(
        reason="forward walks through a session that it changes: what it runs of it are the parts",
        fields={
            "prompt_encoder_config.image_size": 64,
            "prompt_encoder_config.patch_size": 16,
            "memory_attention_rope_feat_sizes": [4, 4],
            "image_size": 64,
        },
        entry=("_single_frame_forward", "memory_encoder.forward", "memory_attention.forward"),
        inputs=session("", 64),
    ),
    "sam3_tracker_video": Row(
        reason="forward walks through a session that it changes: what it runs of it are the parts",
        fields={
            "image_size": 32,
            "vision_config.backbone_feature_sizes": [[16, 16], [8, 8], [4, 4]],
            "memory_attention_rope_feat_sizes": [4, 4],
        },
        entry=("_single_frame_forward", "memory_encoder.forward", "memory_attention.forward"),
        inputs=session("", 32),
    ),
    "sam3_video": Row(
        reason="forward walks through a session that it changes: what it runs of it are the parts",
        entry=(
            "detector_model.forward",
            "tracker_model.memory_encoder.forward",
            "tracker_model.memory_attention.forward",
        ),
        inputs={"parts": {"detector_model": {"image": "image"}}, **session("tracker_model.", 0)},
    ),
    **dict.fromkeys(
        ("sam3_lite_text", "sam3_lite_text_text_model"),
        Row(
            reason="its text tower mixes neighbouring tokens by convolutions",
            exempt={"padding_invariance": "convolutions over the sequence see the pads beside a token"},
        ),
    ),
    "sam3_vit_model": Row(
        reason="layers that attend to the whole image are listed by a default of the code",
        fields={"global_attn_indexes": [1], "window_size": 2},
    ),
    "oneformer": Row(
        reason="it is told its task in words", inputs={"arguments": {"task_inputs": task_tokens}}
    ),
    "videomt": Row(
        reason="its outputs are those of the first frame of every row, then those of the second",
        exempt={"batch_equivalence": "its outputs hold all rows of one frame, then those of the next"},
    ),
    "seggpt": Row(
        reason="an image is the prompt above the image; both are merged before the first layer that is read",
        fields={"image_size": [64, 32], "merge_index": 0},
        inputs={
            "image_size": 32,
            "arguments": {
                "prompt_pixel_values": values("prompt_pixel_values", 1, 3, 32, 32),
                "prompt_masks": values("prompt_masks", 1, 3, 32, 32),
            },
        },
    ),
    "sam2_hiera_det_model": Row(
        reason="its stages are lists that are None by default",
        fields={
            "hidden_size": 16,
            "image_size": [64, 64],
            "blocks_per_stage": [1, 1, 2, 1],
            "embed_dim_per_stage": [16, 32, 64, 128],
            "num_attention_heads_per_stage": [1, 2, 4, 4],
            "window_size_per_stage": [8, 4, 4, 2],
            "global_attention_blocks": [3],
        },
    ),
    "sam2_vision_model": Row(
        reason="its lists follow the backbone's stages",
        fields={
            "backbone_channel_list": [128, 64, 32, 16],
            "backbone_feature_sizes": [[16, 16], [8, 8], [4, 4]],
        },
    ),
    "sapiens2": Row(
        reason="first and last layers have all key-value heads, those between are grouped",
        fields={
            "num_hidden_layers": 3,
            "num_first_full_attention_layers": 1,
            "num_last_full_attention_layers": 1,
        },
    ),
    **dict.fromkeys(
        ("Sapiens2ForSemanticSegmentation", "Sapiens2ForPoseEstimation"),
        Row(
            reason="its head has no default",
            base={"head_config": {"upsample_out_channels": [32, 16], "conv_out_channels": [16]}},
        ),
    ),
    **dict.fromkeys(
        ("Sapiens2ForNormalEstimation", "Sapiens2ForImageMatting"),
        Row(
            reason="its head has no default; its labels are three colours, and for matting opacity",
            base={
                "num_labels": 4,
                "head_config": {
                    "use_pixel_shuffle": True,
                    "upsample_out_channels": [32, 16],
                    "conv_out_channels": [16],
                },
            },
        ),
    ),
    "Sapiens2ForPointmapEstimation": Row(
        reason="its head has no default, and halves the map twice",
        base={
            "head_config": {
                "use_pixel_shuffle": True,
                "upsample_out_channels": [32, 16],
                "conv_out_channels": [16],
                "scale_conv_out_channels": [32, 16],
                "scale_final_hidden_sizes": [16, 16],
            }
        },
        fields={"image_size": 64, "head_config.scale_final_input_size": None},
    ),
    "vitmatte": Row(
        reason="image and trimap are four channels; its streams meet at 1/16",
        base={"backbone_config": {"model_type": "vitdet", "num_channels": 4}},
        fields={"backbone_config.patch_size": 16},
        inputs={"image_size": 64},
    ),
}
