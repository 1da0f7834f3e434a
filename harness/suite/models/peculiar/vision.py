"""Rows of model types that read images or video alone."""

from typing import Any

import torch

from harness.suite.models.peculiar.records import Peculiarity as Row

RESNET = {"model_type": "resnet", "out_features": ["stage2", "stage3", "stage4"]}
"""Stands in for a backbone of timm, which cannot be imported without torchvision."""
INTRACLASS = {
    "reduce_channel": (1, 1, 0),
    "return_channel": (1, 1, 0),
    **{
        f"vertical_long_to_small_conv_{ratio}ratio": ((side, 1), 1, (side // 2, 0))
        for ratio, side in (("long", 7), ("mid", 5), ("short", 3))
    },
    **{
        f"horizontal_small_to_long_conv_{ratio}ratio": ((1, side), 1, (0, side // 2))
        for ratio, side in (("long", 7), ("mid", 5), ("short", 3))
    },
    **{
        f"symmetric_conv_long_{ratio}ratio": (side, 1, side // 2)
        for ratio, side in (("long", 7), ("mid", 5), ("short", 3))
    },
}
"""Convolutions of the intra-class blocks of PP-OCR's detectors: long ones along and across a line of text."""

NECK = {"intraclass_block_config": INTRACLASS, "kernel_list": [3, 2, 2], "scale_factor_list": [1, 2, 4, 8]}
HALVING = [
    [[3, 16, 16, 1, True]],
    [[3, 16, 16, 2, False]],
    [[3, 16, 32, 2, False], [3, 32, 32, 1, True]],
    [[3, 32, 64, 2, False], [3, 64, 64, 1, False]],
]
"""Blocks of PP-LCNetV4 for a detector: kernel, channels in, channels out, stride, squeeze."""

DETACHED = (
    "boxes are detached from one decoder layer to the next by design: backward is not the whole derivative"
)
CHOSEN = "the best of its proposals become queries, and rounding swaps proposals of nearly one score"
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


def task_tokens(context: Any) -> torch.Tensor:
    """(1, task_seq_len) tokens of the task's name."""
    found: torch.Tensor = context.tokens(
        "task_inputs", context.config.task_seq_len, context.config.text_encoder_vocab_size
    )
    return found


def rectangle(name: str, *shape: int) -> Any:
    """Values for one argument of a fixed shape."""
    return lambda context: context.uniform(name, *shape)


ROWS: dict[str, Row] = {
    **dict.fromkeys(
        ("conditional_detr", "dab-detr", "deformable_detr", "detr", "table-transformer"),
        Row(
            reason="its backbone would come from timm",
            base={"backbone_config": RESNET, "use_timm_backbone": False},
        ),
    ),
    "DetrForSegmentation": Row(
        reason="the mask head wants d_model + heads to be divisible by 8",
        fields={"encoder_attention_heads": 8, "decoder_attention_heads": 8},
    ),
    "vjepa2": Row(
        reason="a video of 64 frames of 256 pixels, whose sizes have names of their own",
        fields={"crop_size": 32, "frames_per_clip": 4},
    ),
    "swin2sr": Row(
        reason="each pixel is a token, in six stages",
        fields={"image_size": 16, "window_size": 4, "embed_dim": 32, "depths": [2, 1], "num_heads": [4, 4]},
    ),
    **dict.fromkeys(
        ("d_fine", "deimv2", "pp_doclayout_v3", "pp_doclayout_v4", "rf_detr", "rt_detr", "rt_detr_v2"),
        Row(
            reason="the best of its proposals become queries, and boxes are refined layer by layer",
            exempt={"gradients": DETACHED, "bf16_vs_fp32": CHOSEN},
        ),
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
        inputs={"arguments": {"noise": rectangle("noise", 1, 4)}},
    ),
    "vit_mae": Row(
        reason="which patches are masked is drawn at random where no noise is given",
        inputs={"arguments": {"noise": rectangle("noise", 1, 16)}},
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
    "hgnet_v2": Row(
        reason="a stage's input is the output of the one before",
        fields={
            "stem_channels": [3, 16, 16],
            "stage_in_channels": [16, 64, 64, 64],
            "stage_mid_channels": [16, 16, 16, 16],
            "stage_out_channels": [64, 64, 64, 64],
            "hidden_sizes": [64, 64, 64, 64],
            "stage_num_blocks": [1, 1, 2, 1],
            "stage_numb_of_layers": [2, 2, 2, 2],
        },
    ),
    **dict.fromkeys(
        ("pp_lcnet", "pp_lcnet_v3"),
        Row(
            reason="its blocks are tables: kernel, channels in, channels out, stride, squeeze",
            fields={
                "block_configs": [
                    [[3, 16, 64, 1, False]],
                    [[3, 64, 64, 2, False]],
                    [[3, 64, 64, 2, False]],
                    [[3, 64, 64, 2, False], [5, 64, 64, 1, False]],
                    [[5, 64, 64, 2, True], [5, 64, 64, 1, False]],
                ],
                "conv_symmetric_num": 1,
            },
        ),
    ),
    "pp_lcnet_v4": Row(
        reason="its blocks are tables: kernel, channels in, channels out, stride, squeeze",
        fields={
            "stem_channels": [3, 8, 16],
            "block_configs": [
                [[3, 16, 16, 1, True]],
                [[3, 16, 16, 1, False]],
                [[3, 16, 32, [2, 1], False], [3, 32, 32, 1, True]],
                [[3, 32, 64, [2, 1], False], [3, 64, 64, 1, False]],
            ],
        },
    ),
    "pp_ocrv5_mobile_rec": Row(
        reason="five halvings of its line of text must leave three rows to pool",
        inputs={"image_size": (96, 192)},
    ),
    **dict.fromkeys(
        ("pp_ocrv5_server_rec", "pp_ocrv6_small_rec", "pp_ocrv6_tiny_rec"),
        Row(reason="it reads one line of text, 48 pixels high", inputs={"image_size": (48, 64)}),
    ),
    "pp_ocrv5_server_det": Row(reason="the convolutions of its neck and head have no defaults", base=NECK),
    "pp_ocrv6_medium_det": Row(
        reason="neck and head have no default convolutions; it reads every stage, each half the one before",
        base={**NECK, "backbone_config": {"model_type": "pp_lcnet_v4", "out_indices": [1, 2, 3, 4]}},
        fields={"backbone_config.block_configs": HALVING},
    ),
    "pp_ocrv6_small_det": Row(
        reason="it reads every stage of its backbone",
        base={"backbone_config": {"model_type": "pp_lcnet_v4", "out_indices": [1, 2, 3, 4]}},
        fields={"backbone_config.block_configs": HALVING, "layer_list_out_channels": [16, 16, 32, 64]},
    ),
    "pp_doclayout_v2": Row(
        reason="each label needs a threshold and a place; boxes are in thousandths of the page",
        base={"class_thresholds": [0.0, 0.0], "class_order": [0, 1]},
        fields={"reading_order_config.max_2d_position_embeddings": 1024},
        exempt={"gradients": DETACHED, "bf16_vs_fp32": CHOSEN},
    ),
    **dict.fromkeys(
        ("pp_formulanet_vision", "slanext_vision"),
        Row(
            reason="windowed and global layers both, windows smaller than the map",
            fields={"num_hidden_layers": 2, "global_attn_indexes": [1], "window_size": 2},
        ),
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
    "lw_detr_vit": Row(
        reason="an image is cut into 4 × 4 windows of whole patches",
        fields={"image_size": 64, "window_block_indices": [0]},
    ),
    "lw_detr": Row(
        reason="the scales of its projector have no default, and each adds a level",
        base={"projector_scale_factors": [2.0, 0.5]},
        fields={"group_detr": 2},
        exempt={"gradients": DETACHED, "bf16_vs_fp32": CHOSEN},
    ),
    "oneformer": Row(
        reason="it is told its task in words", inputs={"arguments": {"task_inputs": task_tokens}}
    ),
    "inkling2_vision": Row(
        reason="patches are not flattened, one a token of the text, and the grid counts those",
        inputs={
            "arguments": {
                "pixel_values": lambda c: c.uniform(
                    "pixel_values", 4, *(2 * c.config.patch_size,) * 2, c.config.num_channels
                ),
                "image_grid_thw": torch.tensor([[1, 2, 2]]),
            }
        },
    ),
    "kimi_k25_vision": Row(
        reason="patches are not flattened",
        inputs={
            "arguments": {
                "pixel_values": lambda c: c.uniform("pixel_values", 16, 3, *(c.config.patch_size,) * 2)
            }
        },
    ),
    "video_llama_3_vision": Row(
        reason="each image says how many patches are merged",
        inputs={"arguments": {"merge_sizes": torch.tensor([2])}},
    ),
    "perceiver": Row(
        reason="its sizes have names of their own",
        fields={"num_latents": 16, "d_latents": 64, "num_self_attends_per_block": 2},
    ),
    "PerceiverModel": Row(
        reason="without a preprocessor it reads vectors",
        inputs={"arguments": {"inputs": rectangle("inputs", 1, 16, 64)}},
    ),
    **dict.fromkeys(
        ("PerceiverForImageClassificationConvProcessing", "PerceiverForImageClassificationFourier"),
        Row(
            reason="261 and 322 channels are not divisible by more heads",
            fields={"num_cross_attention_heads": 1},
        ),
    ),
    "pp_formulanet": Row(
        reason="input_ids are there for compatibility, and are not read",
        inputs={"arguments": {"input_ids": None, "attention_mask": None}},
        exempt={"padding_invariance": "it reads an image; both arguments are there for compatibility"},
    ),
    "videomt": Row(
        reason="its outputs are those of the first frame of every row, then those of the second",
        exempt={"batch_equivalence": "its outputs hold all rows of one frame, then those of the next"},
    ),
    "ImageGPTForImageClassification": Row(
        reason="images are never padded",
        exempt={"padding_invariance": "it averages over every position: an image has no padding"},
    ),
    "seggpt": Row(
        reason="an image is the prompt above the image; both are merged before the first layer that is read",
        fields={"image_size": [64, 32], "merge_index": 0},
        inputs={
            "image_size": 32,
            "arguments": {
                "prompt_pixel_values": rectangle("prompt_pixel_values", 1, 3, 32, 32),
                "prompt_masks": rectangle("prompt_masks", 1, 3, 32, 32),
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
    "uvdoc_backbone": Row(
        reason="its stages are tables of channels and dilations",
        fields={
            "resnet_head": [[3, 16], [16, 16]],
            "resnet_configs": [
                [[16, 16, 1, False]],
                [[16, 32, 1, True], [32, 32, 3, False]],
                [[32, 32, 1, True], [32, 32, 3, False]],
            ],
            "stage_configs": [
                [[32, 1]],
                [[32, 2]],
                [[32, 5]],
                [[32, 8], [32, 3]],
                [[32, 12], [32, 7]],
                [[32, 18], [32, 12]],
            ],
        },
    ),
    **dict.fromkeys(
        ("slanet", "slanext"),
        Row(reason="it writes a table token by token up to this length", fields={"max_text_length": 16}),
    ),
    "uvdoc": Row(
        reason="it reads every stage of its backbone",
        base={"backbone_config": {"model_type": "uvdoc_backbone", "out_indices": [1, 2, 3, 4, 5, 6]}},
        fields={"bridge_connector": [32, 32], "out_point_positions2D": [[32, 16], [16, 2]]},
    ),
    "vitmatte": Row(
        reason="image and trimap are four channels; its streams meet at 1/16",
        base={"backbone_config": {"model_type": "vitdet", "num_channels": 4}},
        fields={"backbone_config.patch_size": 16},
        inputs={"image_size": 64},
    ),
}
