"""Python text of values: of a configuration, and of the tensors a check was given."""

import enum
import math
from collections.abc import Callable, Mapping
from typing import Any

import torch
from transformers import GenerationConfig

from harness.suite.models.inputs.context import seed_of

HELPERS = """
def uniform(seed, *shape):
    return torch.rand(*shape, generator=torch.Generator().manual_seed(seed)) * 2 - 1
"""
"""What the text of a tensor may call; `Context.uniform` draws the same values."""


def written(value: Any, name: str = "", row: int = 0, seed: int = 0) -> str:
    """An expression that makes `value`, exactly; `name`, `row` and `seed` are what it was drawn with.

    TypeError for a value that is of no kind that has one.
    """
    for kinds, write in WRITERS:
        if isinstance(value, kinds):
            return write(value, name, row, seed)
    raise TypeError(f"a value of type {type(value).__name__} cannot be written down")


def _mapping(value: Mapping[Any, Any], *drawn: Any) -> str:
    return "{" + ", ".join(f"{key!r}: {written(entry, *drawn)}" for key, entry in value.items()) + "}"


def _list(value: list[Any], *drawn: Any) -> str:
    return "[" + ", ".join(written(entry, *drawn) for entry in value) + "]"


def _tuple(value: tuple[Any, ...], *drawn: Any) -> str:
    return "(" + "".join(f"{written(entry, *drawn)}, " for entry in value) + ")"


def _float(value: float, *_: Any) -> str:
    return repr(value) if math.isfinite(value) else f"float({str(value)!r})"


def _generation(value: GenerationConfig, *_: Any) -> str:
    fields = {name: field for name, field in value.to_diff_dict().items() if name != "transformers_version"}
    return f"transformers.GenerationConfig(**{written(fields)})"


def _tensor(value: torch.Tensor, name: str, row: int, seed: int) -> str:
    shape = tuple(value.shape)
    if value.dtype == torch.float32:
        drawn = seed_of(name.rpartition(".")[2], row, seed)
        made = (
            torch.rand(*shape, generator=torch.Generator().manual_seed(drawn)) * 2 - 1 if shape else value + 1
        )
        if torch.equal(made, value):
            return f"uniform({drawn}, {', '.join(map(str, shape))})"
    if value.numel() > 1 and bool((value == value.flatten()[0]).all()):
        return f"torch.full({shape}, {value.flatten()[0].item()!r}, dtype={value.dtype})"
    return f"torch.tensor({value.tolist()!r}, dtype={value.dtype}).reshape({shape})"


WRITERS: tuple[tuple[Any, Callable[..., str]], ...] = (
    (torch.Tensor, _tensor),
    (Mapping, _mapping),
    (list, _list),
    (tuple, _tuple),
    (enum.Enum, lambda value, *_: repr(value.value)),
    (torch.dtype, lambda value, *_: str(value)),
    (float, _float),
    (GenerationConfig, _generation),
    ((str, int, type(None)), lambda value, *_: repr(value)),
)
"""Kind of value → what writes it, the narrowest kind first."""
