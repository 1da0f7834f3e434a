"""A model without its weights: the library's own modules on the meta device, where shapes cost nothing."""

from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from harness.matrix.records import Model
from harness.suite.fit.kinds import decoder_config, decoder_depth
from harness.suite.models.build import full_config, meta_model

DTYPE = torch.bfloat16
"""Shapes are the same in any dtype; the library's grouped experts run on meta tensors in this one only."""


@dataclass(frozen=True, slots=True)
class Stack:
    """A list of layers that are run one after another."""

    name: str
    """Where the model keeps it: `model.layers`."""
    layers: tuple[nn.Module, ...]


def skeleton(model: Model, config: Any = None) -> Any:
    """The model's class with every tensor on the meta device, tied as the library ties them.

    The configuration is the row's own at full width where none is given.
    """
    config = full_config(model) if config is None else config
    return meta_model(model, config, DTYPE)


def stacks(model: nn.Module) -> list[Stack]:
    """The outermost lists of modules that hold parameters, in the model's order."""
    found: list[Stack] = []
    for name, module in model.named_modules():
        inside = any(name.startswith(f"{stack.name}.") for stack in found)
        if isinstance(module, nn.ModuleList) and not inside and any(True for _ in module.parameters()):
            found.append(Stack(name, tuple(module)))
    return found


def text_stack(model: Any) -> Stack | None:
    """The layers that the (decoder's) text configuration counts: the largest list of that length."""
    config = decoder_config(model.config)
    depth = decoder_depth(config)
    fitting = [stack for stack in stacks(model) if len(stack.layers) == depth]
    beside = [stack for stack in fitting if "decoder" in stack.name.split(".")] or fitting
    return max(beside, key=lambda stack: sum(p.numel() for p in _of(stack)), default=None)


def _of(stack: Stack) -> list[nn.Parameter]:
    return [parameter for layer in stack.layers for parameter in layer.parameters()]
