"""A training step: forward, backward, and an optimiser's step, on the whole batch."""

import inspect
from dataclasses import dataclass
from typing import Any

import torch

from harness.suite.functional.subject import tensors
from harness.suite.outcomes import Unsupported
from harness.suite.throughput.clock import synchronise
from harness.suite.throughput.workload import Workload

TIMES_WEIGHTS = 4
"""Weights, gradients, and AdamW's two moments, all of the model's dtype."""


@dataclass(frozen=True, slots=True)
class Lesson:
    """What one step is given."""

    inputs: dict[str, Any]
    optimiser: torch.optim.Optimizer


def to_train(work: Workload) -> Lesson:
    """The batch with labels where the class learns tokens; `Unsupported` where a step cannot be had."""
    if work.cell.parameters.quantisation is not None:
        raise Unsupported("quantised weights have no gradients: train without --quantisation")
    needed = TIMES_WEIGHTS * work.loaded_bytes
    if work.limit is not None and needed > work.limit:
        raise Unsupported(
            f"a training step needs at least {needed / 1e9:.1f} GB (weights, gradients and AdamW's two "
            f"moments), and the limit is {work.limit / 1e9:.1f} GB: ask for fewer --layers"
        )
    return Lesson(work.inputs() | labels(work.model, work.inputs()), work.optimiser)


def labels(model: Any, inputs: dict[str, Any]) -> dict[str, torch.Tensor]:
    """The tokens themselves, where the class generates them and takes labels; else none.

    Of a decoder apart, its own tokens are what it learns, and stand in for the encoder's.
    """
    taken = inspect.signature(model.forward).parameters
    name = "decoder_input_ids" if model.config.is_encoder_decoder else "input_ids"
    learns = (
        model.can_generate() and "labels" in taken and inputs[name].dim() == 2 if name in inputs else False
    )
    return {"labels": inputs[name]} if learns else {}


def train(work: Workload, lesson: Lesson) -> dict[str, float]:
    """One step. Gradients are gone when it ends, as they are when a training loop's next one begins."""
    work.calls += 1
    work.model.train()
    try:
        loss(work.model(**lesson.inputs)).backward()
        lesson.optimiser.step()
        lesson.optimiser.zero_grad(set_to_none=True)
    finally:
        work.model.eval()
    synchronise(work.device)
    return {}


def loss(outputs: Any) -> torch.Tensor:
    """The class's own, where it has one; else the mean squares of each output, so that all is learnt."""
    own = outputs.get("loss") if hasattr(outputs, "get") else None
    if isinstance(own, torch.Tensor):
        return own
    given = [value for value in tensors(outputs).values() if value.requires_grad]
    if not given:
        raise Unsupported("no output of this class has a gradient")
    return torch.stack([value.float().square().mean() for value in given]).sum()
