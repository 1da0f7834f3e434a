"""The roof in a second or two: what a throughput run holds its figures against."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any, Self

import torch

from harness.suite.roofline.ceilings import Copy, Read, square
from harness.suite.roofline.sweep import _sampled
from harness.suite.roofline.utilisation import Roof

BYTES = 1 << 28
"""256 MiB: past the last cache of most machines."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QuickRoof:
    """The roof with the samples it is the median of."""

    roof: Roof
    bandwidth: tuple[float, ...]
    """B/s."""
    rate: tuple[float, ...]
    """FLOP/s."""

    def to_json(self) -> dict[str, Any]:
        """As JSON has it."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """The inverse of `to_json`."""
        return cls(roof=Roof(**data["roof"]), bandwidth=tuple(data["bandwidth"]), rate=tuple(data["rate"]))


def quick_roof(device: str, dtype: torch.dtype) -> QuickRoof:
    """The best that copying or reading, and that multiplying, reaches; samples are rounds."""
    memory = {load.label: (load, _sampled(load.on(device), device)) for load in (Copy(BYTES), Read(BYTES))}
    best = max(memory, key=lambda label: memory[label][0].moved / median(memory[label][1]))
    product = square(device, dtype)
    times = _sampled(product.on(device), device)
    load, seconds = memory[best]
    bandwidth = tuple(load.moved / second for second in seconds)
    rate = tuple(product.flops / second for second in times)
    return QuickRoof(
        roof=Roof(median(rate), median(bandwidth), product.label, best), bandwidth=bandwidth, rate=rate
    )
