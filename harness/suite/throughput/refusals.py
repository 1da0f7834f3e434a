"""What cannot be run, said in a sentence before anything is allocated: the configuration tells."""

import inspect
from dataclasses import dataclass
from typing import Any

import torch

from harness.matrix.cells import Cell
from harness.suite.fit.activations import activations
from harness.suite.fit.cache import cache_need
from harness.suite.models.depths import depth
from harness.suite.models.inputs.modalities import PIXELS
from harness.suite.models.inputs.text import placeholder_id
from harness.suite.outcomes import Unsupported
from harness.suite.precision import PRECISIONS

COPIES = 2
"""Caches in memory while decoding is timed: the one that grows, and the one that every round starts from."""


@dataclass(frozen=True, slots=True)
class Need:
    """What a batch takes at least, in bytes."""

    fixed: int
    """Weights."""
    each: int
    """Of each sequence: its cache and its activations."""

    def at(self, batch: int) -> int:
        """Of that many sequences."""
        return self.fixed + batch * self.each

    def largest(self, limit: int) -> int:
        """The largest batch that fits; 0 or less where not one sequence does."""
        return (limit - self.fixed) // self.each


def require_dtype(dtype: torch.dtype, device: str) -> None:
    """`Unsupported` where the device cannot multiply in the dtype."""
    try:
        square = torch.ones(2, 2, dtype=torch.float32).to(device, dtype)
        square @ square
    except (RuntimeError, TypeError, NotImplementedError) as error:
        raise Unsupported(f"{device} cannot multiply in {dtype}: {str(error).splitlines()[0]}") from error


def require_layers(asked: int | None, config: Any, name: str) -> None:
    """`Unsupported` where more layers are asked for than the model has, or any of one without a stack."""
    if asked is None:
        return
    whole = depth(config)
    if whole is None:
        raise Unsupported(f"--layers {asked}: {name} has no stack of layers that could be cut")
    if asked > whole:
        raise Unsupported(f"--layers {asked}: {name} has {whole}; ask for {whole} or fewer")


def require_positions(model_class: Any, config: Any, tokens: int, output_tokens: int) -> None:
    """`Unsupported` where the prompt, or what follows it in a decoder, is past the model's positions."""
    positions = getattr(text_of(config), "max_position_embeddings", None)
    follows = model_class.can_generate() and not config.is_encoder_decoder
    length = tokens + (output_tokens if follows else 0)
    if isinstance(positions, int) and model_class.main_input_name == "input_ids" and length > positions:
        raise Unsupported(f"{length} tokens are asked for, and the model has {positions} positions")


def require_room(need: Need, batch: int, limit: int | None) -> None:
    """`Unsupported` where the batch takes more than the limit, with the largest that does not."""
    if limit is None or need.at(batch) <= limit:
        return
    largest = need.largest(limit)
    told = (
        f"the largest that fits is {largest}"
        if largest > 0
        else "not one sequence fits: ask for fewer tokens"
    )
    raise Unsupported(
        f"a batch of {batch} needs at least {need.at(batch) / 1e9:.1f} GB, weights included, and the limit "
        f"is {limit / 1e9:.1f} GB: {told}"
    )


def need(cell: Cell, model_class: Any, config: Any, weights: int) -> Need | None:
    """What the cell's batch takes, by the formulas of `fit`; None where the configuration does not tell.

    Counted is text alone: what stands for an image or a sound comes on top, and so do the libraries.
    """
    asked, itemsize = cell.parameters, PRECISIONS[cell.parameters.dtype].dtype.itemsize
    generates, widest = model_class.can_generate(), activations(config)
    if widest is None or model_class.main_input_name != "input_ids":
        return None
    eager = asked.attention == "eager"
    prompt = widest.estimate(1, asked.input_tokens, eager=eager, all_logits=not generates)
    return Need(weights, (prompt + COPIES * cache_elements(cell, model_class, config)) * itemsize)


def cache_elements(cell: Cell, model_class: Any, config: Any) -> int:
    """Elements of one sequence's cache when the last token is out; 0 where none is kept, or known."""
    kept = cache_need(config) if model_class.can_generate() else None
    if kept is None:
        return 0
    asked = cell.parameters
    if config.is_encoder_decoder:
        return kept.at(asked.output_tokens, asked.input_tokens)
    return kept.at(asked.input_tokens + asked.output_tokens)


def caption_tokens(model_class: Any, config: Any) -> int | None:
    """Length of a caption where text is read beside an image (CLIP); None for any other model.

    The library's processors pad each caption to all the positions that the text tower has. Where it has no
    number of them (UDOP's are relative), a text is as long as it is asked to be.
    """
    accepted = inspect.signature(model_class.forward).parameters.keys()
    beside = "input_ids" in accepted and bool(accepted & set(PIXELS))
    if not beside or placeholder_id(config, "image") is not None:
        return None
    positions = getattr(text_of(config), "max_position_embeddings", None)
    return positions if isinstance(positions, int) else None


def text_of(config: Any) -> Any:
    """The configuration of the tower that reads text: of two, the encoder's (Musicgen)."""
    try:
        return config.get_text_config()
    except ValueError:
        return config.get_text_config(encoder=True)
