"""Outputs on the device against a reference in float64 on the CPU, in each precision that the device has.

How far rounding alone moves a model's outputs is a property of the model (its condition): an ill-conditioned
one is off by much on every device, and right. So the error is measured in units of what random relative
changes of every weight and input, no larger than the precision's rounding, do to the reference itself. That
is a backward error (Higham 2002, 1.5): a device that computes as it should reaches a small number, whatever
the model, since each of its operations rounds once more. 1554 classes on the CPU: 2.3 in the median.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch.utils._pytree import tree_map_only

from harness.suite.functional.doubled import Doubled, doubled, widened
from harness.suite.functional.generation import caches, decoded, forced
from harness.suite.functional.precision import kept_wide, least, loaded_in, relative_error, worst
from harness.suite.functional.subject import CheckFailed, Finding, Subject, Tensors
from harness.suite.models.inputs.rows import placed
from harness.suite.precision import PRECISIONS, Precision, arithmetic

CHANGES = 2
"""Random changes whose effects are averaged: one alone may by chance leave an output of few values alone."""
CLOSE = 4.0
"""A ratio at which no other inputs are tried."""

Change = Callable[[torch.Tensor], torch.Tensor]


def parity_float32(subject: Subject) -> Finding:
    """Float32, with products of float32 as well."""
    return parity(subject, "float32")


def parity_tf32(subject: Subject) -> Finding:
    """Float32 whose products and convolutions are TensorFloat-32."""
    return parity(subject, "tf32")


def parity_bfloat16(subject: Subject) -> Finding:
    """The model as `from_pretrained(dtype=torch.bfloat16)` gives it."""
    return parity(subject, "bfloat16")


def parity_float16(subject: Subject) -> Finding:
    """The model as `from_pretrained(dtype=torch.float16)` gives it."""
    return parity(subject, "float16")


def parity(subject: Subject, name: str) -> Finding:
    """How many times further the device is from the reference than rounding to the precision moves that.

    Of forward, and of decoding with the cache where the class generates; the largest of all outputs, for the
    inputs for which it is smallest.
    """
    precision = PRECISIONS[name]
    subject.require(precision.dtype)
    return least(lambda draw: _ratio(replace(subject, seed=subject.seed + draw), precision, draw), CLOSE)


def _ratio(subject: Subject, precision: Precision, draw: int) -> Finding:
    """The largest over the outputs, for one draw of inputs."""
    expected = subject.remember(f"outputs-{draw}", lambda: _reference(subject))
    spread = subject.remember(
        f"spread-{precision.name}-{draw}", lambda: _spread(subject, precision, expected)
    )
    seen = _on_device(subject, precision)
    return worst(seen, expected, lambda name: spread[name].item(), precision.roundoff)


def _on_device(subject: Subject, precision: Precision) -> Tensors:
    """What the device computes; a precision of float32 has the model as it is."""
    given = Given.of(subject)
    with arithmetic(precision):
        if precision.dtype is torch.float32:
            return observed(subject, given)
        low = replace(subject, model=loaded_in(precision.dtype, subject))
        narrow = given.changed(lambda value: placed(value, dtype=precision.dtype), but=kept_wide(subject))
        return observed(low, narrow)


def _reference(subject: Subject) -> Tensors:
    """The outputs in float64; CheckFailed where they are not finite."""
    outputs = _in_float64(subject, doubled(subject.model), Given.of(subject))
    if not all(out.isfinite().all() for out in outputs.values()):
        raise CheckFailed("an output is not finite in float64, the reference")
    return outputs


def _spread(subject: Subject, precision: Precision, expected: Mapping[str, torch.Tensor]) -> Tensors:
    """Output → the relative error that changes of the size of rounding make, root mean square; scalars."""
    generator = torch.Generator().manual_seed(subject.seed)

    def changed(value: torch.Tensor) -> torch.Tensor:
        if not value.is_floating_point():
            return value
        noise = torch.rand(value.shape, generator=generator, dtype=torch.float64) * 2 - 1
        return widened(value) * (1 + precision.roundoff * noise)

    squares = dict.fromkeys(expected, 0.0)
    for _ in range(CHANGES):
        other, given = doubled(subject.model), Given.of(subject)
        for parameter in other.parameters():
            parameter.data = changed(parameter.data)
        outputs = _in_float64(subject, other, given.changed(lambda value: changed(value.cpu())))
        for name in squares:
            squares[name] += relative_error(outputs[name], expected[name]) ** 2 / CHANGES
    return {name: torch.tensor(square**0.5, dtype=torch.float64) for name, square in squares.items()}


def _in_float64(subject: Subject, model: torch.nn.Module, given: "Given") -> Tensors:
    """The outputs of that copy of the model on the CPU, in float64 also where its code makes tensors."""
    there = given.changed(lambda value: widened(value.cpu()))
    usual = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    try:
        with Doubled():
            return observed(replace(subject, model=model, device="cpu"), there)
    finally:
        torch.set_default_dtype(usual)


@dataclass(frozen=True, slots=True)
class Given:
    """What a model is given: of a batch of two, the arguments of forward, and the prompt where it decodes."""

    inputs: dict[str, Any]
    prompt: dict[str, Any] | None

    @classmethod
    def of(cls, subject: Subject) -> "Given":
        """The same for the same seed; made as the subject's own, in float32 and on its device."""
        by_design = "kv_cache_equivalence" not in subject.pins.get("exempt", ())
        decodes = by_design and caches(type(subject.model)) and forced(subject)
        return cls(subject.inputs(batch=2), subject.prompt(batch=2) if decodes else None)

    def changed(self, change: Change, but: tuple[str, ...] = ()) -> "Given":
        """With `change` made to each tensor, but not to arguments whose names begin with one of `but`."""

        def change_all(inputs: dict[str, Any]) -> dict[str, Any]:
            return {
                name: value if name.startswith(but) else tree_map_only(torch.Tensor, change, value)
                for name, value in inputs.items()
            }

        return Given(change_all(self.inputs), None if self.prompt is None else change_all(self.prompt))


def observed(subject: Subject, given: Given) -> Tensors:
    """Outputs by name, of forward and of each step of decoding given tokens, on the CPU."""
    outputs = {f"forward {name}": out for name, out in subject.forward(given.inputs).items()}
    if given.prompt is not None:
        steps = decoded(subject, given.prompt, use_cache=True)
        outputs |= {f"decode {name}": out for name, out in steps.items()}
    return {name: out.detach().cpu() for name, out in outputs.items()}
