"""Where a mixture of experts says which experts a token is sent to, whatever it calls its modules.

The experts' own module is heard, not the router: it is called with the indices that count, however they were
chosen (DeepSeek's by group and bias), and that argument has two names in the whole library; routers put
indices out here and logits alone there (DBRX). What is different is a row of data, by the name of its class.
"""

import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import torch
from torch import nn

from harness.suite.fit.experts import holders

INDICES = ("top_k_index", "router_indices")
"""Arguments of an experts' module that hold a token's experts: int64 [tokens, k]."""
LOGITS = {"Llama4Router": 1, "JetMoeTopKGating": 4}
"""Routers that send a token to the experts of the largest logits and tell nobody: where their output has the
logits, [tokens, experts]. Their experts are called with states that are sorted already."""
NUMBERS = ("num_routed_experts", "num_experts")
"""What an experts' module, or such a router, calls their number. Longcat's experts beyond the first are no
experts but let a token through; an index past the last (Zaya's) sends it to none."""
UNSEEN = {
    "DogeCDMoE": "it looks neurons up by product keys within the block, and no module is told which",
    "NllbMoeExperts": "an encoder's tokens and a decoder's are padded apart",
    "SwitchTransformersExperts": "an encoder's tokens and a decoder's are padded apart",
}
"""Class of a module → why expert use is not measured in a model that has it."""

Read = Callable[[nn.Module, tuple[Any, ...], dict[str, Any], Any], torch.Tensor]
"""From a module that was called, its arguments and its output to the indices, int64 [tokens, k]."""


@dataclass(frozen=True, slots=True)
class Source:
    """A module that is told, or tells, where tokens are sent."""

    name: str
    """Where the model keeps it: `model.layers.3.mlp.experts`."""
    module: nn.Module
    experts: int
    read: Read


def sources(model: nn.Module) -> Iterator[Source]:
    """Every such module, in the model's order; none of a dense model."""
    for name, module in model.named_modules():
        kind = type(module)
        read = _of_logits(LOGITS[kind.__name__]) if kind.__name__ in LOGITS else _of_arguments(kind)  # type: ignore[arg-type]  # a class is hashable
        if read is not None:
            yield Source(name, module, _number(module), read)


def unseen(model: nn.Module) -> str:
    """Why expert use of the model is not measured; empty where it is, and where there are no experts."""
    found = (UNSEEN.get(type(module).__name__) for module in model.modules())
    if reason := next(filter(None, found), ""):
        return reason
    if any(True for _ in sources(model)):
        return ""
    silent = next((type(holder).__name__ for holder in holders(model)), "")
    return silent and f"{silent} is not told the indices of experts by a name that is known"


@lru_cache(maxsize=256)
def _of_arguments(kind: type[nn.Module]) -> Read | None:
    """The reader of a class whose forward takes the indices; None for any other."""
    named = list(inspect.signature(kind.forward).parameters)[1:]
    found = next((name for name in INDICES if name in named), None)
    if found is None:
        return None
    place = named.index(found)

    def read(_: nn.Module, arguments: tuple[Any, ...], keywords: dict[str, Any], __: Any) -> torch.Tensor:
        indices: torch.Tensor = keywords[found] if found in keywords else arguments[place]
        return indices

    return read


@lru_cache
def _of_logits(place: int) -> Read:
    def read(module: nn.Module, _: tuple[Any, ...], __: dict[str, Any], output: Any) -> torch.Tensor:
        indices: torch.Tensor = output[place].topk(module.top_k, dim=-1).indices
        return indices

    return read


def _number(module: nn.Module) -> int:
    """How many experts there are to choose from."""
    return next(int(found) for name in NUMBERS if (found := getattr(module, name, None)) is not None)
