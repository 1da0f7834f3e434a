"""The checks: what each asserts about a model, and which models it applies to.

A check measures one deviation, which the matrix's tolerance bounds. One that does not apply to a
model is absent from its results; one that cannot run on this machine raises `Unsupported`.
"""

import contextlib
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
import transformers

from harness.suite.functional.generation import caches, generate, kv_cache_equivalence
from harness.suite.functional.gradients import gradients
from harness.suite.functional.padding import padding_invariance, takes_padding
from harness.suite.functional.parity import (
    parity_bfloat16,
    parity_float16,
    parity_float32,
    parity_tf32,
)
from harness.suite.functional.pipelines import has_pipeline, pipeline
from harness.suite.functional.precision import bf16_vs_fp32
from harness.suite.functional.sensitivity import input_sensitivity
from harness.suite.functional.subject import CheckFailed, Finding, Subject, deviation
from harness.suite.functional.tensor_parallel import tensor_parallel_equivalence
from harness.suite.models.classes import in_dtype
from harness.suite.models.peculiar import exempt_checks, rows_of
from harness.suite.models.unset import unset_parameters
from harness.suite.outcomes import Unsupported


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
    """The model was built (else the subject would have raised); its parameters are all set, and finite."""
    parameters = list(subject.model.parameters())
    if not parameters:
        raise CheckFailed("the model has no parameters")
    unset = unset_parameters(subject.model)
    if unset:
        raise CheckFailed(f"the library never sets {len(unset)} parameters, first {unset[0]}")
    broken = sum(int((~p.isfinite()).sum()) for p in parameters)
    return Finding(float(broken), f"{sum(p.numel() for p in parameters)} parameters, {broken} not finite")


def forward(subject: Subject) -> Finding:
    """Outputs exist, their rows are the batch's, they are finite, and they are not all one value."""
    batch = 2
    rows = subject.rows(batch)
    outputs = subject.forward(subject.together(rows))
    if not outputs:
        raise CheckFailed("forward returned no floating-point tensor")
    faults = [f"{name} is not finite" for name, out in outputs.items() if not out.isfinite().all()]
    by_rows = any(out.dim() and out.shape[0] == batch for out in outputs.values())
    if not by_rows and not _packed(outputs, subject.forward(rows[0])):
        faults.append(f"no output has {batch} rows for a batch of {batch}")
    if all(out.numel() < 2 or out.float().std() == 0 for out in outputs.values()):
        faults.append("every output is constant")
    return Finding(float(len(faults)), "; ".join(faults) or _shapes(outputs))


def determinism(subject: Subject) -> Finding:
    """The same inputs give the same bits twice, whatever the random numbers, unless it draws by design."""
    inputs = subject.inputs()
    again = subject.forward(inputs, draw=0 if subject.pins.get("draws") else 1)
    return deviation(again, subject.forward(inputs))


def batch_equivalence(subject: Subject) -> Finding:
    """A row gives the same outputs alone as in a batch of two."""
    rows = subject.rows(batch=2)
    together = subject.forward(subject.together(rows))
    findings = []
    for index, row in enumerate(rows):
        alone = subject.forward(row)
        parts = {name: _halves(out, alone[name]) for name, out in together.items() if name in alone}
        own = {name: part[index] for name, part in parts.items() if part}
        findings.append(deviation(own, alone))
    return max(findings, key=lambda finding: finding.deviation)


def save_load(subject: Subject) -> Finding:
    """Saved and loaded again through the library, every tensor has the same bits and so have the outputs.

    The weights were moved off their initial values, so a parameter that is not saved, or is
    initialised again on loading, cannot come back equal by chance.
    """
    with tempfile.TemporaryDirectory() as folder:
        subject.model.save_pretrained(folder)
        loaded = type(subject.model).from_pretrained(folder, **in_dtype(subject.model.dtype))
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


