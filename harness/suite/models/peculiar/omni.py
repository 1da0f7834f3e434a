"""Rows of model types that read images and sound, or are parts of those."""

import torch
from transformers import ViTConfig

from harness.suite.models.peculiar.makers import LEFT_OUT, ones, values, whole
from harness.suite.models.peculiar.records import Peculiarity as Row

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
VISION_TOKENS = {"vision_start_token_id": 151652, "vision_end_token_id": 151653}
"""Of Qwen-Omni: named in its checkpoints, not in its configuration class."""


ROWS: dict[str, Row] = {
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
    "step3p7": Row(
        reason="the window has no default; layers alternate as in the released model",
        fields={
            "text_config.sliding_window": 8,
            "text_config.layer_types": ["full_attention", "sliding_attention"],
            "text_config.mlp_layer_types": ["dense", "sparse"],
        },
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
    "muse_spark_audio": Row(reason="whole tokens of 1920 samples", inputs={"samples": 3840}),
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
}
