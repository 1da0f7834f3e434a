"""What a forward leaves to the next: what the library calls it, and the tensors that it is made of."""

import inspect
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any

import torch
from transformers.modeling_outputs import BaseModelOutput

CACHES = ("past_key_values", "cache_params")
"""Names of the cache among the outputs and the arguments of a forward."""
MARKS = frozenset({"_sliding_window_tensor"})
"""Scalars that a cache keeps beside what it remembers."""
DEEPEST = 6
"""Levels of objects that a cache is made of, at most: cache, list, layer, dictionary, tensor."""

MASK = "attention_mask"

Path = tuple[str, ...]


def prefilling(model: Any, inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Arguments of the forward over a prompt that fills the cache.

    Logits are asked of its last position alone, as `generate` does: the others' are not needed.
    """
    last = "logits_to_keep" in inspect.signature(model.forward).parameters
    return {**inputs, "use_cache": True} | ({"logits_to_keep": 1} if last else {})


def kept(model: Any, inputs: Mapping[str, Any], outputs: Any) -> dict[str, Any]:
    """Arguments of the next forward besides its tokens: the cache, and of a separate encoder output and mask.

    `inputs` are those of the prompt.
    """
    state = {name: outputs[name] for name in CACHES if outputs.get(name) is not None}
    if model.config.is_encoder_decoder and outputs.get("encoder_last_hidden_state") is not None:
        hidden = outputs.encoder_last_hidden_state
        encoded = BaseModelOutput(last_hidden_state=hidden)
        encoded.attention_mask = hidden.new_ones(hidden.shape[:2])  # UDOP's has it with it; no row is padded
        state["encoder_outputs"] = encoded
        if MASK in inputs:
            state[MASK] = inputs[MASK]
    return state


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
