"""What a forward leaves to the next: what the library calls it, and the tensors that it is made of."""

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import torch

CACHES = ("past_key_values", "cache_params")
"""Names of the cache among the outputs and the arguments of a forward."""
MARKS = frozenset({"_sliding_window_tensor"})
"""Scalars that a cache keeps beside what it remembers."""
DEEPEST = 6
"""Levels of objects that a cache is made of, at most: cache, list, layer, dictionary, tensor."""

Path = tuple[str, ...]


def tensors(cache: Any) -> list[tuple[Path, torch.Tensor]]:
    """Each tensor with dimensions in the cache, once, with the attributes and keys that lead to it."""
    found = {id(tensor): (path, tensor) for path, tensor in _walk(cache, (), DEEPEST)}
    return list(found.values())


def _walk(value: Any, path: Path, levels: int) -> Iterator[tuple[Path, torch.Tensor]]:
    if isinstance(value, torch.Tensor):
        yield from [(path, value)] if value.dim() else []
    elif levels and isinstance(value, dict):
        for name, entry in value.items():
            yield from _walk(entry, (*path, str(name)), levels - 1)
    elif levels and isinstance(value, list | tuple):
        for entry in value:
            yield from _walk(entry, path, levels - 1)
    elif levels and not isinstance(value, type):
        with suppress(TypeError):  # of what has no attributes
            yield from _walk({k: v for k, v in vars(value).items() if k not in MARKS}, path, levels)
