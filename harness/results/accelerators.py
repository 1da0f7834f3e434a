"""Accelerators that a model may be meant for: one row each, and this machine where its roof was measured.

Rates are the vendor's datasheet's, gigabytes taken for 10⁹ bytes; peaks are of dense matrices: where a
datasheet prints them with sparsity, its figure is halved.

Memory is not the datasheet's: a driver keeps some, error correction takes a sixteenth of GDDR6, and HBM of
"80 GB" is 80·2³⁰. It is what the driver leaves to a program, in GiB: the lowest total that torch has reported
for such a device in its out-of-memory message ("GPU 0 has a total capacity of 79.11 GiB"), read in public
issues and logs in 2026. None of these devices was at hand when they were collected. The A10's and the L4's
are from logs that do not tell the two apart, nor the A10 from the A10G; the MI325X's is from one that names
no device.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from harness.results.record import Metric, Result

GB, TB, TERA, GIB = 10**9, 10**12, 10**12, 2**30
MANY = 64
"""Devices of a kind that a model may be split over."""
MEMORY_ROOF, ARITHMETIC_ROOF = "memory_roof", "arithmetic_roof"
"""Metrics of a roofline cell that hold the best rates."""
DEVICE_MEMORY, DEVICES = "device_memory_bytes", "devices"
"""Facts of a roofline cell: bytes of one device, and how many there are."""


@dataclass(frozen=True, slots=True)
class Accelerator:
    """One accelerator; a datasheet's rates are peaks that no program reaches."""

    name: str
    visible_gib: float
    """Memory that a program sees."""
    bandwidth: float
    """Bytes a second."""
    bf16: float | None
    """Floating-point operations a second on dense matrices; None where it has no such arithmetic."""
    fp16: float | None
    fp8: float | None
    source: str
    most: int = MANY
    """How many there may be."""
    measured: bool = False
    """The rates were, by `harness roofline`; else they are the datasheet's."""

    @property
    def memory_bytes(self) -> int:
        """The same in bytes."""
        return int(self.visible_gib * GIB)

    @property
    def arithmetic(self) -> float | None:
        """The rate of 16-bit products: quantised weights are multiplied in that as well."""
        return self.bf16 or self.fp16

    @property
    def roof(self) -> str:
        """Where its rates come from: `datasheet` or `measured`."""
        return "measured" if self.measured else "datasheet"


def this_machine(results: Iterable[Result]) -> Accelerator | None:
    """The machine that the results of one roofline run on one device are of; None where they do not tell."""
    rows = list(results)
    metrics = [metric for result in rows for metric in result.report.metrics]
    bandwidth = _best(metrics, MEMORY_ROOF)
    facts = rows[0].report.facts if rows else {}
    memory, devices = facts.get(DEVICE_MEMORY), facts.get(DEVICES)
    if bandwidth is None or not isinstance(memory, int) or not isinstance(devices, int):
        return None
    rates = {row.cell["parameters"]["dtype"]: _best(row.report.metrics, ARITHMETIC_ROOF) for row in rows}
    return Accelerator(
        name=f"this machine ({rows[0].cell['device']})",
        visible_gib=memory / GIB,
        bandwidth=bandwidth,
        bf16=rates.get("bfloat16"),
        fp16=rates.get("float16"),
        fp8=None,
        source=f"measured by run {rows[0].run}",
        most=max(devices, 1),
        measured=True,
    )


def _best(metrics: Iterable[Metric], name: str) -> float | None:
    return max((metric.value for metric in metrics if metric.name == name), default=None)


ACCELERATORS = (
    Accelerator("V100-32GB", 31.73, 900 * GB, None, 125 * TERA, None, "NVIDIA V100 datasheet, SXM2"),
    Accelerator("T4", 14.56, 320 * GB, None, 65 * TERA, None, "NVIDIA T4 datasheet"),
    Accelerator("A10", 22.03, 600 * GB, 125 * TERA, 125 * TERA, None, "NVIDIA A10 datasheet"),
    Accelerator("L4", 22.03, 300 * GB, 121 * TERA, 121 * TERA, 242.5 * TERA, "NVIDIA L4 datasheet, halved"),
    Accelerator("L40S", 44.39, 864 * GB, 362 * TERA, 362 * TERA, 733 * TERA, "NVIDIA L40S datasheet"),
    Accelerator(
        "A100-40GB", 39.38, 1555 * GB, 312 * TERA, 312 * TERA, None, "NVIDIA A100 datasheet, SXM4 40 GB"
    ),
    Accelerator(
        "A100-80GB", 79.14, 2039 * GB, 312 * TERA, 312 * TERA, None, "NVIDIA A100 datasheet, SXM4 80 GB"
    ),
    Accelerator(
        "H100",
        79.11,
        3.35 * TB,
        989.5 * TERA,
        989.5 * TERA,
        1979 * TERA,
        "NVIDIA H100 datasheet, SXM5, halved",
    ),
    Accelerator(
        "H200",
        139.72,
        4.8 * TB,
        989.5 * TERA,
        989.5 * TERA,
        1979 * TERA,
        "NVIDIA H200 datasheet, SXM5, halved",
    ),
    Accelerator(
        "B200",
        178.35,
        8 * TB,
        2250 * TERA,
        2250 * TERA,
        4500 * TERA,
        "NVIDIA DGX B200 datasheet, an eighth, halved",
    ),
    Accelerator(
        "MI300X",
        191.69,
        5.3 * TB,
        1307.4 * TERA,
        1307.4 * TERA,
        2614.9 * TERA,
        "AMD Instinct MI300X data sheet",
    ),
    Accelerator(
        "MI325X",
        255.69,
        6 * TB,
        1307.4 * TERA,
        1307.4 * TERA,
        2614.9 * TERA,
        "AMD Instinct MI325X data sheet",
    ),
)
