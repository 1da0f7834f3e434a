"""Sound: samples, or the features computed from them, in each of the layouts that models take."""

from collections.abc import Callable
from typing import Any

import torch

from harness.suite.models.inputs.context import AUDIO, Context

FRAMES = 64
MEL = (
    "num_mel_bins",
    "n_mels",
    "n_mel_bins",
    "num_mel_filters",
    "input_feat_per_channel",
    "feature_projection_input_dim",
    "feature_size",
    "input_feat_size",
    "model_in_dim",
    "input_dim",
    "mel_dim",
    "input_size",
)


def bins(context: Context) -> int:
    """Values a frame."""
    return int(context.pins.get("bins", 0)) or context.number(AUDIO, *MEL, default=80)


def frame_count(context: Context) -> int:
    """Frames of a recording: Whisper's encoder, of any size, takes twice its positions and nothing else."""
    positions = context.number(AUDIO, "max_source_positions", default=0)
    whole = context.shape.full and context.styles.get("audio") == "bins_first"
    if positions > 0 and (whole or positions <= FRAMES):
        return 2 * positions
    return int(context.pins.get("frames", FRAMES))


def sample_count(context: Context) -> int:
    """Samples of a recording."""
    return int(context.pins.get("samples", context.shape.audio))


def samples(context: Context, name: str) -> dict[str, Any]:
    """(1, samples)."""
    return {name: context.uniform(name, 1, sample_count(context))}


def channel(context: Context, name: str) -> dict[str, Any]:
    """(1, 1, samples): one channel, as codecs take it."""
    return {name: context.uniform(name, 1, 1, sample_count(context))}


def bins_first(context: Context, name: str) -> dict[str, Any]:
    """(1, bins, frames), as Whisper takes it."""
    return {name: context.uniform(name, 1, bins(context), frame_count(context))}


def frames_first(context: Context, name: str) -> dict[str, Any]:
    """(1, frames, bins)."""
    return {name: context.uniform(name, 1, frame_count(context), bins(context))}


def spectrogram(context: Context, name: str) -> dict[str, Any]:
    """(1, frames, bins) of the length the configuration names (AST)."""
    length = context.number(AUDIO, "max_length", "max_source_positions", default=FRAMES)
    return {name: context.uniform(name, 1, length, bins(context))}


LAYOUTS: dict[str, Callable[[Context, str], dict[str, Any]]] = {
    "samples": samples,
    "channel": channel,
    "spectrogram": spectrogram,
    "bins_first": bins_first,
    "frames_first": frames_first,
}


def companions(context: Context, name: str) -> dict[str, Any]:
    """Masks and lengths that go with the sound."""
    sound, layout = context.made[name], context.styles.get("audio", "")
    length = sound.shape[1] if layout in ("frames_first", "spectrogram", "samples") else sound.shape[-1]
    mask = torch.ones(1, length, dtype=torch.long)
    makers: dict[str, Callable[[], Any]] = {
        "input_features_mask": lambda: mask,
        "feature_attention_mask": lambda: mask,
        "input_values_mask": lambda: mask,
        "padding_mask": lambda: mask if layout != "channel" else mask[:, None],
        "audio_feature_lengths": lambda: torch.tensor([length]),
        "audio_mel_mask": mask.bool,
    }
    return {key: make() for key, make in makers.items() if context.takes(key)}
