"""What one forward does, seen from outside: products with their shapes, and the weights that are read.

The model runs on the meta device, where tensors have shapes and no values: a model of any size takes no
memory and little time. What is seen is what the model's own code asks torch for, so neither the names of
configuration fields nor those of modules matter, and a tower that a phase leaves out is not counted.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any, Self

import torch
from torch.overrides import TorchFunctionMode

from harness.results.sheet import distinct_experts
from harness.suite.roofline.formulas import FORMULAS

GATHERS = frozenset({"embedding", "__getitem__", "index_select"})
"""Functions that read no more of a weight than they give back."""


class Observer(TorchFunctionMode):
    """While entered, counts the operations of all that torch is asked for, and what is read of `model`.

    A function that is not in `FORMULAS` and calls others only inside torch is not seen; nor are kernels that
    libraries bring themselves, which the model does without on the meta device.
    """

    def __init__(self, model: torch.nn.Module) -> None:
        super().__init__()
        self.flops = 0
        self._weights = {id(weight): weight for weight in model.parameters()}
        self._stored: dict[int, list[torch.Tensor]] = defaultdict(list)
        for weight in self._weights.values():
            self._stored[_storage(weight)].append(weight)
        self._read: dict[int, int] = {}
        self._share: dict[int, float] = {}
        self._experts = [module for module in model.modules() if _fused(module)]
        self._hooks: list[Any] = []

    @property
    def weight_bytes(self) -> float:
        """Bytes of weights read, each weight once however often it is used; a gather's rows alone.

        Of experts the share that the tokens are expected to choose, see `distinct_experts`.
        """
        return sum(
            self._weights[weight].nbytes * self._share[weight] if weight in self._share else float(read)
            for weight, read in self._read.items()
        )

    def __enter__(self) -> Self:
        self._hooks = [
            module.register_forward_pre_hook(self._choice, with_kwargs=True) for module in self._experts
        ]
        super().__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        super().__exit__(*error)
        for hook in self._hooks:
            hook.remove()

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Do what was asked for, and note it."""
        kwargs = kwargs or {}
        result = func(*args, **kwargs)
        name = getattr(func, "__name__", "")
        self._note_weights(name, (*args, *kwargs.values()), result)
        if name in FORMULAS:
            self.flops += FORMULAS[name](args, kwargs, result)
        return result

    def _note_weights(self, name: str, arguments: Iterable[Any], result: Any) -> None:
        """What makes a view (`weight.T`) or tells of no values (`weight.size()`) reads nothing."""
        made = {_storage(tensor) for tensor in _tensors([result])}
        for tensor in _tensors(arguments):
            weight = self._weight_of(tensor)
            if weight is None or made <= {_storage(tensor)}:
                continue
            read = result.nbytes if name in GATHERS else tensor.nbytes
            self._read[id(weight)] = min(weight.nbytes, self._read.get(id(weight), 0) + read)

    def _weight_of(self, tensor: torch.Tensor) -> torch.Tensor | None:
        """The weight that a tensor is or is a view of: of several in one block, the one that it begins in."""
        if id(tensor) in self._weights:
            return tensor
        begun = [
            weight
            for weight in self._stored.get(_storage(tensor), ())
            if weight.storage_offset() <= tensor.storage_offset()
        ]
        return max(begun, key=torch.Tensor.storage_offset, default=None)

    def _choice(self, module: torch.nn.Module, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> None:
        """Before experts run: which share of them the chosen ones, (tokens, chosen each), are."""
        chosen = next(filter(_counts, (*args, *kwargs.values())), None)
        if chosen is None:
            return
        each = chosen.shape[-1]
        weights = list(module.parameters(recurse=False))
        experts = max(weights, key=torch.Tensor.dim).shape[0]
        share = distinct_experts(experts, each, chosen.numel() // each) / experts
        self._share |= {id(weight): share for weight in weights if weight.shape[0] == experts}


def _fused(module: torch.nn.Module) -> bool:
    """The weights of many experts, one stacked on another: (experts, rows, columns)."""
    return any(weight.dim() >= 3 for weight in module.parameters(recurse=False))


def _counts(value: Any) -> bool:
    """Whether this argument is an index of experts for each token."""
    return isinstance(value, torch.Tensor) and not value.dtype.is_floating_point and value.dim() >= 2


def _storage(tensor: torch.Tensor) -> int:
    """What a tensor and its views have in common; its own id where it has no storage (quantised weights)."""
    try:
        return int(tensor.untyped_storage()._cdata)  # noqa: SLF001 — on the meta device all pointers are 0
    except (NotImplementedError, RuntimeError):
        return id(tensor)


def _tensors(arguments: Iterable[Any]) -> Iterable[torch.Tensor]:
    for argument in arguments:
        if isinstance(argument, torch.Tensor):
            yield argument
        elif isinstance(argument, list | tuple):
            yield from _tensors(argument)
