"""Parameters that the library allocates and never sets: garbage, which most often happens to be zeros."""

import copy
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch

from harness.suite.models.classes import in_dtype


@contextmanager
def memory_is_nan() -> Iterator[None]:
    """Within the block memory that nobody has set is NaN: torch does so beside its deterministic kernels."""
    usual = torch.are_deterministic_algorithms_enabled()
    warned = torch.is_deterministic_algorithms_warn_only_enabled()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that some kernel has no deterministic form
        torch.use_deterministic_algorithms(mode=True, warn_only=True)
        try:
            yield
        finally:
            torch.use_deterministic_algorithms(usual, warn_only=warned)


def unset_parameters(model: Any) -> list[str]:
    """Names of the parameters that the library leaves as it found the memory, when it builds such a model."""
    config = copy.deepcopy(model.config)
    with memory_is_nan():
        made = type(model)._from_config(config, **in_dtype(model.dtype))  # noqa: SLF001 — what the Auto classes call
    return [name for name, parameter in made.named_parameters() if parameter.isnan().any()]


@torch.no_grad()
def zero_unset(model: Any) -> None:
    """Zeros where a model that was built in such a block was left unset, so that it is the same each time."""
    for tensor in (*model.parameters(), *model.buffers()):
        if tensor.is_floating_point():
            tensor.nan_to_num_(nan=0.0, posinf=float("inf"), neginf=float("-inf"))
