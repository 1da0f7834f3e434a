"""What a checkpoint brings to a pipeline beside its weights, made small: a vocoder, a voice, a language."""

import string
from collections.abc import Callable
from typing import Any

import torch
import transformers

from harness.suite.models.processors.audio import tiny_feature_extractor

LANGUAGE = "eng"
LETTERS = string.ascii_lowercase
SPOKEN_TOKENS = 4
"""Tokens of text at least: the model predicts durations with a kernel of three, and fails on a silence."""
CODES = ("text_decoder_lang_to_code_id", "t2u_lang_code_to_id", "vocoder_lang_code_to_id")
SPEECHLESS = {
    "bark": "speaks with the settings of its three stages that come with a checkpoint",
    "qwen2_5_omni": "speaks with the voices that come with a checkpoint",
    "qwen3_omni_moe": "speaks with the voices that come with a checkpoint",
}
"""Types that cannot speak from a configuration alone, and why."""


SILENT = ("FastSpeech2ConformerModel", "SpeechT5ForTextToSpeech")
"""Classes that end at the spectrogram."""


def vocoder(model: Any) -> dict[str, Any]:
    """A tiny HiFi-GAN for a class that ends at the spectrogram."""
    if type(model).__name__ not in SILENT:
        return {}
    config = transformers.SpeechT5HifiGanConfig(
        model_in_dim=model.config.num_mel_bins,
        upsample_initial_channel=16,
        upsample_rates=[4, 4],
        upsample_kernel_sizes=[8, 8],
        resblock_kernel_sizes=[3],
        resblock_dilation_sizes=[[1, 3, 5]],
    )
    return {"vocoder": transformers.SpeechT5HifiGan(config).eval()}


def rate(model: Any) -> dict[str, Any]:
    """The sampling rate that a checkpoint's processor names."""
    return {"sampling_rate": tiny_feature_extractor(model).sampling_rate}


def speaker(model: Any) -> dict[str, Any]:
    """A vector for a voice."""
    return {"forward_params": {"speaker_embeddings": torch.ones(1, model.config.speaker_embedding_dim)}}


def language(model: Any) -> dict[str, Any]:
    """A code for the language in each vocabulary, and for the second version the letters of each token."""
    for name in CODES:
        setattr(model.generation_config, name, {LANGUAGE: 0})
    vocabulary = range(model.config.vocab_size)
    model.generation_config.id_to_text = {
        str(token): 3 * LETTERS[token % len(LETTERS)] for token in vocabulary
    }
    model.generation_config.char_to_id = {letter: token for token, letter in enumerate(LETTERS)}
    said = {"text_min_new_tokens": SPOKEN_TOKENS, "text_suppress_tokens": [model.config.pad_token_id]}
    return {"generate_kwargs": {"tgt_lang": LANGUAGE, **said}}


# Type → options of its pipeline, and of the call.
BUILT_WITH: dict[str, Callable[[Any], dict[str, Any]]] = {
    "fastspeech2_conformer": vocoder,
    "gradium_phonon_tts": rate,
    "higgs_audio_v2": rate,
    "pocket_tts": rate,
    "speecht5": vocoder,
}
CALLED_WITH: dict[str, Callable[[Any], dict[str, Any]]] = {
    "speecht5": speaker,
    "seamless_m4t": language,
    "seamless_m4t_v2": language,
}
