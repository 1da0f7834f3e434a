"""A model's outputs in float64 throughout, on the CPU: what every device is held against.

Casting a model to float64 is not enough: the library's own code turns norms, softmax, rotary angles and
router scores to float32, whatever it is given. Llama cast to float64 is off by 2e-7, as much as in float32.
"""

import copy
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_map

WIDER = {
    torch.float16: torch.float64,
    torch.bfloat16: torch.float64,
    torch.float32: torch.float64,
    torch.complex64: torch.complex128,
}
REINTERPRETS = (torch.ops.aten.view.dtype,)
"""Operations whose dtype says how bytes are read, not what is computed in."""

DRAWS = (torch.ops.aten.rand, torch.ops.aten.randn)
"""Operations that draw in a dtype of their own: a model that names float64 here has it from us."""


class Doubled(TorchDispatchMode):
    """Every operation within gives and takes float64 where it would be less.

    Random numbers are drawn as they would be, and widened then: in float64 they would be others.
    """

    def __torch_dispatch__(
        self,
        func: Any,
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        """Run one operation."""
        given = (args, kwargs or {})
        if func in REINTERPRETS or func._schema.is_mutable:  # noqa: SLF001 — it has no public form
            positional, named = given
            return func(*positional, **named)
        if torch.Tag.nondeterministic_seeded in func.tags:
            positional, named = given
            if func.overloadpacket in DRAWS:
                named = {**named, "dtype": torch.float32}
        else:
            positional, named = tree_map(_wide, given)
        return tree_map(widened, func(*positional, **named))


def widened(value: Any) -> Any:
    """A tensor of a narrower dtype in float64, or complex128; anything else as it is."""
    if isinstance(value, torch.Tensor) and value.dtype in WIDER:
        return value.to(WIDER[value.dtype])
    return value


def doubled(model: torch.nn.Module) -> torch.nn.Module:
    """A copy of the model on the CPU with the same values in float64, complex ones in complex128.

    Its experts are run one by one, since torch's grouped product takes no float64.
    """
    wide = copy.deepcopy(model).cpu()
    for part in wide.modules():
        for parameter in part.parameters(recurse=False):
            parameter.data = widened(parameter.data)
        for name, buffer in part.named_buffers(recurse=False):
            # `.to(torch.float64)` would take the imaginary part from rotary factors.
            part._buffers[name] = widened(buffer)  # noqa: SLF001 — register_buffer would change its persistence
    if hasattr(wide, "set_experts_implementation"):
        wide.set_experts_implementation("eager")
    return wide


def _wide(value: Any) -> Any:
    return WIDER.get(value, value) if isinstance(value, torch.dtype) else widened(value)
