"""What of a model is run: its forward, or the methods and parts that a row of `peculiar` names instead."""

import inspect
from collections.abc import Mapping, Sequence
from functools import lru_cache
from operator import attrgetter
from typing import Any

import torch


def call(model: Any, entry: Sequence[str], inputs: Mapping[str, Any]) -> Any:
    """The outputs of forward where `entry` is empty, of the method or part it names.

    Where it names several, the outputs of each.
    """
    if not entry:
        outputs: Any = model(**inputs)
        return {"output": outputs} if isinstance(outputs, torch.Tensor) else outputs
    found = {name: attrgetter(name)(model)(**_arguments_of(name, entry, inputs)) for name in entry}
    outputs = found if len(entry) > 1 else found[entry[0]]
    return {"output": outputs} if isinstance(outputs, torch.Tensor) else outputs


def accepted(model: Any, entry: Sequence[str]) -> Mapping[str, inspect.Parameter]:
    """The arguments that `call` takes: of several methods each under `method.argument`."""
    found = [(name, _parameters(attrgetter(name)(model))) for name in entry or ("forward",)]
    if len(found) == 1:
        return found[0][1]
    return {f"{name}.{argument}": parameter for name, own in found for argument, parameter in own.items()}


def _parameters(target: Any) -> Mapping[str, inspect.Parameter]:
    method = target.forward if isinstance(target, torch.nn.Module) else target
    return _signature(getattr(method, "__func__", method), bound=hasattr(method, "__func__"))


@lru_cache(maxsize=64)
def _signature(function: Any, *, bound: bool) -> Mapping[str, inspect.Parameter]:
    parameters = list(inspect.signature(function).parameters.items())
    return dict(parameters[1:] if bound else parameters)


def _arguments_of(name: str, entry: Sequence[str], inputs: Mapping[str, Any]) -> dict[str, Any]:
    if len(entry) < 2:
        return dict(inputs)
    before = f"{name}."
    # The rest of the key has no dot, lest `a` takes what is `a.b`'s.
    return {
        k[len(before) :]: v for k, v in inputs.items() if k.startswith(before) and "." not in k[len(before) :]
    }
