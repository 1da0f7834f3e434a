"""The roof in a second or two, for figures that are measured beside it.

Few loads, chosen so that one of each ceiling is the fastest on most machines: `sweep` asks more of them, at
more sizes. Meant for a fresh process, with as many threads as the model has; it leaves nothing allocated.
"""

from dataclasses import dataclass

import torch

from harness.suite.outcomes import Unsupported
from harness.suite.roofline.accelerators import by_kernels
from harness.suite.roofline.ceilings import READS, Copy, Load, Product, Read
from harness.suite.roofline.last_cache import beyond
from harness.suite.roofline.sweep import sweep
from harness.suite.roofline.utilisation import Roof

LOAD_S = 0.4
"""Seconds for a load: five of memory and five products, most of which take a tenth of it."""
WIDTH = 4096
"""Columns of the one row that a matrix is multiplied by: those of a 7 B model."""
SQUARES = {"cpu": (256, 1024, 2048)}
SQUARES_ELSEWHERE = (2048, 4096, 8192)
"""From small to large: where the small one is slow (float16 on many CPUs), no larger is tried."""
TALL = (128, 2048, 8192)
"""Rows, inner and columns of a prompt in a layer."""


@dataclass(frozen=True, slots=True)
class QuickRoof:
    """The roof, and the samples of what reached it: B/s of memory, FLOP/s of arithmetic."""

    roof: Roof
    bytes_per_s: tuple[float, ...]
    flops_per_s: tuple[float, ...]

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
        return QuickRoof(roof, memory.bytes_per_s, arithmetic.flops_per_s)


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
        roof,
        bytes_per_s=tuple(best.memory.load.moved / seconds for seconds in best.memory.samples),
        flops_per_s=tuple(best.arithmetic.load.flops / seconds for seconds in best.arithmetic.samples),
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
