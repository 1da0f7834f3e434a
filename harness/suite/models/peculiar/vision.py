"""Rows of model types that read images alone, whole."""

from typing import Any

import torch

from harness.suite.models.peculiar.makers import values
from harness.suite.models.peculiar.records import Peculiarity as Row

MATCHED = "keypoints and their matches are hard choices, which rounding and small steps change"


def every_other(count: int) -> torch.Tensor:
    """(1, count): every second place is masked, so that rows of a batch have as many of them."""
    return (torch.arange(count) % 2 == 1)[None]


def video_patches(context: Any) -> torch.Tensor:
    """(1, tubelets): which are masked."""
    config = context.config
    return every_other(
        config.num_frames // config.tubelet_size * (config.image_size // config.patch_size) ** 2
    )


ROWS: dict[str, Row] = {
    "vjepa2": Row(
        reason="a video of 64 frames of 256 pixels, whose sizes have names of their own",
        fields={"crop_size": 32, "frames_per_clip": 4},
    ),
    "swin2sr": Row(
        reason="each pixel is a token, in six stages",
        fields={"image_size": 16, "window_size": 4, "embed_dim": 32, "depths": [2, 1], "num_heads": [4, 4]},
    ),
    **dict.fromkeys(
        ("swin", "donut-swin"),
        Row(
            reason="each stage halves the map, and its window must still fit; depth 2 has a shifted window",
            fields={"image_size": 64, "window_size": 2, "embed_dim": 16, "depths": [2, 1, 1, 1]},
        ),
    ),
    **dict.fromkeys(
        ("focalnet", "maskformer-swin", "swinv2"),
        Row(reason="the width doubles from stage to stage", fields={"embed_dim": 16}),
    ),
    "dinov3_convnext": Row(
        reason="the widths and depths of its stages have no default fields",
        fields={"hidden_sizes": [16, 16, 32, 64], "depths": [1, 1, 2, 1]},
    ),
    **dict.fromkeys(
        ("mobilenet_v1", "mobilenet_v2"),
        Row(reason="its widths are written in the code, times a factor", fields={"depth_multiplier": 0.25}),
    ),
    "levit": Row(
        reason="its convolutions make patches of 16 whatever patch_size says; two stages shrink the map",
        fields={"image_size": 96, "patch_size": 16},
    ),
    "BeitForSemanticSegmentation": Row(reason="it wants four levels", base={"out_indices": [3, 5, 7, 11]}),
    "hiera": Row(
        reason="of units of 8 × 8 tokens pre-training drops some; its decoder has no default size",
        base={"decoder_hidden_size": 512, "decoder_depth": 8, "decoder_num_heads": 16},
        fields={"image_size": [64, 64], "embed_dim": 16},
    ),
    "HieraForPreTraining": Row(
        reason="which units are masked is drawn at random where no noise is given",
        inputs={"arguments": {"noise": values("noise", 1, 4)}},
    ),
    "vit_mae": Row(
        reason="which patches are masked is drawn at random where no noise is given",
        inputs={"arguments": {"noise": values("noise", 1, 16)}},
    ),
    "VideoMAEForPreTraining": Row(
        reason="as many tubelets are masked in each row",
        inputs={"arguments": {"bool_masked_pos": video_patches}},
    ),
    "efficientnet": Row(
        reason="widths are multiplied and rounded, and each block's input is the output of the one before",
        fields={
            "width_coefficient": 0.25,
            "depth_coefficient": 1.0,
            "out_channels": [16, 24, 40, 80, 112, 192, 320],
            "num_block_repeats": [1, 2, 1, 1, 1, 1, 1],
            "hidden_dim": 320,
            "image_size": 64,
        },
    ),
    **dict.fromkeys(
        ("mobilevit", "mobilevitv2"),
        Row(reason="a map of 1/32 is cut up into patches of 2", fields={"image_size": 64}),
    ),
    "efficientloftr": Row(
        reason="hidden_size is the width of the last stage; it matches two images",
        fields={"out_features": [16, 16, 32, 64], "stage_num_blocks": [1, 1, 2, 2], "num_attention_heads": 8},
        inputs={"image_layout": "tiles"},
    ),
    "superpoint": Row(
        reason="8 × 8 places and 'none' of a cell; a fixed number of keypoints, so that rows have as many",
        fields={"keypoint_decoder_dim": 65, "max_keypoints": 4, "keypoint_threshold": 0.0},
        exempt={"bf16_vs_fp32": MATCHED},
    ),
    "lightglue": Row(
        reason="it matches two images",
        inputs={"image_layout": "tiles"},
        exempt={"bf16_vs_fp32": MATCHED, "gradients": MATCHED},
    ),
    "superglue": Row(
        reason="it matches two images",
        fields={"keypoint_encoder_sizes": [16, 32, 64], "gnn_layers_types": ["self", "cross"]},
        inputs={"image_layout": "tiles"},
        exempt={"bf16_vs_fp32": MATCHED, "gradients": MATCHED},
    ),
    "chmv2": Row(
        reason="the class token that it reads is no field of the backbone's configuration",
        base={"post_process_channels": [16, 32, 64, 64]},
        fields={"backbone_config.return_class_token": True},
    ),
    "tipsv2_dpt": Row(
        reason="derived where it is None, at full size", fields={"neck_hidden_sizes": [16, 32, 64, 64]}
    ),
    "depth_pro": Row(
        reason="two scales of the image are cut into images of patch_size, the smallest into one",
        base={"use_fov_model": True},
        fields={
            "patch_size": 16,
            "intermediate_hook_ids": [1, 0],
            "merge_padding_value": 1,
            "scaled_images_ratios": [0.5, 1],
            "scaled_images_overlap_ratios": [0.0, 0.5],
            "fusion_hidden_size": 16,
            "scaled_images_feature_dims": [16, 16],
            "intermediate_feature_dims": [16, 16],
            **{
                f"{part}_model_config.{name}": value
                for part in ("image", "patch", "fov")
                for name, value in (("image_size", 16), ("patch_size", 4))
            },
        },
        inputs={"image_size": 32},
    ),
    "perceiver": Row(
        reason="its sizes have names of their own",
        fields={"num_latents": 16, "d_latents": 64, "num_self_attends_per_block": 2},
    ),
    "PerceiverModel": Row(
        reason="without a preprocessor it reads vectors",
        inputs={"arguments": {"inputs": values("inputs", 1, 16, 64)}},
    ),
    **dict.fromkeys(
        ("PerceiverForImageClassificationConvProcessing", "PerceiverForImageClassificationFourier"),
        Row(
            reason="261 and 322 channels are not divisible by more heads",
            fields={"num_cross_attention_heads": 1},
        ),
    ),
    "ImageGPTForImageClassification": Row(
        reason="images are never padded",
        exempt={"padding_invariance": "it averages over every position: an image has no padding"},
    ),
}
