"""Tokens: of the text, of the decoder, of the placeholders that stand for other modalities.

Their masks too.
"""

from collections.abc import Callable
from typing import Any

import torch

from harness.suite.models.fields import sub_configs
from harness.suite.models.inputs.context import Context

DECODER_TOKENS = 6
"""Decoder tokens of an encoder-decoder's forward."""
AROUND = 8
"""Tokens of plain text at least, beside the placeholders."""
PLACEHOLDERS = {
    "image": ("image_token_id", "image_token_index", "image_patch_id", "img_context_token_id", "im_patch_id"),
    "video": ("video_token_id", "video_token_index"),
    "audio": ("audio_token_id", "audio_token_index", "audio_placeholder_token_id"),
}
"""Modality → what configurations call the token that stands for a piece of it."""
BRACKETS = {
    "image": (
        ("vision_start_token_id", "image_start_token_id", "boi_token_id", "boi_token_index"),
        ("vision_end_token_id", "image_end_token_id", "eoi_token_id", "eoi_token_index"),
    ),
    "video": (
        ("video_start_token_id", "vision_start_token_id"),
        ("video_end_token_id", "vision_end_token_id"),
    ),
    "audio": (
        ("audio_start_token_id", "audio_bos_token_id", "boa_token_id"),
        ("audio_end_token_id", "audio_eos_token_id", "eoa_token_id", "eoa_token_index"),
    ),
}
TYPES = {"image": 1, "video": 2, "audio": 3}
"""What `mm_token_type_ids` calls a modality; text is 0."""


def placeholder_id(config: Any, modality: str) -> int | None:
    """The token that stands for a piece of the modality; None where it does not pass through tokens."""
    # Retrievers (ColPali) keep the whole configuration of what they are made from under one name.
    for holder in (config, *sub_configs(config).values()):
        for name in PLACEHOLDERS[modality]:
            value = getattr(holder, name, None)
            if isinstance(value, int):
                return value
    return None


def input_ids(context: Context) -> torch.Tensor:
    """(1, tokens): a few tokens, the placeholders in their brackets, then text up to the length asked for."""
    middle: list[int] = []
    for modality, count in context.placeholders.items():
        token = placeholder_id(context.config, modality)
        if token is not None and count:
            start, end = (_first(context.config, names) for names in BRACKETS[modality])
            groups = int(context.pins.get(f"{modality}_groups", 1))
            middle += [*start, *([token] * (count // groups)), *end] * groups
    asked = context.shape.tokens
    length = asked + len(middle) if context.shape.full else max(asked, len(middle) + AROUND)
    ids = context.tokens("input_ids", length, context.vocabulary())
    if middle:
        ids[0, 1 : len(middle) + 1] = torch.tensor(middle)
    eos = getattr(context.text, "eos_token_id", None)
    if isinstance(eos, int) and 0 <= eos < context.vocabulary() and not context.model.can_generate():
        ids[:, -1] = eos  # pooling encoders (CLIP) and classifiers (BART) read the position of the end token
    return ids


def token_types(context: Context) -> torch.Tensor | None:
    """(1, tokens): the modality of each token."""
    ids = context.made.get("input_ids")
    if ids is None:
        return None
    types = torch.zeros_like(ids)
    for modality in context.placeholders:
        token = placeholder_id(context.config, modality)
        if token is not None:
            types[ids == token] = TYPES[modality]
    return types


def decoder_input_ids(context: Context) -> torch.Tensor | None:
    """(1, decoder tokens) where the model has a decoder of its own."""
    if not context.config.is_encoder_decoder and not context.needs("decoder_input_ids"):
        return None
    decoder = context.config.get_text_config(decoder=True)
    size = (
        getattr(decoder, "vocab_size", None)
        or getattr(context.config, "vocab_size", None)
        or context.vocabulary()
    )
    ids = context.tokens("decoder_input_ids", DECODER_TOKENS, int(size))
    eos = getattr(context.config, "eos_token_id", None)
    if isinstance(eos, int) and not context.model.can_generate():
        ids[:, -1] = eos
    return ids


def attention_mask(context: Context) -> torch.Tensor | None:
    """(1, length) of the sequence that forward reads first; all of it is real."""
    for name in ("input_ids", "input_values", "input_features"):
        value = context.made.get(name)
        if value is not None and value.dim() <= (2 if name != "input_features" else 3):
            if name == "input_features" and context.styles.get("audio") == "bins_first":
                return None  # Whisper: there it masks augmented frames in training, not padding
            return torch.ones(1, value.shape[1], dtype=torch.long)
    return None


def bbox(context: Context) -> torch.Tensor | None:
    """(1, tokens, 4): boxes of words on a page, left, top, right, bottom, of 1000."""
    ids = context.made.get("input_ids")
    if ids is None:
        return None
    top = min(1000, context.number(("text", ""), "max_2d_position_embeddings", default=1000)) - 1
    corners = torch.randint(top + 1, (1, ids.shape[1], 2, 2), generator=context.generator("bbox"))
    return torch.cat([corners.amin(2), corners.amax(2)], dim=-1)


MAKERS: dict[str, Callable[[Context], torch.Tensor | None]] = {
    "input_ids": input_ids,
    "attention_mask": attention_mask,
    "mm_token_type_ids": token_types,
    "decoder_input_ids": decoder_input_ids,
    "bbox": bbox,
}


def _first(config: Any, names: tuple[str, ...]) -> list[int]:
    found = next((value for name in names if isinstance(value := getattr(config, name, None), int)), None)
    return [] if found is None else [found]
