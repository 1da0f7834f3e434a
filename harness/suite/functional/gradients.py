"""The backward pass against the function it claims to differentiate."""

import torch

from harness.suite.functional.subject import CheckFailed, Finding, Subject, tensors

STEP = 1e-3
"""Relative step of the central difference: its error is O(STEP²) where the model is smooth."""


def gradients(subject: Subject) -> Finding:
    """Along the gradient g, the central difference of the loss is |g|, as backward says.

    The loss is a fixed random projection of every output, in float64 so that the difference is not
    lost in rounding. A path that backward misses (a detach, a wrong formula) makes the two differ.
    """
    model = subject.variant(dtype=torch.float64)
    if hasattr(model, "set_experts_implementation"):
        model.set_experts_implementation("eager")  # torch's grouped matmul takes no float64
    inputs = {n: t.double() if t.is_floating_point() else t for n, t in subject.inputs(batch=2).items()}
    trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
    loss = _loss(model, inputs)
    found = torch.autograd.grad(loss, trained, allow_unused=True)
    used = [(p, g) for p, g in zip(trained, found, strict=True) if g is not None]
    norm = sum(float(g.square().sum()) for _, g in used) ** 0.5
    if not used or not norm or norm != norm:  # noqa: PLR0124 — NaN alone differs from itself
        raise CheckFailed(f"the gradient's norm is {norm} over {len(used)} of {len(trained)} parameters")
    value = abs(loss.item())
    step = STEP * value / norm**2 if value else STEP / norm
    slope = (_shifted(model, inputs, used, step) - _shifted(model, inputs, used, -step)) / (2 * step)
    detail = f"|g| = {norm:.4g} over {len(used)} of {len(trained)} parameters"
    return Finding(abs(slope - norm**2) / norm**2, detail)


def _loss(model: torch.nn.Module, inputs: dict[str, torch.Tensor]) -> torch.Tensor:
    generator = torch.Generator().manual_seed(0)
    total: torch.Tensor | None = None
    for output in tensors(model(**inputs)).values():
        weights = torch.rand(output.shape, generator=generator, dtype=torch.float64).to(output.device)
        term = (output.double() * weights).mean()
        total = term if total is None else total + term
    if total is None:
        raise CheckFailed("forward returned no floating-point tensor to differentiate")
    return total


@torch.no_grad()
def _shifted(
    model: torch.nn.Module,
    inputs: dict[str, torch.Tensor],
    gradient: list[tuple[torch.nn.Parameter, torch.Tensor]],
    step: float,
) -> float:
    """The loss with the parameters moved by `step` along the gradient, and put back."""
    originals = [parameter.clone() for parameter, _ in gradient]
    for parameter, direction in gradient:
        parameter.add_(direction.to(parameter.dtype), alpha=step)
    try:
        return float(_loss(model, inputs))
    finally:
        for (parameter, _), original in zip(gradient, originals, strict=True):
            parameter.copy_(original)
