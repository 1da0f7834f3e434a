"""Rows of model types that find and read lines, tables and formulas, and their backbones."""

from harness.suite.models.peculiar.makers import CHOSEN, DETACHED
from harness.suite.models.peculiar.records import Peculiarity as Row

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


ROWS: dict[str, Row] = {
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
    "pp_formulanet": Row(
        reason="input_ids are there for compatibility, and are not read",
        inputs={"arguments": {"input_ids": None, "attention_mask": None}},
        exempt={"padding_invariance": "it reads an image; both arguments are there for compatibility"},
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
}
