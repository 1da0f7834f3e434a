"""A tiny feature extractor for any audio model: the class of its type, with the tiny model's sizes."""

import inspect
import math
from collections.abc import Callable
from typing import Any

import transformers
from transformers.models.auto.feature_extraction_auto import FEATURE_EXTRACTOR_MAPPING_NAMES

from harness.suite.models.processors.configs import AUDIO_TOWERS, field, mapped, sub_config

# Argument of a feature extractor → configuration fields that must agree with it, the first that is there.
MIRRORED: dict[str, tuple[str, ...]] = {
    "feature_size": ("num_mel_bins", "input_feat_per_channel", "n_mels", "feature_size"),
    "num_mel_bins": ("num_mel_bins", "n_mels"),
    "n_mels": ("n_mels", "num_mel_bins"),
    "max_length": ("max_length",),
}
RATE = 16_000
CLAP_RATE = 48_000


def _whisper(audio: Any) -> dict[str, Any]:
    """One second in twice as many frames as the encoder has positions: it halves them."""
    positions = field(audio, "max_source_positions")
    return {"chunk_length": 1, "hop_length": RATE // (2 * positions)} if positions else {}


def _clap(audio: Any) -> dict[str, Any]:
    """One second in frames that fold into the encoder's square; four views are for the kind that fuses."""
    frames = audio.spec_size * (audio.spec_size // audio.num_mel_bins)
    return {
        "max_length_s": 1,
        "hop_length": math.ceil(CLAP_RATE / (frames - 1)),
        "truncation": "fusion" if audio.enable_fusion else "rand_trunc",
    }


def _stacked(audio: Any) -> dict[str, Any]:
    """The extractor puts two frames of mel bins into each input of the encoder."""
    bins = field(audio, "feature_projection_input_dim") // 2
    return {"feature_size": bins, "num_mel_bins": bins}


# Feature extractor → the arguments that no field of the same meaning gives.
PECULIAR: dict[str, Callable[[Any], dict[str, Any]]] = {
    "ClapFeatureExtractor": _clap,
    "SeamlessM4TFeatureExtractor": _stacked,
    "WhisperFeatureExtractor": _whisper,
}


def tiny_feature_extractor(model: Any) -> Any:
    """The feature extractor of the model's type; `Unsupported` where the library has none."""
    name = mapped(model.config, FEATURE_EXTRACTOR_MAPPING_NAMES, "feature extractor")
    extractor_class = getattr(transformers, name)
    accepted = inspect.signature(extractor_class.__init__).parameters
    audio = sub_config(model.config, AUDIO_TOWERS)
    arguments = {
        argument: value
        for argument, fields in MIRRORED.items()
        if argument in accepted and (value := field(audio, *fields)) is not None
    }
    own = PECULIAR[name](audio) if name in PECULIAR else {}
    return extractor_class(**arguments | own)
