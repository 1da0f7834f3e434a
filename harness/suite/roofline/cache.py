"""Bytes of what generation keeps between steps, by the tensors that the library's cache holds."""

from math import prod
from typing import Any

import torch

from harness.suite.models.cached import Path, tensors

GROWING = frozenset({"keys", "values"})
"""Attributes of shape (rows, heads, tokens, width), to which a step adds its tokens. Others, the states of
convolutions and recurrences, are written anew in whole."""
FIXED = "cross_attention_cache"
"""Attribute of what is kept of a separate encoder: written with the prompt and only read after it."""


def stored(cache: Any) -> int:
    """Bytes held, by windows where there are windows; 0 for no cache."""
    return sum(tensor.nbytes for _, tensor in _states(cache))


def written_by(cache: Any, tokens: int) -> int:
    """Bytes that a step of `tokens` a row writes into a cache that has something in it."""
    return sum(_written(path, tensor, tokens) for path, tensor in _states(cache))


def _written(path: Path, tensor: torch.Tensor, tokens: int) -> int:
    if FIXED in path:
        return 0
    if GROWING.intersection(path):
        return prod(tensor.shape[:-2]) * tokens * tensor.shape[-1] * tensor.itemsize
    return tensor.nbytes


def _states(cache: Any) -> list[tuple[Path, torch.Tensor]]:
    return [(path, tensor) for path, tensor in tensors(cache) if tensor.dim() > 1]  # shorter: tokens seen