def sdpa_vs_eager(subject: Subject) -> Finding:
    """Torch's fused attention gives what the library's explicit one gives."""
    inputs = subject.inputs(batch=2)
    outputs = {}
    for implementation in ("eager", "sdpa"):
        model = subject.variant()
        set_attention(model, implementation)
        outputs[implementation] = subject.forward(inputs, model)
    return deviation(outputs["sdpa"], outputs["eager"])


def set_attention(model: Any, implementation: str) -> None:
    """Choose the attention of the model.

    Parts that have one kind only (a convolutional backbone) keep theirs. `Unsupported` before release 4.54.
    """
    if not hasattr(model, "set_attn_implementation"):
        raise Unsupported(
            f"transformers {transformers.__version__} cannot change a model's attention: 4.54 is the first"
        )
    try:
        model.set_attn_implementation(implementation)
    except ValueError:
        for part in model.modules():
            if hasattr(part, "set_attn_implementation"):
                with contextlib.suppress(ValueError):
                    part.set_attn_implementation({"": implementation})


def _halves(out: torch.Tensor, alone: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor] | None:
    """The output's parts that belong to the first and to the second row; None where it has no such parts.

    Towers that read patches of several images in one sequence (`alone` for one row) put them out in one
    sequence too.
    """
    if not out.dim():
        return None
    along = next((axis for axis in range(out.dim()) if _doubled(out, alone, axis)), 0)
    if out.shape[along] % 2:
        return None
    first, second = out.split(out.shape[along] // 2, dim=along)
    return first, second


def _packed(outputs: dict[str, torch.Tensor], alone: dict[str, torch.Tensor]) -> bool:
    """Whether an output is that of two rows in one sequence."""
    pairs = [(out, alone[name]) for name, out in outputs.items() if name in alone]
    return any(_doubled(out, one, axis) for out, one in pairs for axis in range(out.dim()))


def _doubled(out: torch.Tensor, alone: torch.Tensor, axis: int) -> bool:
    """Whether the output of two rows is that of one, twice as long in that dimension."""
    return list(out.shape) == [size * (1 + (i == axis)) for i, size in enumerate(alone.shape)]


def _shapes(outputs: dict[str, torch.Tensor]) -> str:
    return ", ".join(f"{name} {tuple(out.shape)}" for name, out in outputs.items())


def _repeatable(facts: Facts) -> bool:
    """Whether every device can compute the same: not where the model draws random numbers of its own."""
    rows = rows_of(facts.config.model_type, facts.model_class.__name__)
    return not any(row.inputs.get("draws") for row in rows)


CHECKS: dict[str, Check] = {
    check.name: check
    for check in (
        Check("construct", construct),
        Check("forward", forward),
        Check("determinism", determinism),
        Check("input_sensitivity", input_sensitivity),
        Check("batch_equivalence", batch_equivalence),
        Check("padding_invariance", padding_invariance, lambda f: takes_padding(f.model_class, f.config)),
        Check("kv_cache_equivalence", kv_cache_equivalence, lambda f: caches(f.model_class)),
        Check("generate", generate, lambda f: f.generates),
        Check("save_load", save_load),
        Check("bf16_vs_fp32", bf16_vs_fp32),
        # The library's own statement of which classes have both paths; it has no public form.
        Check("sdpa_vs_eager", sdpa_vs_eager, lambda f: bool(f.model_class._supports_sdpa)),  # noqa: SLF001
        Check("gradients", gradients),
        Check("pipeline", pipeline, has_pipeline),
        *(
            Check(run.__name__, run, _repeatable)
            for run in (parity_float32, parity_tf32, parity_bfloat16, parity_float16)
        ),
        Check("tensor_parallel_equivalence", tensor_parallel_equivalence),
    )
}


def applicable(facts: Facts, names: tuple[str, ...]) -> list[Check]:
    """Of the named checks those that apply, in their order.

    Not those that an architecture's design rules out.
    """
    exempt = exempt_checks(facts.config.model_type, facts.model_class.__name__)
    return [CHECKS[name] for name in names if name not in exempt and CHECKS[name].applies(facts)]
