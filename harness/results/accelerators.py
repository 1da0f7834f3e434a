"""Accelerators that a model may be meant for: one row each, as the vendor's datasheet has them.

Gigabytes are taken for 10⁹ bytes, as the datasheets' bandwidths are. Drivers show 5 to 7 % more memory (an
H100 of 80 GB has some 79 GiB), so that a model which misses a device by less than that may fit it. Peaks are
of dense matrices: where a datasheet prints them with sparsity, its figure is halved.
"""

from dataclasses import dataclass

GB, TB, TERA = 10**9, 10**12, 10**12


@dataclass(frozen=True, slots=True)
class Accelerator:
    """One accelerator; rates are peaks that no program reaches."""

    name: str
    memory_bytes: int
    bandwidth: float
    """Bytes a second."""
    bf16: float | None
    """Floating-point operations a second on dense matrices; None where it has no such arithmetic."""
    fp16: float | None
    fp8: float | None
    source: str


ACCELERATORS = (
    Accelerator("V100-32GB", 32 * GB, 900 * GB, None, 125 * TERA, None, "NVIDIA V100 datasheet, SXM2"),
    Accelerator("T4", 16 * GB, 320 * GB, None, 65 * TERA, None, "NVIDIA T4 datasheet"),
    Accelerator("A10", 24 * GB, 600 * GB, 125 * TERA, 125 * TERA, None, "NVIDIA A10 datasheet"),
    Accelerator("L4", 24 * GB, 300 * GB, 121 * TERA, 121 * TERA, 242.5 * TERA, "NVIDIA L4 datasheet, halved"),
    Accelerator("L40S", 48 * GB, 864 * GB, 362 * TERA, 362 * TERA, 733 * TERA, "NVIDIA L40S datasheet"),
    Accelerator(
        "A100-40GB", 40 * GB, 1555 * GB, 312 * TERA, 312 * TERA, None, "NVIDIA A100 datasheet, SXM4 40 GB"
    ),
    Accelerator(
        "A100-80GB", 80 * GB, 2039 * GB, 312 * TERA, 312 * TERA, None, "NVIDIA A100 datasheet, SXM4 80 GB"
    ),
    Accelerator(
        "H100",
        80 * GB,
        3.35 * TB,
        989.5 * TERA,
        989.5 * TERA,
        1979 * TERA,
        "NVIDIA H100 datasheet, SXM5, halved",
    ),
    Accelerator(
        "H200",
        141 * GB,
        4.8 * TB,
        989.5 * TERA,
        989.5 * TERA,
        1979 * TERA,
        "NVIDIA H200 datasheet, SXM5, halved",
    ),
    Accelerator(
        "B200",
        180 * GB,
        8 * TB,
        2250 * TERA,
        2250 * TERA,
        4500 * TERA,
        "NVIDIA DGX B200 datasheet, an eighth, halved",
    ),
    Accelerator(
        "MI300X",
        192 * GB,
        5.3 * TB,
        1307.4 * TERA,
        1307.4 * TERA,
        2614.9 * TERA,
        "AMD Instinct MI300X data sheet",
    ),
    Accelerator(
        "MI325X",
        256 * GB,
        6 * TB,
        1307.4 * TERA,
        1307.4 * TERA,
        2614.9 * TERA,
        "AMD Instinct MI325X data sheet",
    ),
)
