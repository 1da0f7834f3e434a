"""Rows of model types that turn sound into codes or latents and back."""

from typing import Any

import torch

from harness.suite.models.peculiar.makers import CODEBOOKS, sample_mask
from harness.suite.models.peculiar.records import Peculiarity as Row

MIMI = {"num_filters": 4, "num_quantizers": CODEBOOKS, "vector_quantization_hidden_dimension": 64}
TOKENIZER = (
    "a stage a ratio, and one more: a layer in each, and few channels, which double from stage to stage"
)
TOKENIZER_FIELDS = {"num_filters": 4, "depths": [1] * 7}
STRAIGHT = (
    "its quantiser takes the nearest code and passes the gradient straight through: "
    "backward differs from the function on purpose"
)


def noise(context: Any) -> torch.Tensor:
    """(1, frames, channels) for a vocoder that starts from noise."""
    return context.uniform(
        "noise_sequence", 1, context.made["input_features"].shape[1], context.config.model_in_channels
    )


ROWS: dict[str, Row] = {
    "pe_audio_encoder": Row(
        reason="each of its four convolutions doubles the width",
        fields={"dac_config.encoder_hidden_size": 4, "dac_config.downsampling_ratios": [2, 4, 5, 8]},
    ),
    "mimi": Row(
        reason="the widths of codec and quantizer go by names of their own; codes have no gradient",
        fields=MIMI,
        frozen=("encoder", "encoder_transformer", "downsample", "quantizer"),
    ),
    **dict.fromkeys(
        ("mimi_decoder", "mimi_encoder"),
        Row(
            reason="widths of codec and quantizer have names of their own; latents are as wide as the codec",
            fields=MIMI,
            inputs={"arguments": {"latents": lambda c: c.uniform("latents", 1, c.config.hidden_size, 4)}},
        ),
    ),
    **dict.fromkeys(
        ("neucodec", "xcodec2"),
        Row(
            frozen=("semantic_encoder",),
            exempt={"gradients": STRAIGHT},
            reason="reads the samples and the features of their semantic encoder, 160 a frame",
            fields={"encoder_hidden_size": 4, "quantization_dim": 128},
            inputs={
                "audio_layout": "channel",
                "samples": 12800,
                "arguments": {
                    "input_features_mask": torch.ones(1, 40, dtype=torch.long),
                    "input_features": lambda c: (
                        8
                        * c.uniform(
                            "input_features",
                            1,
                            40,
                            c.config.semantic_model_config.feature_projection_input_dim,
                        )
                    ),
                },
            },
        ),
    ),
    **dict.fromkeys(
        ("PeAudioModel", "PeAudioEncoder"),
        Row(
            frozen=("dac_encoder", "bottleneck"),
            reason="the mask has no dimension of channels, though the samples have",
            inputs={
                "audio_layout": "channel",
                "arguments": {"padding_mask": sample_mask},
            },
        ),
    ),
    **dict.fromkeys(
        (
            "vibevoice_acoustic_tokenizer",
            "vibevoice_acoustic_tokenizer_encoder",
            "vibevoice_acoustic_tokenizer_decoder",
        ),
        Row(reason=TOKENIZER, fields=TOKENIZER_FIELDS),
    ),
    "VibeVoiceAcousticTokenizerModel": Row(
        reason="samples its latents unless told not to", inputs={"arguments": {"sample": False}}
    ),
    "VibeVoiceAcousticTokenizerEncoderModel": Row(
        reason="what it calls hidden states is a recording",
        inputs={
            "image_layout": "",
            "arguments": {"hidden_states": lambda c: c.uniform("hidden_states", 1, 1, c.shape.audio)},
        },
    ),
    "VibeVoiceAcousticTokenizerDecoderModel": Row(
        reason="what it calls hidden states is latents",
        inputs={
            "image_layout": "",
            "arguments": {"hidden_states": lambda c: c.uniform("hidden_states", 1, c.config.hidden_size, 2)},
        },
    ),
    **dict.fromkeys(
        ("pocket_tts_audio_tokenizer", "pocket_tts_audio_tokenizer_encoder"),
        Row(reason="its channels double from stage to stage", fields={"num_filters": 8}),
    ),
    "pocket_tts_audio_tokenizer_decoder": Row(
        reason="decodes latents of the codec's width; its channels halve from stage to stage",
        fields={"num_filters": 8},
        inputs={"arguments": {"latents": lambda c: c.uniform("latents", 1, c.config.hidden_size, 4)}},
    ),
    "dac": Row(
        reason="its channels double from stage to stage, of which two have every kind of layer",
        fields={"encoder_hidden_size": 4, "downsampling_ratios": [4, 8], "upsampling_ratios": [8, 4]},
        frozen=("codebook",),
        exempt={"gradients": STRAIGHT},
    ),
    "xcodec": Row(
        reason="codes have no gradient, nor has what makes them; its channels double from stage to stage, "
        "and both its towers make a frame of 320 samples",
        fields={
            "acoustic_model_config.encoder_hidden_size": 4,
            "acoustic_model_config.decoder_hidden_size": 64,
            "acoustic_model_config.downsampling_ratios": [8, 5, 4, 2],
            "acoustic_model_config.upsampling_ratios": [8, 5, 4, 2],
        },
        frozen=(
            "acoustic_encoder",
            "semantic_model",
            "encoder_semantic",
            "decoder_semantic",
            "fc",
            "fc1",
            "quantizer",
        ),
    ),
    "higgs_audio_v2_tokenizer": Row(
        reason="two frames of the sound at 16 kHz are one of the sound at 24 kHz; codes have no gradient",
        fields={
            "acoustic_model_config.encoder_hidden_size": 4,
            "acoustic_model_config.decoder_hidden_size": 64,
            "acoustic_model_config.downsampling_ratios": [8, 5, 4, 2, 3],
            "acoustic_model_config.upsampling_ratios": [8, 5, 4, 2, 3],
        },
        frozen=(
            "acoustic_encoder",
            "semantic_model",
            "encoder_semantic",
            "decoder_semantic",
            "fc",
            "fc1",
            "quantizer",
        ),
        inputs={"audio_layout": "channel", "samples": 7680},
    ),
    "univnet": Row(
        reason="draws its own noise unless given some",
        fields={"kernel_predictor_hidden_channels": 8, "model_hidden_channels": 4, "model_in_channels": 8},
        inputs={"arguments": {"noise_sequence": noise}},
    ),
    "encodec": Row(
        reason="its channels double from stage to stage, and its codes are hard choices",
        fields={"num_filters": 4},
        exempt={"gradients": "no gradient passes from the sound it makes through the codes to its encoder"},
    ),
}
