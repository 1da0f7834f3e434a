"""Rows of model types that read text beside other modalities, I to Z."""

from collections.abc import Callable
from typing import Any

import torch
from transformers import ViTConfig

from harness.suite.models.peculiar.records import Peculiarity as Row
from harness.suite.models.peculiar.vision import RESNET

LEFT_OUT = ""
"""The layout of a modality that the model takes, but not beside the others."""
VIT = ViTConfig(
    hidden_size=64,
    intermediate_size=64,
    num_hidden_layers=2,
    num_attention_heads=4,
    image_size=32,
    patch_size=8,
    num_labels=64,
)
"""Stands in for a vision tower of timm, which cannot be imported without torchvision."""


def values(name: str, *shape: int) -> Callable[[Any], torch.Tensor]:
    """A maker of uniform values of that shape."""
    return lambda context: context.uniform(name, *shape)


def whole(*entries: Any) -> Callable[[Any], torch.Tensor]:
    """A maker of a tensor of those entries."""
    return lambda _: torch.tensor(entries)


def plain(name: str, rows: int, length: int) -> Callable[[Any], torch.Tensor]:
    """A maker of `rows` rows of plain tokens."""
    return lambda context: torch.cat(
        [context.tokens(f"{name}{row}", length, context.vocabulary()) for row in range(rows)]
    )


def ones(*shape: int) -> Callable[[Any], torch.Tensor]:
    """A maker of a mask that hides nothing."""
    return lambda _: torch.ones(*shape, dtype=torch.long)


def beside_tokens(*shape: int) -> Callable[[Any], torch.Tensor | None]:
    """A maker of ones of (1, tokens, …): what of the image each token sees; None while there are none."""

    def make(context: Any) -> torch.Tensor | None:
        ids = context.made.get("input_ids")
        return None if ids is None else torch.ones(1, ids.shape[1], *shape, dtype=torch.long)

    return make


def latent_positions(context: Any) -> torch.Tensor | None:
    """(1, tokens): the tokens after the first are replaced by what the model makes of the image."""
    ids = context.made.get("input_ids")
    if ids is None:
        return None
    mask = torch.zeros_like(ids)
    mask[:, 1 : 1 + context.config.latent_query_num] = 1
    return mask


