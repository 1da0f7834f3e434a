"""The modalities a model reads, and the arguments of forward that carry them."""

import inspect
from typing import Any

PIXELS = (
    "pixel_values",
    "hidden_states",
    "images",
    "image",
    "flattened_patches",
    "image_pixel_values",
    "pixel_values_images",
)
VIDEOS = ("pixel_values_videos",)
SOUNDS = (
    "input_values",
    "input_features",
    "audio_values",
    "audio_mel",
    "audio_input_features",
    "audio_features",
)
ARGUMENTS: dict[str, frozenset[str]] = {
    "image": frozenset(PIXELS + VIDEOS),
    "video": frozenset(VIDEOS + PIXELS),
    "audio": frozenset(SOUNDS),
}
"""Modality → the arguments of which one carries it; some that read video take its frames as images."""
CARRIERS: dict[str, frozenset[str]] = {
    "text": frozenset(("input_ids",)),
    "image": frozenset(PIXELS) - {"hidden_states"},
    "video": frozenset(VIDEOS),
    "audio": frozenset(SOUNDS),
}
"""Modality → the arguments that carry it and no other."""


def modalities(model: Any) -> tuple[str, ...]:
    """What the class says it reads (text, image, video, audio, time).

    In transformers 4, which has no such statement, what its forward has an argument for.
    """
    stated = getattr(model, "input_modalities", None)
    if stated is None:
        accepted = inspect.signature(model.forward).parameters
        return tuple(modality for modality, names in CARRIERS.items() if accepted.keys() & names)
    return (stated,) if isinstance(stated, str) else tuple(stated)
