"""What is computed with a model, alike in one process and in ranks of several."""

from typing import Any

import torch

from harness.suite.functional.subject import tensors
from harness.suite.models.inputs.entry import call
from harness.suite.models.inputs.rows import placed
from harness.suite.parallel.job import Job


@torch.no_grad()
def answers(model: Any, job: Job) -> dict[str, torch.Tensor]:
    """The outputs of a forward by name, the logits of each greedy step and the tokens, on the CPU."""
    device = next(iter(model.parameters())).device
    torch.manual_seed(job.seed)
    found = tensors(call(model, job.entry, _on(device, job.inputs)))
    if job.prompt is not None:
        torch.manual_seed(job.seed)
        found |= generated(model.generate(**_on(device, job.prompt)))
    return {name: tensor.detach().cpu() for name, tensor in found.items()}


def generated(run: Any) -> dict[str, torch.Tensor]:
    """What a generation gave, as numbers: a token that differs deviates as anything else does.

    A class with a generate of its own gives what it likes, which is taken piece by piece.
    """
    logits = getattr(run, "logits", None)
    if isinstance(logits, tuple):
        steps = {f"step {index}": step for index, step in enumerate(logits)}
        return steps | {"tokens": run.sequences.double()}
    return {f"generated {index}": leaf.double() for index, leaf in enumerate(leaves(run))}


def leaves(value: Any) -> list[torch.Tensor]:
    """The tensors in a nest of mappings and sequences."""
    if isinstance(value, torch.Tensor):
        return [value]
    parts = value.values() if hasattr(value, "values") else value if isinstance(value, list | tuple) else ()
    return [leaf for part in parts for leaf in leaves(part)]


def _on(device: torch.device, arguments: dict[str, Any]) -> dict[str, Any]:
    return {name: placed(value, device) for name, value in arguments.items()}
