"""Rows of model types that find objects, named or learnt, and their backbones."""

from harness.suite.models.peculiar.makers import CHOSEN, DETACHED, ones, plain, whole
from harness.suite.models.peculiar.records import Peculiarity as Row

RESNET = {"model_type": "resnet", "out_features": ["stage2", "stage3", "stage4"]}
"""Stands in for a backbone of timm, which cannot be imported without torchvision."""


ROWS: dict[str, Row] = {
    "grounding-dino": Row(
        reason="boxes are refined from one decoder layer to the next",
        exempt={
            "gradients": (
                "boxes are detached from one decoder layer to the next by design: backward is not the "
                "whole derivative"
            )
        },
    ),
    "mm-grounding-dino": Row(
        reason="queries are chosen from the positions of the feature maps",
        inputs={"image_layout": "image", "image_size": 64},
        exempt={
            "gradients": (
                "boxes are detached from one decoder layer to the next by design: backward is not the "
                "whole derivative"
            )
        },
    ),
    "omdet-turbo": Row(
        reason=(
            "its backbone would come from timm; it detects classes given as texts, for a task given as a text"
        ),
        base={
            "backbone_config": RESNET,
            "use_timm_backbone": False,
            "apply_layernorm_after_vision_backbone": False,
        },
        # Where its width is the text's, the code reads a layer that is not there.
        fields={"encoder_hidden_dim": 32, "decoder_hidden_dim": 32, "vision_features_channels": [32, 32, 32]},
        inputs={
            "image_layout": "image",
            "arguments": {
                "classes_input_ids": plain("classes_input_ids", 2, 6),
                "classes_attention_mask": ones(2, 6),
                "tasks_input_ids": plain("tasks_input_ids", 1, 6),
                "tasks_attention_mask": ones(1, 6),
                "classes_structure": whole(2),
            },
        },
    ),
    **dict.fromkeys(
        ("owlv2", "owlvit"),
        Row(
            reason="a query is shorter than those of other models",
            fields={"text_config.max_position_embeddings": 64},
            inputs={"image_layout": "image"},
        ),
    ),
    "Owlv2ForObjectDetection": Row(
        reason="it scores each patch for being an object",
        exempt={
            "gradients": (
                "the head for objects reads the image's features detached by design: backward is not the "
                "whole derivative"
            )
        },
    ),
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
    **dict.fromkeys(
        ("d_fine", "deimv2", "pp_doclayout_v3", "pp_doclayout_v4", "rf_detr", "rt_detr", "rt_detr_v2"),
        Row(
            reason="the best of its proposals become queries, and boxes are refined layer by layer",
            exempt={"gradients": DETACHED, "bf16_vs_fp32": CHOSEN},
        ),
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
}