def flattened_patches(context: Any) -> torch.Tensor:
    """(1, 16, 2 + values a patch): row, column and values of each patch."""
    width = context.number(("vision",), "patch_embed_hidden_size", default=48)
    index = torch.arange(16)
    place = torch.stack([index // 4 + 1, index % 4 + 1], dim=-1)[None]
    return torch.cat([place.float(), context.uniform("flattened_patches", 1, 16, width)], dim=-1)


VISION_TOKENS = {"vision_start_token_id": 151652, "vision_end_token_id": 151653}
"""Of Qwen-Omni: named in its checkpoints, not in its configuration class."""
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


def camera_tokens(context: Any) -> torch.Tensor:
    """(1, tokens): placeholders of one image, then text."""
    ids = context.tokens("input_ids", 24, context.vocabulary())
    ids[:, :16] = context.config.vlm_config.image_token_id
    return ids


ROWS: dict[str, Row] = {
    "idefics": Row(
        reason="images stand beside the text, and each token says which it sees",
        inputs={"image_layout": "tiles", "arguments": {"image_attention_mask": beside_tokens(2)}},
    ),
    "inkling2": Row(
        reason="pixels come as one block of merged patches a token, channels last",
        inputs={
            "image_layout": "image",
            "arguments": {
                "pixel_values": values("pixel_values", 4, 16, 16, 3),
                "image_grid_thw": whole([1, 2, 2]),
            },
        },
    ),
    "inkling_mm_model": Row(
        reason="pixels come as (patches, time, height, width, channels), sound as bins of a mel spectrogram",
        fields={"vision_config.patch_size": 4, "audio_config.n_mel_bins": 16},
        inputs={
            "image_layout": "image",
            "audio_tokens": 6,
            "arguments": {
                "pixel_values": values("pixel_values", 4, 2, 4, 4, 3),
                "audio_input_ids": lambda c: c.tokens("audio_input_ids", 6 * 16, 256).reshape(1, 6, 16),
                "audio_input_ids_mask": ones(1, 6),
            },
        },
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
    "nemotron_h_omni": Row(
        reason=(
            "placeholders and sound have no default; frames of a video stand for images, of which "
            "there are none then"
        ),
        base={
            "image_token_id": 250,
            "audio_token_id": 251,
            "audio_config": {"model_type": "parakeet_encoder"},
        },
        fields={"audio_config.projection_hidden_size": 64, "audio_config.projection_bias": False},
        inputs={"image_layout": "grid", "video_layout": LEFT_OUT, "audio_layout": "frames_first"},
    ),
    **dict.fromkeys(
        ("muse_glimmer", "muse_spark"),
        Row(
            reason="the adapter reads four patches side by side; sound comes in whole windows",
            fields={"out_hidden_size": 256},
            inputs={
                "image_layout": "grid",
                "video_layout": "grid",
                "audio_layout": "samples",
                "arguments": {
                    "input_values": values("input_values", 1, 2 * 1920),  # the windows it is cut into
                    "input_values_mask": ones(1, 2 * 1920),
                },
            },
        ),
    ),
    "neomme": Row(reason="patches come flat, without their grid", inputs={"image_layout": "grid"}),
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
    "paddleocr_vl": Row(reason="patches come as small images", inputs={"image_layout": "stack"}),
    "paddleocr_vl_text": Row(
        reason="sections of rotary positions have a default in the code alone",
        base={
            "rope_parameters": {"rope_type": "default", "rope_theta": 10000.0, "mrope_section": [16, 24, 24]}
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
    "pe_audio_encoder": Row(
        reason="each of its four convolutions doubles the width",
        fields={"dac_config.encoder_hidden_size": 4, "dac_config.downsampling_ratios": [2, 4, 5, 8]},
    ),
    "pe_video_encoder": Row(
        reason="its vision tower would come from timm",
        fields={"vision_config": VIT},
        inputs={"video_layout": "frames"},
    ),
    **dict.fromkeys(
        ("pe_audio_video", "pe_audio_video_encoder"),
        Row(
            reason="a mask of samples and one of frames; its codec runs without gradient on purpose",
            frozen=("dac_encoder", "bottleneck"),
            inputs={
                "video_layout": "frames",
                "audio_layout": "channel",
                "arguments": {
                    "padding_mask": lambda c: torch.ones(1, c.shape.audio, dtype=torch.long),
                    "padding_mask_videos": ones(1, 2),
                },
            },
        ),
    ),
    "pe_video": Row(
        reason="its vision tower would come from timm",
        fields={"video_config.vision_config": VIT},
        inputs={"video_layout": "frames"},
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
    "phi4_multimodal": Row(
        reason=(
            "an image comes whole and in crops, with a mask of its patches; sound with the number "
            "of its tokens"
        ),
        fields={
            "vision_config.crop_size": 32,
            "audio_config.ext_pw_out_channel": 64,
            "audio_config.depthwise_separable_out_channel": 64,
            "audio_config.nemo_conv_channels": 64,
        },
        inputs={
            "image_layout": "tiles",
            "audio_layout": "frames_first",
            "image_tokens": 13,  # 2 × (2 + 1) of the crop, as many of the whole image, and one between them
            "audio_tokens": 8,
            "arguments": {
                "image_sizes": whole([32, 32]),
                "image_attention_mask": ones(1, 2, 4, 4),
                "audio_embed_sizes": whole(8),
            },
        },
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
    "pix2struct": Row(
        reason="a patch starts with its row and column",
        fields={"vision_config.patch_embed_hidden_size": 48},
        inputs={"image_layout": "patches", "arguments": {"flattened_patches": flattened_patches}},
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
    "qwen2_5_omni_dit": Row(
        reason="the last layer of the speaker's encoder reads three others side by side",
        fields={"enc_channels": [64, 64, 64, 64, 192]},
    ),
    "qwen2_5_omni": Row(
        reason="it has no forward, and generation wants the voice of a speaker that only checkpoints hold",
        base={"thinker_config": VISION_TOKENS},
        entry=(
            "thinker.forward",
            "talker.forward",
            "token2wav.code2wav_dit_model.forward",
            "token2wav.code2wav_bigvgan_model.forward",
        ),
        inputs={
            "wide": ("token2wav",),
            "parts": {"thinker": {"image": "grid", "video": "grid", "audio": "bins_first"}},
            "arguments": {
                "talker.forward.inputs_embeds": values("inputs_embeds", 1, 8, 64),
                "token2wav.code2wav_dit_model.forward.hidden_states": values("hidden_states", 1, 8, 64),
                "token2wav.code2wav_dit_model.forward.condition_vector": values("condition_vector", 1, 8, 64),
                "token2wav.code2wav_dit_model.forward.speaker_embedding": values(
                    "speaker_embedding", 1, 8, 64
                ),
                "token2wav.code2wav_dit_model.forward.quantized_code": lambda c: c.tokens(
                    "quantized_code", 4, 64
                ),
                "token2wav.code2wav_dit_model.forward.time_step": whole(0.5),
                "token2wav.code2wav_dit_model.forward.apply_cfg": False,
                "token2wav.code2wav_bigvgan_model.forward.mel_spectrogram": values(
                    "mel_spectrogram", 1, 64, 8
                ),
            },
        },
        exempt={
            "generate": "it speaks with a voice that only checkpoints hold",
            "save_load": (
                "its own from_pretrained insists on a file of voices, which save_pretrained does not write"
            ),
        },
    ),
    "qwen3_omni_moe": Row(
        reason=(
            "it has no forward; the code reads a number that only checkpoints name; through each stage of "
            "the tiny vocoder sound grows louder, and what is cut off at 1 is but rounding after four"
        ),
        base={"thinker_config": VISION_TOKENS},
        fields={
            "talker_config.spatial_merge_size": 2,
            "code2wav_config.upsample_rates": [3, 2],
            "code2wav_config.upsampling_ratios": [2],
        },
        entry=("thinker.forward", "talker.forward", "talker.code_predictor.forward", "code2wav.forward"),
        inputs={
            "parts": {"thinker": {"image": "grid", "video": "grid", "audio": "bins_first"}},
            "arguments": {
                "talker.forward.inputs_embeds": values("inputs_embeds", 1, 8, 64),
                "talker.forward.position_ids": lambda _: torch.arange(8).expand(3, 1, 8),
                "talker.code_predictor.forward.inputs_embeds": values("codes_embeds", 1, 4, 64),
                "code2wav.forward.codes": lambda c: c.tokens("codes", 64, 64).reshape(1, -1, 4)[
                    :, : c.config.code2wav_config.num_quantizers
                ],
            },
            "joined": {"talker.forward.position_ids": 1},
        },
        exempt={"generate": "it speaks with a voice that only checkpoints name"},
    ),
    "qwen3_omni_moe_talker_text": Row(
        reason="the code reads a width that only checkpoints name",
        base={"shared_expert_intermediate_size": 384},
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
    "udop": Row(
        reason="its image and its text are of one page",
        exempt={"padding_invariance": "patches under the boxes of tokens are merged into them, of pads too"},
    ),
    "sam3_vit_model": Row(
        reason="layers that attend to the whole image are listed by a default of the code",
        fields={"global_attn_indexes": [1], "window_size": 2},
    ),
    "step3p7": Row(
        reason="the window has no default; layers alternate as in the released model",
        fields={
            "text_config.sliding_window": 8,
            "text_config.layer_types": ["full_attention", "sliding_attention"],
            "text_config.mlp_layer_types": ["dense", "sparse"],
        },
    ),
    "Qwen3_5ForSequenceClassification": Row(
        reason="it finds the end of a row by the padding token of its text",
        fields={"text_config.pad_token_id": 0},
    ),
    **dict.fromkeys(
        ("qwen2_5_omni_thinker", "qwen3_omni_moe_thinker"),
        Row(
            reason="the tokens around images are named in its checkpoints only",
            base=VISION_TOKENS,
            inputs={
                "image_layout": "grid",
                "video_layout": "grid",
                "audio_layout": "bins_first",
                "arguments": {"video_second_per_grid": whole(1.0)},
            },
        ),
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
}
