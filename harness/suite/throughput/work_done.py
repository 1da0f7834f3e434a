"""The work of a phase held against the roof: the seconds that arithmetic and memory take at least."""

from dataclasses import dataclass

from harness.suite.models.build import full_config, meta_model
from harness.suite.outcomes import Unsupported
from harness.suite.roofline.counts import COUNTED, Counts, count
from harness.suite.roofline.utilisation import Roof
from harness.suite.throughput.workload import Workload


@dataclass(frozen=True, slots=True)
class Least:
    """Seconds that the machine, as it was measured, needs at least."""

    arithmetic: float
    memory: float

    @classmethod
    def of(cls, counts: Counts, roof: Roof) -> "Least":
        """Over the seconds that a phase takes they are its MFU and MBU (`roofline.utilisation`)."""
        return cls(counts.flops / roof.flops_per_s, counts.moved / roof.bytes_per_s)


@dataclass(frozen=True, slots=True)
class Utilised:
    """A phase at the depth that is loaded, and of the whole model."""

    loaded: Least
    whole: Least


def utilised(work: Workload, phase: str, roof: Roof) -> Utilised | None:
    """The least seconds of a phase; None where its work is not counted, or cannot be without values.

    Quantised weights are not: neither their bytes nor the rate of their products are those of the dtype.
    """
    if phase not in COUNTED or work.cell.parameters.quantisation is not None:
        return None
    try:
        whole = Least.of(_counted(work, phase, None), roof)
        loaded = whole if work.layers is None else Least.of(_counted(work, phase, work.layers), roof)
    except (Unsupported, Exception):  # noqa: BLE001 — the model's own code on tensors without values: the time stands
        return None
    return Utilised(loaded, whole)


def _counted(work: Workload, phase: str, layers: int | None) -> Counts:
    """Operations and bytes, counted on the meta device at that depth."""
    model = meta_model(work.cell.model, full_config(work.cell.model, layers), work.dtype)
    inputs = work.inputs() if phase == "forward" else work.first_step()
    return count(model, phase, inputs, work.cell.parameters.output_tokens)
