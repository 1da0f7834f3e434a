"""The work of a phase, at the depth that is loaded and of the whole model."""

from dataclasses import dataclass

from harness.suite.models.build import full_config, meta_model
from harness.suite.outcomes import Unsupported
from harness.suite.roofline.counts import COUNTED, Counts, count
from harness.suite.throughput.workload import Workload

PARTS = {"generate": ("prefill", "decode")}
"""Phases that are made of others: as `roofline.counts` has it."""


@dataclass(frozen=True, slots=True)
class Work:
    """What a phase does."""

    loaded: Counts
    whole: Counts


def work_of(work: Workload, phase: str) -> Work | None:
    """Operations and bytes of a phase; None where they are not counted, or cannot be without values.

    Those of quantised weights are not: neither their bytes nor the rate of their products are the dtype's.
    """
    if phase not in COUNTED or work.cell.parameters.quantisation is not None:
        return None
    try:
        whole = _counted(work, phase, None)
        return Work(whole if work.layers is None else _counted(work, phase, work.layers), whole)
    except (Unsupported, Exception):  # noqa: BLE001 — the model's own code on tensors without values: the time stands
        return None


def _counted(work: Workload, phase: str, layers: int | None) -> Counts:
    """Operations and bytes at that depth; those of a phase that is made of others are their sum."""
    parts = [_part(work, part, layers) for part in PARTS.get(phase, (phase,))]
    return sum(parts[1:], parts[0])


def _part(work: Workload, phase: str, layers: int | None) -> Counts:
    """Counted on the meta device, once for a workload."""
    if (phase, layers) not in work.counts:
        model = meta_model(work.cell.model, full_config(work.cell.model, layers), work.dtype)
        inputs = work.inputs() if phase == "forward" else work.first_step()
        work.counts[phase, layers] = count(model, phase, inputs, work.cell.parameters.output_tokens)
    return work.counts[phase, layers]
