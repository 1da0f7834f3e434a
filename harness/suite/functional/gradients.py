"""The backward pass against the function it claims to differentiate."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch

from harness.suite.functional.subject import CheckFailed, Finding, Subject
from harness.suite.models.inputs.rows import placed

Direction = list[tuple[torch.nn.Parameter, torch.Tensor]]
"""Parameters, each with a tensor of its shape along which it is moved."""

Loss = Callable[[], torch.Tensor]
"""The loss at the parameters as they are now."""

STEPS = (1e-6, 1e-5, 1e-7, 1e-4, 1e-8)
"""Steps of the central difference, relative to the norm of the parameters: its error is O(step²) where the
model
is smooth, and at the lower end the noise of what the library computes in float32 whatever it is given. A kink
between the two points (a router's other choice) spoils one step; a wrong gradient spoils each."""
SINGLE_STEPS = (1e-3, 1e-4, 1e-2, 1e-5)
"""The same in float32 throughout."""
CLOSE = 1e-3
"""A deviation at which no further step is tried."""
NUDGE = 1e-3
"""How far parameters without a gradient are moved: little, since hard choices (a codebook's nearest entry)
jump."""
UNMOVED = 1e-9
"""Relative change of the loss that is no more than another order of sums, in float64."""


def gradients(subject: Subject) -> Finding:
    """Along the gradient g, the central difference of the loss is |g|, as backward says.

    The loss is a fixed random projection of every output, in float64 so that the difference is not
    lost in rounding. A path that backward misses (a detach, a wrong formula) makes the two differ; where
    it misses all paths of a parameter, that has no gradient, and yet moves the loss.
    """
    subject.require(torch.float64)
    model, loss, steps, value = _differentiable(subject)
    trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
    found = torch.autograd.grad(value, trained, allow_unused=True)
    used = [(p, g) for p, g in zip(trained, found, strict=True) if g is not None]
    norm = sum(float(g.square().sum()) for _, g in used) ** 0.5
    if norm == 0 or not math.isfinite(norm):
        raise CheckFailed(f"the gradient's norm is {norm} over {len(used)} of {len(trained)} parameters")
    frozen = {id(parameter) for parameter in _frozen(model, subject.pins.get("frozen", ()))}
    unused = [p for p, g in zip(trained, found, strict=True) if g is None and id(p) not in frozen]
    if unused and _moves(loss, unused, norm):
        raise CheckFailed(f"{len(unused)} parameters have no gradient, and yet they move the loss")
    detail = f"|g| = {norm:.4g} over {len(used)} of {len(trained)} parameters"
    return Finding(_nearest(loss, used, norm, steps), detail)


def _frozen(model: Any, parts: Sequence[str]) -> list[torch.nn.Parameter]:
    """Parameters of the parts that the library runs without gradient on purpose."""
    named = model.named_parameters()
    return [parameter for name, parameter in named if not set(parts).isdisjoint(name.split("."))]


def _moves(loss: Loss, unused: list[torch.nn.Parameter], norm: float) -> bool:
    """Whether the loss changes with parameters that have no gradient."""
    along = _anywhere(unused)
    # Both without a graph, and so by the same kernels.
    still, moved = (_shifted(loss, along, step) for step in (0.0, NUDGE))
    return abs(moved - still) > UNMOVED * (abs(still) or norm)


def _nearest(loss: Loss, used: Direction, norm: float, steps: Sequence[float]) -> float:
    """The relative difference of slope and gradient at the step where they are nearest."""
    size = sum(float(p.detach().double().square().sum()) for p, _ in used) ** 0.5
    deviation = math.inf
    for step in steps:
        slope = _slope(loss, used, step * size / norm)
        deviation = min(deviation, abs(slope - norm**2) / norm**2)
        if deviation <= CLOSE:
            break
    return deviation


def _differentiable(subject: Subject) -> tuple[Any, Loss, Sequence[float], torch.Tensor]:
    """A copy of the model, its loss, the steps for its precision, and the loss as it is, with its graph.

    In float64 where the model's code allows it.
    """
    inputs = subject.inputs(batch=2)
    model = _in(torch.float64, subject)
    double = {name: placed(value, dtype=torch.float64) for name, value in inputs.items()}
    value = None
    try:
        value = _projected(subject.outputs(double, model))
    except RuntimeError as error:
        if "type" not in str(error):  # "… to have the same dtype", "Input type (float) and bias type …"
            raise
    if value is not None and value.isfinite():
        return model, lambda: _projected(subject.outputs(double, model)), STEPS, value
    # The model's own code fixes float32 somewhere (a mask, say, in which float64's least value is infinite):
    # differentiated in that, with steps above its noise.
    single = _in(torch.float32, subject)
    value = _projected(subject.outputs(inputs, single))
    return single, lambda: _projected(subject.outputs(inputs, single)), SINGLE_STEPS, value


def _in(dtype: torch.dtype, subject: Subject) -> Any:
    model = subject.variant(dtype=dtype)
    if hasattr(model, "set_experts_implementation"):
        model.set_experts_implementation("eager")  # torch's grouped matmul takes no float64
    return model


def _projected(outputs: Mapping[str, torch.Tensor]) -> torch.Tensor:
    """A fixed random projection of all outputs, a number."""
    generator = torch.Generator().manual_seed(0)
    total: torch.Tensor | None = None
    for output in outputs.values():
        weights = torch.rand(output.shape, generator=generator, dtype=torch.float64).to(output.device)
        term = (output.double() * weights).mean()
        total = term if total is None else total + term
    if total is None:
        raise CheckFailed("forward returned no floating-point tensor to differentiate")
    return total


def _anywhere(parameters: list[torch.nn.Parameter]) -> Direction:
    """A random direction in the space of the parameters."""
    generator = torch.Generator().manual_seed(1)
    return [(p, torch.rand(p.shape, generator=generator, dtype=p.dtype).to(p.device)) for p in parameters]


def _slope(loss: Loss, along: Direction, step: float) -> float:
    """The central difference of the loss."""
    ahead, behind = (_shifted(loss, along, signed) for signed in (step, -step))
    return (ahead - behind) / (2 * step)


@torch.no_grad()
def _shifted(loss: Loss, along: Direction, step: float) -> float:
    """The loss with the parameters moved by `step` along the direction, and put back."""
    originals = [parameter.clone() for parameter, _ in along]
    for parameter, direction in along:
        parameter.add_(direction.to(parameter.dtype), alpha=step)
    try:
        return float(loss())
    finally:
        for (parameter, _), original in zip(along, originals, strict=True):
            parameter.copy_(original)
