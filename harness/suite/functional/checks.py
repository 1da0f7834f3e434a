"""The checks: what each asserts about a model, and which models it applies to.

A check measures one deviation, which the matrix's tolerance bounds. One that does not apply to a
model is absent from its results; one that cannot run on this machine raises `Unsupported`.
"""

import inspect
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch

from harness.suite.functional.generation import generate, kv_cache_equivalence
from harness.suite.functional.gradients import gradients
from harness.suite.functional.padding import padding_invariance, takes_padding
from harness.suite.functional.subject import CheckFailed, Finding, Subject, deviation


@dataclass(frozen=True, slots=True)
class Facts:
    """What decides whether a check applies, known before any weight is allocated."""

    model_class: Any
    config: Any

    @property
    def generates(self) -> bool:
        """The class can generate text."""
        return bool(self.model_class.can_generate())


@dataclass(frozen=True, slots=True)
class Check:
    """A named property of a model."""

    name: str
    run: Callable[[Subject], Finding]
    applies: Callable[[Facts], bool] = lambda _: True


def construct(subject: Subject) -> Finding:
    """The model was built (else the subject would have raised) and has parameters, all finite."""
    parameters = list(subject.model.parameters())
    if not parameters:
        raise CheckFailed("the model has no parameters")
    broken = sum(int((~p.isfinite()).sum()) for p in parameters)
    return Finding(float(broken), f"{sum(p.numel() for p in parameters)} parameters, {broken} not finite")


def forward(subject: Subject) -> Finding:
    """Outputs exist, their rows are the batch's, they are finite, and they are not all one value."""
    batch = 2
    outputs = subject.forward(subject.inputs(batch))
    if not outputs:
        raise CheckFailed("forward returned no floating-point tensor")
    faults = [f"{name} is not finite" for name, out in outputs.items() if not out.isfinite().all()]
    if not any(out.dim() and out.shape[0] == batch for out in outputs.values()):
        faults.append(f"no output has {batch} rows for a batch of {batch}")
    if all(out.numel() < 2 or out.float().std() == 0 for out in outputs.values()):
        faults.append("every output is constant")
    return Finding(float(len(faults)), "; ".join(faults) or _shapes(outputs))


def determinism(subject: Subject) -> Finding:
    """The same inputs give the same bits twice."""
    inputs = subject.inputs()
    return deviation(subject.forward(inputs), subject.forward(inputs))


def batch_equivalence(subject: Subject) -> Finding:
    """A row gives the same outputs alone as in a batch of three."""
    inputs = subject.inputs(batch=3)
    together = subject.forward(inputs)
    findings = []
    for row in range(3):
        alone = subject.forward({name: value[row : row + 1] for name, value in inputs.items()})
        findings.append(deviation({name: out[row : row + 1] for name, out in together.items()}, alone))
    return max(findings, key=lambda finding: finding.deviation)


def save_load(subject: Subject) -> Finding:
    """Saved and loaded again through the library, every tensor has the same bits and so have the outputs.

    The weights were moved off their initial values, so a parameter that is not saved, or is
    initialised again on loading, cannot come back equal by chance.
    """
    with tempfile.TemporaryDirectory() as folder:
        subject.model.save_pretrained(folder)
        loaded = type(subject.model).from_pretrained(folder, dtype=subject.model.dtype)
    loaded = loaded.eval().to(subject.device)
    saved_state, loaded_state = subject.model.state_dict(), loaded.state_dict()
    if saved_state.keys() != loaded_state.keys():
        raise CheckFailed(
            f"names differ after loading: {sorted(saved_state.keys() ^ loaded_state.keys())[:5]}"
        )
    changed = [name for name, tensor in saved_state.items() if not torch.equal(tensor, loaded_state[name])]
    if changed:
        raise CheckFailed(f"{len(changed)} tensors changed on loading, first {changed[0]}")
    inputs = subject.inputs()
    return deviation(subject.forward(inputs, loaded), subject.forward(inputs))


def bf16_vs_fp32(subject: Subject) -> Finding:
    """bfloat16 weights and inputs give float32's outputs to bfloat16's precision."""
    subject.require(torch.bfloat16)
    inputs = subject.inputs(batch=2)
    expected = subject.forward(inputs)
    model = subject.variant(dtype=torch.bfloat16)
    cast = {n: t.bfloat16() if t.is_floating_point() else t for n, t in inputs.items()}
    return deviation(subject.forward(cast, model), expected)


def sdpa_vs_eager(subject: Subject) -> Finding:
    """Torch's fused attention gives what the library's explicit one gives."""
    inputs = subject.inputs(batch=2)
    outputs = {}
    for implementation in ("eager", "sdpa"):
        model = subject.variant()
        model.set_attn_implementation(implementation)
        outputs[implementation] = subject.forward(inputs, model)
    return deviation(outputs["sdpa"], outputs["eager"])


def _shapes(outputs: dict[str, torch.Tensor]) -> str:
    return ", ".join(f"{name} {tuple(out.shape)}" for name, out in outputs.items())


def _caches(facts: Facts) -> bool:
    parameters = inspect.signature(facts.model_class.forward).parameters
    return facts.generates and bool({"past_key_values", "cache_params"} & parameters.keys())


CHECKS: dict[str, Check] = {
    check.name: check
    for check in (
        Check("construct", construct),
        Check("forward", forward),
        Check("determinism", determinism),
        Check("batch_equivalence", batch_equivalence),
        Check("padding_invariance", padding_invariance, lambda f: takes_padding(f.model_class, f.config)),
        Check("kv_cache_equivalence", kv_cache_equivalence, _caches),
        Check("generate", generate, lambda f: f.generates),
        Check("save_load", save_load),
        Check("bf16_vs_fp32", bf16_vs_fp32),
        # The library's own statement of which classes have both paths; it has no public form.
        Check("sdpa_vs_eager", sdpa_vs_eager, lambda f: bool(f.model_class._supports_sdpa)),  # noqa: SLF001
        Check("gradients", gradients),
    )
}


def applicable(facts: Facts, names: tuple[str, ...]) -> list[Check]:
    """Of the named checks those that apply, in their order."""
    return [CHECKS[name] for name in names if CHECKS[name].applies(facts)]
