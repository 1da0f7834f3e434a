"""Inputs a model's forward takes, drawn from a seed: each builder makes one argument.

Which are made follows from the forward signature and the configuration; a new modality is a new
row of `BUILDERS`.
"""

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch

DECODER_TOKENS = 6
"""Decoder tokens of an encoder-decoder's forward."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """The sizes that a configuration leaves open, small by default, and the seed the values come from."""

    batch: int = 1
    tokens: int = 24
    """Tokens a row, image placeholders included."""
    image: int = 64
    """Pixels a side, where the configuration names no size."""
    audio: int = 4000
    """Samples of raw audio at 16 kHz: a quarter of a second, past the receptive field of wav2vec2."""
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Context:
    """What a builder sees: the model, the shape, and a generator seeded for this argument."""

    model: Any
    shape: Shape
    generator: torch.Generator

    @property
    def config(self) -> Any:
        """The model's configuration."""
        return self.model.config

    @property
    def text(self) -> Any:
        """The configuration of the tower that reads tokens."""
        return self.config.get_text_config()

    def uniform(self, *shape: int) -> torch.Tensor:
        """Values in [-1, 1), exact in float32."""
        return torch.rand(*shape, generator=self.generator) * 2 - 1


def make_inputs(model: Any, shape: Shape) -> dict[str, torch.Tensor]:
    """Keyword arguments for `model(**inputs)`: (batch, …) tensors on the CPU."""
    accepted = inspect.signature(model.forward).parameters
    inputs = {}
    for index, (name, build) in enumerate(BUILDERS.items()):
        if name in accepted:
            generator = torch.Generator().manual_seed(shape.seed * len(BUILDERS) + index)
            value = build(Context(model, shape, generator))
            if value is not None:
                inputs[name] = value
    return inputs


def _input_ids(context: Context) -> torch.Tensor:
    """Tokens away from the special ids, which sit at both ends; image placeholders first, then text."""
    shape, vocabulary = context.shape, context.text.vocab_size
    low, high = vocabulary // 8, vocabulary - vocabulary // 8
    ids = torch.randint(low, high, (shape.batch, shape.tokens), generator=context.generator)
    placeholders = image_tokens(context.model)
    if placeholders:
        ids[:, 1 : placeholders + 1] = image_token_id(context.config)
    eos = getattr(context.text, "eos_token_id", None)
    if isinstance(eos, int) and not context.model.can_generate():
        ids[:, -1] = eos  # pooling encoders (CLIP) read the position of the end token
    return ids


def image_token_id(config: Any) -> int | None:
    """The token that stands for a piece of an image; None where images do not pass through tokens."""
    for name in ("image_token_id", "image_token_index"):
        if getattr(config, name, None) is not None:
            return int(getattr(config, name))
    return None


def caption_tokens(model: Any) -> int | None:
    """Length of a caption where text is read beside an image (CLIP); None for any other model.

    The library's processors pad each caption to all the positions that the text tower has.
    """
    beside = {"input_ids", "pixel_values"} <= inspect.signature(model.forward).parameters.keys()
    if not beside or image_token_id(model.config) is not None:
        return None
    return int(model.config.get_text_config().max_position_embeddings)


def image_tokens(model: Any) -> int:
    """Placeholders that one image takes: asked of the model itself, 0 where it takes none."""
    if image_token_id(model.config) is None or not hasattr(model, "get_image_features"):
        return 0
    generator = torch.Generator().manual_seed(0)
    pixels = _pixel_values(Context(model, Shape(), generator))
    with torch.no_grad():
        features = model.get_image_features(
            pixels.to(model.device, model.dtype), return_dict=True
        ).pooler_output
    return sum(row.shape[0] for row in features)


def _pixel_values(context: Context) -> torch.Tensor:
    vision = getattr(context.config, "vision_config", context.config)
    size = getattr(vision, "image_size", context.shape.image)
    return context.uniform(context.shape.batch, vision.num_channels, size, size)


def _input_features(context: Context) -> torch.Tensor:
    # Whisper's encoder halves the frames with a convolution of stride 2 and takes no other length.
    config = context.config
    return context.uniform(context.shape.batch, config.num_mel_bins, 2 * config.max_source_positions)


def _input_values(context: Context) -> torch.Tensor:
    return context.uniform(context.shape.batch, context.shape.audio)


def _attention_mask(context: Context) -> torch.Tensor | None:
    if context.model.main_input_name == "input_features":
        return None  # there it masks augmented frames in training, not padding
    shape = context.shape
    length = shape.audio if context.model.main_input_name == "input_values" else shape.tokens
    return torch.ones(shape.batch, length, dtype=torch.long)


def _decoder_input_ids(context: Context) -> torch.Tensor | None:
    if not context.config.is_encoder_decoder:
        return None
    vocabulary = context.text.vocab_size
    size = (context.shape.batch, DECODER_TOKENS)
    return torch.randint(vocabulary // 8, vocabulary // 2, size, generator=context.generator)


BUILDERS: dict[str, Callable[[Context], torch.Tensor | None]] = {
    "input_ids": _input_ids,
    "pixel_values": _pixel_values,
    "input_features": _input_features,
    "input_values": _input_values,
    "attention_mask": _attention_mask,
    "decoder_input_ids": _decoder_input_ids,
}
