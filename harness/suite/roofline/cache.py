"""Bytes of what generation keeps between steps, by the tensors that the library's cache holds."""

from collections.abc import Iterator
from math import prod
from typing import Any

import torch

GROWING = frozenset({"keys", "values"})
"""Attributes of shape (rows, heads, tokens, width), to which a step adds its tokens. Others, the states of
convolutions and recurrences, are written anew in whole."""
FIXED = "cross_attention_cache"
"""Attribute of what is kept of a separate encoder: written with the prompt and only read after it."""


def stored(cache: Any) -> int:
    """Bytes held, by windows where there are windows; 0 for no cache."""
    return sum(tensor.nbytes for _, tensor in _tensors(cache))


def written_by(cache: Any, tokens: int) -> int:
    """Bytes that a step of `tokens` a row writes into a cache that has something in it."""
    return sum(_written(path, tensor, tokens) for path, tensor in _tensors(cache))


def _written(path: tuple[str, ...], tensor: torch.Tensor, tokens: int) -> int:
    if FIXED in path:
        return 0
    if GROWING.intersection(path):
        return prod(tensor.shape[:-2]) * tokens * tensor.shape[-1] * tensor.itemsize
    return tensor.nbytes


def _tensors(value: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], torch.Tensor]]:
    """Each tensor of states within the value, with the attributes and keys that lead to it."""
    if isinstance(value, torch.Tensor):
        if value.dim() > 1:  # what is shorter counts the tokens seen
            yield path, value
    elif isinstance(value, list | tuple):
        for entry in value:
            yield from _tensors(entry, path)
    elif isinstance(value, dict):
        for name, entry in value.items():
            yield from _tensors(entry, (*path, str(name)))
    elif hasattr(value, "__dict__") and not isinstance(value, type):
        yield from _tensors(vars(value), path)
