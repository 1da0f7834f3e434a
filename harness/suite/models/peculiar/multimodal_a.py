"""Rows of model types that read text beside other modalities, A to H."""

from typing import TYPE_CHECKING

import torch

from harness.suite.models.peculiar.records import Peculiarity as Row

if TYPE_CHECKING:  # the context knows the tiny builder, which knows these rows
    from harness.suite.models.inputs.context import Context


def answer(context: "Context") -> torch.Tensor:
    """(1, 6): the start of an answer, for a decoder that the configuration does not tell of."""
    return context.tokens("decoder_input_ids", 6, context.vocabulary())


def prefix(context: "Context") -> torch.Tensor | None:
    """(1, tokens): 0 for each, a token of the prefix."""
    ids = context.made.get("input_ids")
    return None if ids is None else torch.zeros_like(ids)


def padded_patches(context: "Context") -> torch.Tensor:
    """(1, patches, values a patch): the patches of each image, padded to as many."""
    return context.uniform("pixel_values", 1, 16, 3 * 2 * 8 * 8)


ROWS: dict[str, Row] = {
    "align": Row(
        reason=(
            "each stage's input channels are the ones before's output, scaled and rounded, the last "
            "ones the pooled width"
        ),
        fields={
            "vision_config.in_channels": [32, *[16] * 6],
            "vision_config.out_channels": [*[16] * 6, 32],
            "vision_config.depth_coefficient": 1.0,  # layers are so many times as many
        },
    ),
    "aria": Row(
        reason="the projector has so many queries for an image of so many patches",
        fields={"projector_patch_to_query_dict": {16: 4}},
    ),
    "blip-2": Row(
        reason=(
            "the token that stands for an image has no default; one class's features are not those "
            "that stand in the text"
        ),
        base={"image_token_index": 50265},
        inputs={"image_tokens": 10},
    ),
    "Blip2ForImageTextRetrieval": Row(
        reason="its text goes through the Q-Former, which by default has no layers for it",
        fields={"qformer_config.use_qformer_text_input": True},
    ),
    "blip_2_qformer": Row(
        reason="it reads queries and image features, which are arguments of no other model",
        inputs={
            "arguments": {
                "query_embeds": lambda c: c.uniform("query_embeds", 1, 8, c.config.hidden_size),
                "encoder_hidden_states": lambda c: c.uniform("features", 1, 16, c.config.encoder_hidden_size),
            }
        },
    ),
    "BlipForConditionalGeneration": Row(
        reason=(
            "its text counts positions from the first one; its own generate names the padding token "
            "and puts a start token into the prompt"
        ),
        inputs={"padding_side": "right", "generate": {"pad_token_id": None}, "keeps_prompt": False},
    ),
    "BlipForQuestionAnswering": Row(
        reason="its decoder is not in the configuration",
        exempt={
            "input_sensitivity": (
                "forward returns the image's features alone, and of the text only the loss of given labels"
            )
        },
        inputs={
            "arguments": {"decoder_input_ids": answer},
            "generate": {"pad_token_id": None},
            "keeps_prompt": False,
        },
    ),
    "blt": Row(
        reason="the cache counts layers by a field of the whole configuration, which the class lacks",
        fields={"num_hidden_layers": 2},
    ),
    "cohere_compass_text": Row(
        reason=(
            "rotary parameters are one set a kind of layer, and their sections have full-size "
            "defaults in the code"
        ),
        base={
            "rope_parameters": {
                "full_attention": {
                    "rope_type": "default",
                    "rope_theta": 10000.0,
                    "mrope_section": [24, 20, 20],
                }
            }
        },
    ),
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
    "cvt": Row(
        reason="a stage reads its drop rate from a list of one entry a layer, by the stage's index",
        fields={"depth": [1, 2, 3]},
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
    "deepseek_vl_hybrid": Row(
        reason="each image is read twice, in two sizes",
        inputs={
            "arguments": {"high_res_pixel_values": lambda c: c.uniform("high_res_pixel_values", 1, 3, 32, 32)}
        },
    ),
    "dots3_note": Row(
        reason="recordings come with the number of samples that their frames stand for",
        inputs={
            "audio_layout": "bins_first",
            "arguments": {
                "chunk_sample_lengths": lambda c: torch.tensor([64 * c.config.audio_config.hop_length])
            },
        },
    ),
    "dots3_note_text": Row(
        reason="layers of sliding attention have widths of their own, which are arguments and no fields",
        fields={
            "swa_num_attention_heads": 4,
            "swa_num_key_value_heads": 4,
            "swa_q_lora_rank": 16,
            "swa_kv_lora_rank": 16,
            "swa_head_dim": 32,
            "swa_qk_nope_head_dim": 16,
            "swa_qk_rope_head_dim": 16,
            "swa_v_head_dim": 16,
        },
    ),
    "dots3_note_vision_encoder": Row(
        reason="the number of experts grows from layer to layer, by a list as long as the full stack",
        fields={"num_hidden_layers": 2, "mlp_layer_types": ["dense", "sparse"]},
    ),
    "ernie4_5_vl_moe_text": Row(
        reason="height and width take turns in the rotary sections and need as much each",
        fields={"rope_parameters.mrope_section": [3, 3, 2]},
    ),
    "fast_vlm": Row(
        reason="its vision tower would come from timm",
        base={"vision_config": {"model_type": "resnet"}},
        fields={"vision_config.hidden_size": 64},
    ),
    "FlavaForPreTraining": Row(
        reason="losses are on by default, and the labels are made of a second image; some patches are masked",
        inputs={
            "arguments": {
                "return_loss": False,
                "input_ids_masked": lambda c: c.tokens("input_ids_masked", c.shape.tokens, c.vocabulary()),
                "bool_masked_pos": lambda _: (torch.arange(16) % 3 == 0).reshape(1, 4, 4),
            }
        },
    ),
    "granite4_vision": Row(
        reason=(
            "which layers of the text read which of the image has no default, nor how far the image "
            "is sampled down"
        ),
        base={"downsample_rate": "4/8", "deepstack_layer_map": [[1, 0], [2, 1]]},
        fields={
            "downsample_rate": "2/4",
            "deepstack_layer_map": [[1, 0], [2, 1]],
            "spatial_target_layers": [2, 3, 4, 5],
            "text_config.num_hidden_layers": 6,
            "image_grid_pinpoints": [[32, 64], [64, 32]],
        },
        inputs={
            "image_layout": "tiles",
            "tiles": 3,
            "image_tokens": 14,
            "arguments": {"image_sizes": lambda _: torch.tensor([[32, 64]])},
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
    "grounding-dino": Row(
        reason="boxes are refined from one decoder layer to the next",
        exempt={
            "gradients": (
                "boxes are detached from one decoder layer to the next by design: backward is not the "
                "whole derivative"
            )
        },
    ),
    "groupvit": Row(
        reason="patches are assigned to groups by a hard choice",
        exempt={
            "gradients": (
                "the hard choice of a group is a jump; backward passes it by on purpose (straight through)"
            )
        },
    ),
}
