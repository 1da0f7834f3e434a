"""What this library keeps of the past: the tensors of the cache that its own forward makes.

The forward runs on the meta device, where a cache has its shapes and dtype and no memory, so that it is
seen at full width in a second or two. Where the library asks for a value (is this mask all ones? which
tokens go to this expert?) it is told yes, one, all of them: shapes of a cache hang on no such answer.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch.fx.experimental._config import patch
from torch.utils._python_dispatch import TorchDispatchMode

from harness.results.cache import Kept
from harness.suite.models.cached import CACHES, tensors

OUTPUTS = (*CACHES, "state", "mems")
"""What the outputs of the library's models call it: RWKV a state, the XL models their memories besides."""
SHORT, LONG = 16, 144
"""Tokens between which a cache grows by its line: within the windows of checkpoints, past every convolution,
and few, as the library's reference recurrence takes a step a token."""


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
    with without_values(model):
        outputs = model(**prompt(model, length, source), use_cache=True)
    return sum(tensor.nbytes for _, tensor in tensors(cache_of(outputs)[1])) or None


def prompt(model: Any, length: int, source: int = 1) -> dict[str, Any]:
    """Arguments of a forward over one text, and over another for an encoder where there is one."""
    ids = torch.ones(1, length, dtype=torch.long, device=model.device)
    if model.config.is_encoder_decoder:
        return {"input_ids": ids.new_ones(1, source), "decoder_input_ids": ids}
    return {"input_ids": ids}


def cache_of(outputs: Any) -> tuple[str, Any]:
    """What a forward has kept, by the name that it has among outputs and arguments; None where nothing."""
    found = ((name, getattr(outputs, name, None)) for name in OUTPUTS)
    return next(((name, kept) for name, kept in found if kept is not None), ("", None))


@contextmanager
def without_values(model: Any) -> Iterator[None]:
    """For forwards of a model on the meta device."""
    with torch.no_grad(), torch.device(model.device), _Answers(), patch(meta_nonzero_assume_all_nonzero=True):
        yield


class _Answers(TorchDispatchMode):
    """Answers for tensors without values: a truth is true, a number is one."""

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if func is torch.ops.aten._local_scalar_dense.default and args[0].is_meta:  # noqa: SLF001 — what `item` calls
            return torch.ones((), dtype=args[0].dtype, device="cpu").tolist()
        return func(*args, **(kwargs or {}))
