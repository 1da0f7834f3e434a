"""Input sensitivity: each modality a model reads was given to it, and reaches its outputs."""

import inspect
from typing import Any

import torch

from harness.suite.functional.subject import Finding, Subject, deviation
from harness.suite.models.inputs.modalities import ARGUMENTS, modalities

OTHER_SEED = 1
"""Added to the seed for the values that an argument is changed to."""


def input_sensitivity(subject: Subject) -> Finding:
    """Changing the values of one argument changes the outputs, and no modality the class reads was left out.

    Counts the arguments whose change leaves every output as it was, bit for bit, and the modalities that the
    class states, that its forward has an argument for, and that it was not given.
    """
    inputs = subject.inputs()
    other = subject.inputs(seed=subject.seed + OTHER_SEED)
    faults = [f"{modality} was not given" for modality in _left_out(subject, inputs)]
    expected = subject.forward(inputs)
    changed = [name for name, value in inputs.items() if _differs(value, other.get(name))]
    for name in changed:
        seen = subject.forward({**inputs, name: other[name]})
        if _same(seen, expected):
            faults.append(f"{name} changes no output")
    return Finding(float(len(faults)), "; ".join(faults) or f"changed by {', '.join(changed)}")


def _left_out(subject: Subject, inputs: dict[str, Any]) -> list[str]:
    accepted = inspect.signature(subject.model.forward).parameters
    return [
        modality
        for modality in modalities(subject.model)
        if (names := ARGUMENTS.get(modality)) and names & accepted.keys() and not names & inputs.keys()
    ]


def _differs(value: Any, other: Any) -> bool:
    return (
        isinstance(value, torch.Tensor)
        and isinstance(other, torch.Tensor)
        and value.shape == other.shape
        and not torch.equal(value, other)
    )


def _same(seen: dict[str, torch.Tensor], expected: dict[str, torch.Tensor]) -> bool:
    if any(seen[name].shape != tensor.shape for name, tensor in expected.items() if name in seen):
        return False
    return deviation(seen, expected).deviation == 0
