"""Values and makers of inputs that rows of several rooms share."""

from collections.abc import Callable
from typing import Any

import torch

LEFT_OUT = ""
"""The layout of a modality that the model takes, but not beside the others."""


def values(name: str, *shape: int) -> Callable[[Any], torch.Tensor]:
    """A maker of uniform values of that shape."""
    return lambda context: context.uniform(name, *shape)


def whole(*entries: Any) -> Callable[[Any], torch.Tensor]:
    """A maker of a tensor of those entries."""
    return lambda _: torch.tensor(entries)


def plain(name: str, rows: int, length: int) -> Callable[[Any], torch.Tensor]:
    """A maker of `rows` rows of plain tokens."""
    return lambda context: torch.cat(
        [context.tokens(f"{name}{row}", length, context.vocabulary()) for row in range(rows)]
    )


def ones(*shape: int) -> Callable[[Any], torch.Tensor]:
    """A maker of a mask that hides nothing."""
    return lambda _: torch.ones(*shape, dtype=torch.long)


def beside_tokens(*shape: int) -> Callable[[Any], torch.Tensor | None]:
    """A maker of ones of (1, tokens, …): what of the image each token sees; None while there are none."""

    def make(context: Any) -> torch.Tensor | None:
        ids = context.made.get("input_ids")
        return None if ids is None else torch.ones(1, ids.shape[1], *shape, dtype=torch.long)

    return make


def latent_positions(context: Any) -> torch.Tensor | None:
    """(1, tokens): the tokens after the first are replaced by what the model makes of the image."""
    ids = context.made.get("input_ids")
    if ids is None:
        return None
    mask = torch.zeros_like(ids)
    mask[:, 1 : 1 + context.config.latent_query_num] = 1
    return mask


CODEBOOKS = 4
"""Codebooks of a codec, and of the models that read or write its codes."""


def codes(context: Any, name: str, size: int, *shape: int) -> torch.Tensor:
    """Codes below `size`."""
    return torch.randint(size, shape, generator=context.generator(name))


def sample_mask(context: Any) -> torch.Tensor:
    """(1, samples): which samples are real; all of them."""
    return torch.ones(1, context.made["input_values"].shape[-1], dtype=torch.bool)


DETACHED = (
    "boxes are detached from one decoder layer to the next by design: backward is not the whole derivative"
)
CHOSEN = "the best of its proposals become queries, and rounding swaps proposals of nearly one score"
