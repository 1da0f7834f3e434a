"""Rows of model types that read text beside other modalities, A to H."""

from typing import TYPE_CHECKING

import torch

from harness.suite.models.peculiar.records import Peculiarity as Row

if TYPE_CHECKING:  # the context knows the tiny builder, which knows these rows
    from harness.suite.models.inputs.context import Context

CODES = 16
"""Entries of a tiny codebook of image tokens."""
FIRST_CODE = 64
"""The token that its first entry is."""
PLACEHOLDER, LINE_END = 48, 49


def letters(number: int) -> str:
    """The number's digits as Chameleon's vocabulary spells them: 10 is BA."""
    return "".join(chr(ord("A") + int(digit)) for digit in str(number))


CHAMELEON_WORDS = {"<image>": PLACEHOLDER, **{f"IMGIMG{letters(i)}Z": FIRST_CODE + i for i in range(CODES)}}
EMU3_WORDS = {
    "<image>": PLACEHOLDER,
    "<|extra_200|>": LINE_END,
    **{f"<|visual token {i:06d}|>": FIRST_CODE + i for i in range(CODES)},
}


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


def canvas(context: "Context") -> torch.Tensor:
    """(1, canvas): tokens of which all are refined at once."""
    return context.tokens("decoder_input_ids", context.config.canvas_length, context.vocabulary())


def heard(context: "Context") -> torch.Tensor | None:
    """(1, frames): which frames hold sound, as a truth value each: it selects what of the features is kept."""
    sound = context.made.get("input_features")
    return None if sound is None else torch.ones(1, sound.shape[1], dtype=torch.bool)


PATCHES = {"image_layout": "patches", "video_layout": "patches", "grid": 6}
"""Patches of an image of six by six, which are pooled three by three."""
GEMMA4_PARTS = {"vision_config": {"model_type": "gemma4_vision"}, "audio_config": {"model_type": "gemma4_audio"}}
GEMMA4_INPUTS = {**PATCHES, "audio_layout": "frames_first", "bins": 64, "arguments": {"input_features_mask": heard}}
GLOBAL_HEADS = Row(
    reason="layers of full attention have a head width of their own, which is an argument and no field",
    fields={"global_head_dim": 32},
)

