"""Rows of model types that hear, and of those that read time series."""

from typing import Any

import torch

from harness.suite.models.peculiar.makers import codes, sample_mask
from harness.suite.models.peculiar.records import Peculiarity as Row

SERIES = {
    "prediction_length": 4,
    "context_length": 8,
    "lags_sequence": [1, 2, 3],
    "num_time_features": 2,
    "label_length": 4,
}


def longer(prompt: Any) -> torch.Tensor:
    """Sound for the tokens to come too."""
    return torch.cat([prompt["input_features"]] * 2, dim=-1)


def placeholder_mask(context: Any) -> torch.Tensor:
    """(1, rows): which rows of the projected sound are real; all of them."""
    return torch.ones(1, context.placeholders.get("audio", 1), dtype=torch.bool)


ROWS: dict[str, Row] = {
    **dict.fromkeys(
        ("autoformer", "informer", "time_series_transformer"),
        Row(
            reason="prediction_length has no default; a series comes with time features",
            base=SERIES,
        ),
    ),
    "timesfm": Row(
        reason="the series comes with a padding indicator and the class of its frequency",
        inputs={
            "arguments": {
                "past_values_padding": lambda c: torch.zeros_like(c.made["past_values"], dtype=torch.long),
                "freq": lambda c: codes(c, "freq", 3, 1, 1),
            }
        },
    ),
    **dict.fromkeys(
        ("wav2vec2-bert", "wav2vec2-conformer"),
        Row(reason="vocab_size has no default, and a CTC head needs it", base={"vocab_size": 32}),
    ),
    "fun_asr_nano": Row(
        reason="the adaptor's feed-forward width is a quarter of the text's; each frame is seven stacked",
        fields={"adaptor_config.intermediate_size": 16},
        inputs={"bins": 560, "audio_layout": "frames_first"},
    ),
    "fun_asr_nano_encoder": Row(
        reason="each frame is seven stacked", inputs={"bins": 560, "audio_layout": "frames_first"}
    ),
    **dict.fromkeys(
        ("granite_speech5_ctc", "granite_speech5_encoder"),
        Row(
            reason="frames come with their differences and in pairs",
            inputs={"bins": 320, "audio_layout": "frames_first"},
        ),
    ),
    **dict.fromkeys(
        ("granite_speech", "granite_speech_plus"),
        Row(
            reason="the mask is of the projected sound, not of its frames",
            inputs={"audio_layout": "frames_first", "arguments": {"input_features_mask": placeholder_mask}},
        ),
    ),
    "musicflamingo": Row(
        reason="timestamps are made from the placeholders, so that features cannot be asked for beforehand",
        inputs={"audio_layout": "bins_first", "audio_tokens": 32},
    ),
    "nemotron3_5_transcribe_word_timestamp": Row(
        reason="it reads an encoder's states",
        inputs={
            "arguments": {"inputs_embeds": lambda c: c.uniform("inputs_embeds", 1, 8, c.config.hidden_size)}
        },
    ),
    "qwen2_audio": Row(
        reason="has no method that makes the features of sound; two frames in four remain, of 128",
        inputs={"audio_tokens": 32, "audio_layout": "bins_first"},
    ),
    "voxtral": Row(
        reason="audio_token_id has no default; four states are projected together",
        base={"audio_token_id": 24},
        fields={"audio_config.intermediate_size": 256},
        inputs={"audio_layout": "bins_first"},
    ),
    **dict.fromkeys(
        ("qwen3_asr", "qwen3_asr_encoder"),
        Row(reason="whole windows of 100 frames", inputs={"frames": 100, "audio_layout": "bins_first"}),
    ),
    "vibevoice_asr": Row(
        frozen=("acoustic_tokenizer_encoder", "semantic_tokenizer_encoder"),
        reason="samples its latents unless told not to",
        inputs={"audio_layout": "channel", "arguments": {"sample": False, "padding_mask": sample_mask}},
    ),
    "clap": Row(
        reason="the spectrogram is an image of one channel, cut to the side that its Swin reads",
        base={
            "audio_config.spec_size": 64,
            "audio_config.window_size": 2,
            "audio_config.patch_embeds_hidden_size": 8,
        },
        inputs={
            "arguments": {"input_features": lambda c: c.uniform("input_features", 1, 1, 64, 64)},
        },
    ),
    "moonshine_streaming": Row(
        reason="num_key_value_heads has no default; a window a layer, of a type that takes tuples alone",
        base={"num_key_value_heads": 8},
        fields={"encoder_config.sliding_windows": ((16, 4), (16, 0))},
    ),
    "moonshine_streaming_encoder": Row(
        reason="a window a layer, of a type that takes tuples alone",
        fields={"sliding_windows": ((16, 4), (16, 0))},
    ),
    "audio-spectrogram-transformer": Row(
        reason="a recording has as many frames as a field says", fields={"max_length": 64}
    ),
    "voxtral_realtime": Row(
        reason="sound is added to the text token by token, eight frames each",
        exempt={"padding_invariance": "text and sound run in step: there is no padding of one alone"},
        inputs={
            "audio_layout": "bins_first",
            "generate": {"input_features": longer},
            "arguments": {
                "input_features": lambda c: c.uniform(
                    "input_features", 1, c.config.audio_config.num_mel_bins, 8 * c.shape.tokens
                )
            },
        },
    ),
    "AutoformerModel": Row(
        reason="what comes after tells it how far to predict, and no more",
        exempt={"bf16_vs_fp32": "torch has no Fourier transform in bfloat16"},
        inputs={"arguments": {"future_values": lambda c: torch.zeros(1, c.config.prediction_length)}},
    ),
    "gemma3n_audio": Row(
        reason="its mask says which frames are padding",
        inputs={
            "arguments": {
                "audio_mel_mask": lambda c: torch.zeros(1, c.made["audio_mel"].shape[1], dtype=torch.bool)
            }
        },
    ),
}
