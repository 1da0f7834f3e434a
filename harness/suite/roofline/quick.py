"""The roof in about a second, for figures that are measured beside it.

Few loads, chosen so that one of each ceiling is the fastest on most machines: `sweep` asks more of them, at
more sizes. Meant for a fresh process, with as many threads as the model has; it leaves nothing allocated.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self

import torch

from harness.suite.outcomes import Unsupported
from harness.suite.roofline.accelerators import by_kernels
from harness.suite.roofline.ceilings import READS, Copy, Load, Product, Read
from harness.suite.roofline.last_cache import beyond
from harness.suite.roofline.sweep import sweep
from harness.suite.roofline.utilisation import Roof

LOAD_S = 0.5
"""Most seconds for a load; most take a tenth of it. With less, a busy machine's products would be refused as
too slow, and one row by a matrix would pass for the machine's arithmetic."""
WIDTH = 4096
"""Columns of the one row that a matrix is multiplied by: those of a 7 B model."""
SQUARES = {"cpu": (256, 1024)}
SQUARES_ELSEWHERE = (2048, 4096, 8192)
"""From small to large: where the small one is slow (float16 on many CPUs), no larger is tried."""
TALL = (128, 2048, 8192)
"""Rows, inner and columns of a prompt in a layer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QuickRoof:
    """The roof, and all samples of the loads that reached it, of which it is the best."""

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

    def better(self, other: "QuickRoof") -> "QuickRoof":
        """Each ceiling as it was the higher: of one measured before a model and one after it, say."""
        memory = max(self, other, key=lambda one: one.roof.bytes_per_s)
        arithmetic = max(self, other, key=lambda one: one.roof.flops_per_s)
        roof = Roof(
            arithmetic.roof.flops_per_s,
            memory.roof.bytes_per_s,
            arithmetic.roof.arithmetic,
            memory.roof.memory,
        )
        return QuickRoof(roof=roof, bandwidth=memory.bandwidth, rate=arithmetic.rate)


def quick_roof(device: str, dtype: torch.dtype) -> QuickRoof:
    """The best of a few loads past all caches, and of a few products in the dtype, with the present threads.

    A product of one row by a matrix is among those of memory: that is what decoding does, and where the
    library's reads are slower than it, they are no ceiling. Raises `Unsupported` where torch multiplies
    nothing in the dtype on the device.
    """
    far = beyond(device).size
    memory, products = memory_loads(far, dtype), product_loads(device, dtype)
    kinds: list[list[Load]] = [[load] for load in memory] + products
    if device != "cpu":
        kinds += by_kernels(kinds)
    found = sweep(device, kinds, (torch.get_num_threads() if device == "cpu" else None,), LOAD_S)
    try:
        roof, best = found.roof(dtype), found.ceilings(dtype)
    except ValueError as error:
        reasons = {one.reason for one in found.refused}
        raise Unsupported(f"{device} has no roof in {dtype}: {'; '.join(sorted(reasons))}") from error
    return QuickRoof(
        roof=roof,
        bandwidth=tuple(best.memory.load.moved / seconds for seconds in best.memory.samples),
        rate=tuple(best.arithmetic.load.flops / seconds for seconds in best.arithmetic.samples),
    )


def memory_loads(size: int, dtype: torch.dtype) -> list[Load]:
    """Loads that move so many bytes at least; of a copy half is read and half is written."""
    columns = -(-size // (WIDTH * dtype.itemsize))
    reads: list[Load] = [Read(size, by) for by in READS]
    return [Copy(-(-size // 2)), *reads, Product(1, WIDTH, columns, dtype)]


def product_loads(device: str, dtype: torch.dtype) -> list[list[Load]]:
    """Products whose rate is arithmetic's."""
    squares: list[Load] = [
        Product(side, side, side, dtype) for side in SQUARES.get(device, SQUARES_ELSEWHERE)
    ]
    return [squares, [Product(*TALL, dtype)]]
