"""Each kernel in Triton's interpreter against float64: label → [error, bound]."""

import json
import sys

import torch

from harness.suite.roofline.accelerators import BLOCK, Kernel
from harness.suite.roofline.ceilings import Copy, Product, Read

SIZES = (4 * BLOCK, 4 * (9 * BLOCK + 7))
"""Bytes: one block, and several programs of which the last is not full."""
SHAPES = ((16, 64, 128), (1, 100, 130), (150, 90, 140))
"""Rows, inner, columns: a tile, a row as in decode, and several tiles of which none at the edge is full."""


def written(work: Copy | Read | Product) -> tuple[torch.Tensor, tuple[torch.Tensor, ...]]:
    """What the kernel has written, and the buffers as they were."""
    torch.manual_seed(0)
    result = Kernel(work).on("cpu")()
    torch.manual_seed(0)
    return result, work.buffers("cpu")


def errors() -> dict[str, tuple[float, float]]:
    """Label → error and bound, of rounding each term in float32 and the result in its own dtype."""
    found: dict[str, tuple[float, float]] = {}
    for size in SIZES:
        result, buffers = written(Copy(size))
        found[Copy(size).label] = ((result.double() - buffers[0].double()).abs().max().item(), 0.0)
        result, buffers = written(Read(size))
        exact = buffers[0].double().sum()
        found[Read(size).label] = ((result.double().sum() - exact).abs().item(), 1e-6 * exact.item())
    for shape, dtype in (
        *((shape, torch.float32) for shape in SHAPES),
        (
            SHAPES[2],
            torch.float16,
        ),  # the interpreter multiplies bfloat16 by its bits, as if they were integers
    ):
        work = Product(*shape, dtype)
        result, (left, right, _) = written(work)
        exact, scale = left.double() @ right.double().T, left.double().abs() @ right.double().abs().T
        steps = work.inner * torch.finfo(torch.float32).eps + torch.finfo(dtype).eps
        found[work.label] = (((result.double() - exact).abs() / scale).max().item(), steps)
    return found


sys.stdout.write(json.dumps(errors()))
