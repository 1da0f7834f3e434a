"""What this library keeps of the past: the tensors of the cache that its own forward makes.

The forward runs on the meta device, where a cache has its shapes and dtype and no memory, so that it is
seen at full width in a second or two. Where the library asks for a value (is this mask all ones? which
tokens go to this expert?) it is told yes, one, all of them: shapes of a cache hang on no such answer.
"""

from dataclasses import dataclass
from typing import Any

import torch
from torch.fx.experimental._config import patch
from torch.utils._python_dispatch import TorchDispatchMode

from harness.suite.models.cached import CACHES, tensors

OUTPUTS = (*CACHES, "state", "mems")
"""What the outputs of the library's models call it: RWKV a state, the XL models their memories besides."""
SHORT, LONG = 16, 144
"""Tokens between which a cache grows by its line: within the windows of checkpoints, past every convolution,
and few, as the library's reference recurrence takes a step a token."""


@dataclass(frozen=True, slots=True)
class Kept:
    """What the library's cache was seen to hold of one sequence, in bytes of the model's dtype."""

    per_token: float
    """While no window is full."""
    fixed: float
    """Whatever the length."""
    per_source_token: float


def kept(model: Any) -> Kept | None:
    """The line through two short lengths; None where the library makes no cache, or not without weights."""
    try:
        short, long, source = (kept_bytes(model, *lengths) for lengths in ((SHORT, 1), (LONG, 1), (SHORT, 2)))
    except Exception:  # noqa: BLE001 — whatever a model's code raises that needs values
        return None
    if short is None or long is None or source is None:
        return None
    per_token, per_source = (long - short) / (LONG - SHORT), source - short
    return Kept(per_token, short - per_token * SHORT - per_source, per_source)


def kept_bytes(model: Any, length: int, source: int = 1) -> int | None:
    """Bytes of one sequence's cache after `length` tokens, in the model's dtype; None where none is made.

    `source` is the length of the encoder's input, where there is one. Raises what the library raises where
    its forward needs values and the model has none, being on the meta device.
    """
    ids = torch.ones(1, length, dtype=torch.long, device=model.device)
    given: dict[str, Any] = {"input_ids": ids}
    if model.config.is_encoder_decoder:
        given = {"input_ids": ids.new_ones(1, source), "decoder_input_ids": ids}
    with torch.no_grad(), torch.device(model.device), _Answers(), patch(meta_nonzero_assume_all_nonzero=True):
        outputs = model(**given, use_cache=True)
    cache = next((found for name in OUTPUTS if (found := getattr(outputs, name, None)) is not None), None)
    return sum(tensor.nbytes for _, tensor in tensors(cache)) or None


class _Answers(TorchDispatchMode):
    """Answers for tensors without values: a truth is true, a number is one."""

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if func is torch.ops.aten._local_scalar_dense.default and args[0].is_meta:  # noqa: SLF001 — what `item` calls
            return torch.ones((), dtype=args[0].dtype, device="cpu").tolist()
        return func(*args, **(kwargs or {}))