ROWS: dict[str, Row] = {
    "align": Row(
        reason="each stage's input channels are the ones before's output, scaled and rounded, the last ones the pooled width",
        fields={"vision_config.in_channels": [32, *[16] * 6], "vision_config.out_channels": [*[16] * 6, 32]},
    ),
    "aria": Row(
        reason="the projector has so many queries for an image of so many patches",
        fields={"projector_patch_to_query_dict": {16: 4}},
    ),
    "BlipForConditionalGeneration": Row(
        reason="its text counts positions from the first one; its own generate names the padding token and puts a start token into the prompt",
        inputs={"padding_side": "right", "generate": {"pad_token_id": None}, "keeps_prompt": False},
    ),
    "BlipForQuestionAnswering": Row(
        reason="its decoder is not in the configuration",
        exempt={"input_sensitivity": "forward returns the image's features alone, and of the text only the loss of given labels"},
        inputs={"arguments": {"decoder_input_ids": answer}, "generate": {"pad_token_id": None}, "keeps_prompt": False},
    ),
    "blip-2": Row(
        reason="the token that stands for an image has no default; one class's features are not those that stand in the text",
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
    "blt": Row(
        reason="the cache counts layers by a field of the whole configuration, which the class lacks",
        fields={"num_hidden_layers": 2},
    ),
    "chameleon": Row(
        reason="an image becomes tokens of the vocabulary, of which the configuration has no default",
        fields={"vocabulary_map": CHAMELEON_WORDS, "vq_config.num_embeddings": CODES, "vq_config.base_channels": 32},
        frozen=("vqmodel",),
        inputs={"image_size": 32},
    ),
    "cohere_compass_text": Row(
        reason="rotary parameters are one set a kind of layer, and their sections have full-size defaults in the code",
        base={
            "rope_parameters": {
                "full_attention": {"rope_type": "default", "rope_theta": 10000.0, "mrope_section": [24, 20, 20]}
            }
        },
    ),
    "colpali": Row(
        reason="the processor always says which tokens are the prefix, that is read in both directions; forward hands it on unnamed",
        inputs={"through": ("token_type_ids",), "arguments": {"token_type_ids": prefix}},
    ),
    "colqwen2": Row(
        reason="its patches come padded, an image a row, and its features are not extracted by a method of its own",
        inputs={"image_layout": "grid", "image_tokens": 4, "arguments": {"pixel_values": padded_patches}},
    ),
    "cvt": Row(
        reason="a stage reads its drop rate from a list of one entry a layer, by the stage's index",
        fields={"depth": [1, 2, 3]},
    ),
    "deepseek_ocr2": Row(
        reason="which layers have experts has no default; windows must not cover the image; queries are for crops beside it",
        fields={
            "text_config.mlp_layer_types": ["dense", "sparse"],
            "text_config.num_experts_per_tok": 2,
            "vision_config.sam_config": {
                "image_size": 64,
                "window_size": 4,
                "num_hidden_layers": 2,
                "global_attn_indexes": [1],
                "downsample_channels": [32, 64],
            },
        },
        inputs={
            "arguments": {
                "pixel_values_local": lambda c: c.uniform("pixel_values_local", 1, 3, 64, 64),
                "num_local_patches": lambda c: [1],
            }
        },
    ),
    "deepseek_vl_hybrid": Row(
        reason="each image is read twice, in two sizes",
        inputs={"arguments": {"high_res_pixel_values": lambda c: c.uniform("high_res_pixel_values", 1, 3, 32, 32)}},
    ),
    "diffusion_gemma": Row(
        reason="images pass through forward unnamed, as patches with their positions; the canvas is drawn at random if not given",
        fields={"canvas_length": 8},
        exempt={
            "padding_invariance": "the canvas reads the prompt under a mask of its own, not under the prompt's",
            "generate": "a canvas of tokens is refined at once: there are no steps of a token each, nor their logits",
            "kv_cache_equivalence": "a canvas of tokens is refined at once: there are no steps of a token each",
        },
        inputs={
            **PATCHES,
            "image_tokens": 4,
            "through": ("pixel_values", "image_position_ids", "mm_token_type_ids"),
            "arguments": {
                "decoder_input_ids": canvas,
                "self_conditioning_logits": lambda c: c.uniform("self_conditioning_logits", 1, 8, c.vocabulary()),
            },
        },
    ),
    "diffusion_gemma_text": Row(
        reason="experts have no default number; layers of full attention have a width of their own, an argument and no field",
        base={"num_experts": 128, "top_k_experts": 8, "moe_intermediate_size": 704},
        fields={"global_head_dim": 32},
    ),
    "dots3_note": Row(
        reason="recordings come with the number of samples that their frames stand for",
        inputs={
            "audio_layout": "bins_first",
            "arguments": {"chunk_sample_lengths": lambda c: torch.tensor([64 * c.config.audio_config.hop_length])},
        },
    ),
    "dots3_note_vision_encoder": Row(
        reason="the number of experts grows from layer to layer, by a list as long as the full stack",
        fields={"num_hidden_layers": 2, "mlp_layer_types": ["dense", "sparse"]},
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
    "emu3": Row(
        reason="an image becomes tokens of the vocabulary, of which the configuration has no default",
        fields={
            "vocabulary_map": EMU3_WORDS,
            "vq_config.codebook_size": CODES,
            "vq_config.base_channels": 32,
            "vq_config.num_res_blocks": 1,
            "vq_config.hidden_size": 128,
        },
        frozen=("vqmodel",),
        inputs={"image_size": 32},
    ),
    "EdgeTamVideoModel": Row(
        reason="forward reads a session that remembers what it saw; what it runs for a frame and for its memory are run by themselves",
        fields={
            "image_size": 64,
            "prompt_encoder_config.image_size": 64,
            "prompt_encoder_config.patch_size": 16,
            "memory_attention_rope_feat_sizes": [4, 4],
            # More than one window fails for more than one row, which the library never asks for.
            "memory_attention_rope_k_sizes": [1, 1],
            "perceiver_resampler_num_latents": 4,
            "perceiver_resampler_num_latents_2d": 1,
            "perceiver_resampler_attention_head_dim": 64,
        },
        entry=("_single_frame_forward", "memory_encoder", "spatial_perceiver", "memory_attention"),
        inputs={
            "arguments": {
                "_single_frame_forward.pixel_values": lambda c: c.uniform("pixel_values", 1, 3, 64, 64),
                "_single_frame_forward.input_points": lambda c: 32 + 32 * c.uniform("input_points", 1, 1, 2, 2),
                "_single_frame_forward.input_labels": lambda c: torch.ones(1, 1, 2, dtype=torch.int),
                "memory_encoder.vision_features": lambda c: c.uniform("vision_features", 1, 64, 4, 4),
                "memory_encoder.masks": lambda c: c.uniform("masks", 1, 1, 64, 64),
                "spatial_perceiver.hidden_states": lambda c: c.uniform("perceived", 1, 64, 4, 4),
                "spatial_perceiver.positional_encoding": lambda c: c.uniform("places", 1, 64, 4, 4),
                "memory_attention.current_vision_features": lambda c: c.uniform("current", 16, 1, 64),
                "memory_attention.current_vision_position_embeddings": lambda c: c.uniform("current_places", 16, 1, 64),
                "memory_attention.memory": lambda c: c.uniform("memory", 2 * 5 + 4, 1, 64),
                "memory_attention.memory_posision_embeddings": lambda c: c.uniform("memory_places", 2 * 5 + 4, 1, 64),
                "memory_attention.num_object_pointer_tokens": 4,
                "memory_attention.num_spatial_memory_tokens": 2,
            },
            "joined": {
                "memory_attention.current_vision_features": 1,
                "memory_attention.current_vision_position_embeddings": 1,
                "memory_attention.memory": 1,
                "memory_attention.memory_posision_embeddings": 1,
            },
        },
    ),
    "embedding_gemma2": Row(
        reason="towers for images and sound are left out by default; patches come with their positions",
        base=GEMMA4_PARTS,
        inputs=GEMMA4_INPUTS,
    ),
    "embedding_gemma2_text": GLOBAL_HEADS,
    "ernie4_5_vl_moe_text": Row(
        reason="height and width take turns in the rotary sections and need as much each",
        fields={"rope_parameters.mrope_section": [3, 3, 2]},
    ),
    "fast_vlm": Row(
        reason="its vision tower would come from timm",
        base={"vision_config": {"model_type": "resnet"}},
        fields={"vision_config.hidden_size": 64},
    ),
    "gemma3": Row(reason="an image of sixteen patches is pooled to four tokens", fields={"mm_tokens_per_image": 4}),
    "gemma3n_text": Row(
        reason="the last layers read the keys of earlier ones, of each kind one; some layers are sparse by their index",
        fields={
            "num_hidden_layers": 4,
            "num_kv_shared_layers": 2,
            "layer_types": ["sliding_attention", "full_attention"] * 2,
            "activation_sparsity_pattern": [0.95, 0.0, 0.95, 0.0],
        },
    ),
    "gemma4": Row(
        reason="towers for images and sound are left out by default; patches come with their positions",
        base=GEMMA4_PARTS,
        inputs=GEMMA4_INPUTS,
    ),
    "gemma4_audio": Row(
        reason="the projection of the features fits as many bins as the first convolution has channels",
        inputs={"audio_layout": "frames_first", "bins": 64},
    ),
    "gemma4_text": GLOBAL_HEADS,
    "gemma4_unified": Row(
        reason="images and sound have no default; a patch that is read is what other models pool of several",
        base={
            "vision_config": {"model_type": "gemma4_unified_vision"},
            "audio_config": {"model_type": "gemma4_unified_audio"},
        },
        fields={"vision_config.pooling_kernel_size": 1},
        inputs={**GEMMA4_INPUTS, "grid": 3, "frames": 16},
    ),
    "gemma4_unified_text": GLOBAL_HEADS,
    "gemma4_vision": Row(reason="patches come with their positions", inputs=PATCHES),
    "FlavaForPreTraining": Row(
        reason="losses are on by default, and the labels are made of a second image; some patches are masked",
        inputs={
            "arguments": {
                "return_loss": False,
                "input_ids_masked": lambda c: c.tokens("input_ids_masked", c.shape.tokens, c.vocabulary()),
                "bool_masked_pos": lambda c: (torch.arange(16) % 3 == 0).reshape(1, 4, 4),
            }
        },
    ),
    "glm_image": Row(
        reason="the last of the grids of a row is of the image to be made; an image becomes tokens that are not counted by its features",
        frozen=("visual", "vqmodel"),
        exempt={"bf16_vs_fp32": "images become tokens by the nearest entry of a codebook, another one at the least rounding"},
        inputs={
            "grid": 4,
            "image_tokens": 16,
            "arguments": {
                "image_grid_thw": lambda c: torch.tensor([[1, 4, 4], [1, 4, 4]]),
                "images_per_sample": lambda c: torch.tensor([2]),
            },
        },
    ),
    "glm_image_vqmodel": Row(
        reason="it has no forward, and reads features that another model made of an image",
        entry=("encode",),
        exempt={
            "gradients": "the nearest entry of a codebook is a jump; backward passes it by on purpose (straight through)",
            "bf16_vs_fp32": "the nearest entry of a codebook is another one at the least rounding",
        },
        inputs={"arguments": {"hidden_states": lambda c: c.uniform("hidden_states", 1, c.config.latent_channels, 4, 4)}},
    ),
    "granite4_vision": Row(
        reason="which layers of the text read which of the image has no default, nor how far the image is sampled down",
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
            "arguments": {"image_sizes": lambda c: torch.tensor([[32, 64]])},
        },
    ),
    "granite_docling": Row(
        reason="the mask is of tiles; an image needs as many patches as are joined to one; which layers are read has no default field",
        fields={
            "vision_config.image_size": 64,
            "vision_config.num_hidden_layers": 3,
            "vision_config.deepstack_visual_indexes": [0, 1],
        },
        inputs={
            "image_layout": "tiles",
            "arguments": {"pixel_attention_mask": lambda c: torch.ones(1, 2, dtype=torch.bool)},
        },
    ),
    "groupvit": Row(
        reason="patches are assigned to groups by a hard choice",
        exempt={"gradients": "the hard choice of a group is a jump; backward passes it by on purpose (straight through)"},
    ),
    "grounding-dino": Row(
        reason="boxes are refined from one decoder layer to the next",
        exempt={"gradients": "boxes are detached from one decoder layer to the next by design: backward is not the whole derivative"},
    ),
}
