"""Rows of model types that read images beside text, A to L."""

from typing import TYPE_CHECKING

import torch

from harness.suite.models.peculiar.makers import beside_tokens, latent_positions, plain, values, whole
from harness.suite.models.peculiar.records import Peculiarity as Row

if TYPE_CHECKING:  # the context knows the tiny builder, which knows these rows
    from harness.suite.models.inputs.context import Context


def answer(context: "Context") -> torch.Tensor:
    """(1, 6): the start of an answer, for a decoder that the configuration does not tell of."""
    return context.tokens("decoder_input_ids", 6, context.vocabulary())


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
    "cvt": Row(
        reason="a stage reads its drop rate from a list of one entry a layer, by the stage's index",
        fields={"depth": [1, 2, 3]},
    ),
    "deepseek_vl_hybrid": Row(
        reason="each image is read twice, in two sizes",
        inputs={
            "arguments": {"high_res_pixel_values": lambda c: c.uniform("high_res_pixel_values", 1, 3, 32, 32)}
        },
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
    "idefics": Row(
        reason="images stand beside the text, and each token says which it sees",
        inputs={"image_layout": "tiles", "arguments": {"image_attention_mask": beside_tokens(2)}},
    ),
    "instructblip": Row(
        reason="the image's token has no default; the Q-former reads the instruction too",
        base={"image_token_index": 50265},
        inputs={
            "image_layout": "image",
            "arguments": {"qformer_input_ids": plain("qformer_input_ids", 1, 8)},
        },
    ),
    "instructblipvideo": Row(
        reason=(
            "the video's token has no default; frames come as pixel_values; the Q-former reads the "
            "instruction too"
        ),
        base={"video_token_index": 50265},
        inputs={
            "image_layout": "frames",
            "frames": 2,
            "video_tokens": 20,
            "arguments": {"qformer_input_ids": plain("qformer_input_ids", 1, 8)},
        },
    ),
    "kimi_k25": Row(
        reason=(
            "patches come as small images; of a video with several frames the library cannot split "
            "the features"
        ),
        inputs={"image_layout": "stack", "video_layout": "stack", "video_time": 1},
    ),
    "kosmos-2": Row(
        reason="a mask, not a placeholder, says which tokens the image replaces",
        base={"latent_query_num": 8},
        inputs={"image_layout": "image", "arguments": {"image_embeds_position_mask": latent_positions}},
    ),
    "llama4_text": Row(
        reason="the layers of full attention have no rotary positions, which another list says",
        fields={"no_rope_layers": [1, 0]},
    ),
    "llama4_vision_model": Row(
        reason="pixel shuffling folds 2 × 2 patches into one before the layer of that width",
        fields={"intermediate_size": 256},
    ),
    "llava_next": Row(
        reason="the size of the image decides how many of its parts are read",
        inputs={"image_layout": "tiles", "tiles": 3, "arguments": {"image_sizes": whole([32, 64])}},
    ),
    **dict.fromkeys(
        ("lxmert", "visual_bert"),
        Row(
            reason="its images come as features and boxes of the objects in them",
            inputs={
                "arguments": {
                    "visual_feats": lambda c: c.uniform("visual_feats", 1, 4, c.config.visual_feat_dim),
                    "visual_pos": values("visual_pos", 1, 4, 4),
                    "visual_embeds": lambda c: c.uniform(
                        "visual_embeds", 1, 4, c.config.visual_embedding_dim
                    ),
                }
            },
        ),
    ),
    "kimi_k25_vision": Row(
        reason="patches are not flattened",
        inputs={
            "arguments": {
                "pixel_values": lambda c: c.uniform("pixel_values", 16, 3, *(c.config.patch_size,) * 2)
            }
        },
    ),
}
