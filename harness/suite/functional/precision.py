"""bfloat16 against float32, measured by what rounding does to this very model."""

import copy
import re
from collections.abc import Callable, Mapping
from operator import attrgetter
from typing import Any

import torch

from harness.suite.functional.subject import CheckFailed, Finding, Subject, Tensors
from harness.suite.models.classes import in_dtype
from harness.suite.models.inputs.rows import placed
from harness.suite.precision import PRECISIONS

CLOSE = 2.0
"""A ratio at which no other inputs are tried."""
DRAWS = 3
"""Inputs tried at most: rounding may tip a hard choice (a router's) for some; lost precision shows in all."""

KEPT_WIDE = {
    torch.bfloat16: ("_keep_in_fp32_modules_strict",),
    torch.float16: ("_keep_in_fp32_modules", "_keep_in_fp32_modules_strict"),
}
"""Dtype → where a class names the parts that stay in float32, as modeling_utils reads them."""


def bf16_vs_fp32(subject: Subject) -> Finding:
    """How many times further bfloat16 is from float32 than float32 with everything given to it rounded.

    How much of a rounding reaches the outputs is a property of the model (its condition): a scan of
    exponentials or attention without a scale carries several per cent of it, a plain encoder half a per
    cent. So each model is its own measure. Computing in bfloat16 rounds after every operation too, which
    costs a small factor; a path that loses precision (a sum kept in bfloat16, a mask that overflows) costs
    a large one. Errors are relative in the Euclidean norm of each output; the largest ratio counts, of
    the inputs for which it is smallest.
    """
    subject.require(torch.bfloat16)
    low = loaded_in(torch.bfloat16, subject)
    rounded = subject.variant()
    rounded.load_state_dict(_in(torch.float32, low.state_dict()), strict=False)
    return least(lambda draw: _ratio(subject, low, rounded, subject.seed + draw), CLOSE)


def least(ratio: Callable[[int], Finding], close: float) -> Finding:
    """The smallest of `ratio` over a few draws of inputs; none is tried after one that is `close`."""
    best = ratio(0)
    for draw in range(1, DRAWS):
        if best.deviation > close:
            best = min(best, ratio(draw), key=lambda finding: finding.deviation)
    return best


def worst(seen: Tensors, expected: Tensors, unavoidable: Callable[[str], float], roundoff: float) -> Finding:
    """The largest error over the outputs that both have, as a multiple of the one that cannot be avoided.

    `unavoidable` gives that of an output; `roundoff` is added, for outputs that rounding leaves alone.
    """
    shared = [name for name, out in expected.items() if name in seen and seen[name].shape == out.shape]
    if not shared:
        raise CheckFailed(f"no output could be compared: {sorted(seen)} against {sorted(expected)}")
    errors = {name: relative_error(seen[name], expected[name]) for name in shared}
    rounding = {name: unavoidable(name) for name in shared}
    ratios = {name: errors[name] / (rounding[name] + roundoff) for name in shared}
    name = max(ratios, key=lambda name: ratios[name])
    detail = f"relative error {errors[name]:.3g} in {name}; rounding alone gives {rounding[name]:.3g}"
    return Finding(ratios[name], detail)


def loaded_in(dtype: torch.dtype, subject: Subject) -> Any:
    """The model as `from_pretrained(dtype=dtype)` gives it, for bfloat16 and float16.

    Made anew in that dtype, so that what the class computes at its making (rotary tables) is as it makes
    it; parts that the class keeps in float32 stay so, and those that its generate turns to it (`wide`) are.
    """
    kind = type(subject.model)
    made = kind._from_config(copy.deepcopy(subject.model.config), **in_dtype(dtype))  # noqa: SLF001
    for parameter in made.parameters():  # some are made in float32 whatever the default (XLNet's biases)
        if parameter.is_floating_point():
            parameter.data = parameter.data.to(dtype)
    names = "|".join(name for row in KEPT_WIDE[dtype] for name in getattr(kind, row, None) or ())
    kept = re.compile(rf"(^|\.)({names})$" if names else r"(?!)")
    for name, part in made.named_modules():
        if kept.search(name):
            part.float()
    for name, parameter in made.named_parameters():
        if kept.search(name):
            parameter.data = parameter.data.float()
    made.load_state_dict(subject.model.state_dict(), strict=False)
    for path in subject.pins.get("wide", ()):
        attrgetter(path)(made).float()
    return made.eval().to(subject.device)


def _ratio(subject: Subject, low: Any, rounded: Any, seed: int) -> Finding:
    """The largest over the outputs, for one draw of inputs."""
    inputs = subject.inputs(batch=2, seed=seed)
    narrow = _in(torch.bfloat16, inputs)
    single = _in(torch.float32, narrow)
    wide = kept_wide(subject)
    expected = subject.forward(inputs)
    seen = subject.forward({n: single[n] if n.startswith(wide) else v for n, v in narrow.items()}, low)
    best = subject.forward(single, rounded)
    alike = {name: out for name, out in expected.items() if best[name].shape == out.shape}
    rounded_by = PRECISIONS["bfloat16"].roundoff
    return worst(seen, alike, lambda name: relative_error(best[name], expected[name]), rounded_by)


def kept_wide(subject: Subject) -> tuple[str, ...]:
    """How arguments begin that are for parts which stay in float32."""
    return tuple(f"{part}." for part in subject.pins.get("wide", ()))


def _in(dtype: torch.dtype, values: Mapping[str, Any]) -> dict[str, Any]:
    """The values with floating-point numbers in that dtype."""
    return {name: placed(value, dtype=dtype) for name, value in values.items()}


def relative_error(seen: torch.Tensor, expected: torch.Tensor) -> float:
    """||seen - expected|| / ||expected||, in float64; CheckFailed where an element is not finite."""
    seen, expected = seen.double().cpu(), expected.double().cpu()
    if not (seen.isfinite().all() and expected.isfinite().all()):
        raise CheckFailed("an output is not finite")
    norm = expected.norm().item()
    return (seen - expected).norm().item() / norm if norm else (seen - expected).norm().item()
