"""The kernels of `kernels` as loads, beside the library's own: the better of the two is the ceiling.

Each wraps the library's load of the same work, which says what a run amounts to.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from importlib.util import find_spec
from subprocess import CalledProcessError
from typing import Any, TypeGuard

import torch

from harness.suite.roofline.ceilings import Copy, Load, Product, Read, Run

BLOCK = 4096
"""Elements of 4 bytes that a program copies or reads at a time."""
BLOCKS = 8
"""Blocks that a program reads into one sum."""
TALL, FLAT, WIDE = 128, 16, 128
"""Rows of a product's tile where there are many, where there are few (tl.dot takes no fewer); its columns."""
DEEP_BYTES = 128
"""Bytes of a row that a tile takes at a time: a line of the caches of NVIDIA's and AMD's accelerators."""
GROUP = 8
"""Rows of tiles that go together, so that they find each other's columns in the cache (tutorial 3)."""
WARPS = 8


@dataclass(frozen=True, slots=True)
class Kernel:
    """The work of a load, done by a kernel of ours."""

    work: Copy | Read | Product

    @property
    def label(self) -> str:
        """`triton copy 256 MiB`."""
        return f"triton {self.work.label}"

    @property
    def flops(self) -> int:
        """As the load's."""
        return self.work.flops

    @property
    def moved(self) -> int:
        """As the load's."""
        return self.work.moved

    @property
    def dtype(self) -> torch.dtype | None:
        """As the load's."""
        return self.work.dtype

    def on(self, device: str) -> Run:
        """As the load's; a run gives back what the kernel has written."""
        return LAUNCHES[type(self.work)](self.work, device)


def by_kernels(kinds: Iterable[Iterable[Load]]) -> list[list[Load]]:
    """The same kinds by our kernels, which multiply floating-point numbers only; none without Triton."""
    if find_spec("triton") is None:
        return []
    ours: list[list[Load]] = [[Kernel(load) for load in kind if _ours(load)] for kind in kinds]
    return [kind for kind in ours if kind]


def refusals() -> tuple[type[Exception], ...]:
    """What a load raises where it cannot run here, and others may: to be caught, and said of that load.

    RuntimeError: a dtype or a shape that the library lacks, no driver, no memory of an accelerator.
    MemoryError: no memory. CalledProcessError: the compiler of Triton's launchers failed. TritonError: the
    kernel does not compile for this device, or takes more than it has.
    """
    common = (RuntimeError, MemoryError, CalledProcessError)
    if find_spec("triton") is None:
        return common
    from triton.errors import TritonError  # noqa: PLC0415 — takes Triton

    return (*common, TritonError)


def tile(work: Product) -> dict[str, int]:
    """The constants of `product_kernel` for that product."""
    return {
        "high": TALL if work.rows > FLAT else FLAT,
        "wide": WIDE,
        "deep": DEEP_BYTES // work.dtype.itemsize,
        "group": GROUP,
    }


def _ours(load: Load) -> TypeGuard[Copy | Read | Product]:
    return isinstance(load, Copy | Read | Product) and (load.dtype is None or load.dtype.is_floating_point)


def _copy(work: Copy, device: str) -> Run:
    from harness.suite.roofline.kernels import copy_kernel  # noqa: PLC0415 — takes Triton, as below

    source, target = work.buffers(device)
    count = source.numel()

    def run() -> torch.Tensor:
        copy_kernel[(-(-count // BLOCK),)](source, target, count, block=BLOCK)
        return target

    return run


def _read(work: Read, device: str) -> Run:
    from harness.suite.roofline.kernels import read_kernel  # noqa: PLC0415

    (source,) = work.buffers(device)
    count = source.numel()
    programs = -(-count // (BLOCK * BLOCKS))
    sums = torch.zeros(programs, dtype=torch.float32, device=device)

    def run() -> torch.Tensor:
        read_kernel[(programs,)](source, sums, count, block=BLOCK, blocks=BLOCKS)
        return sums

    return run


def _product(work: Product, device: str) -> Run:
    from harness.suite.roofline.kernels import product_kernel  # noqa: PLC0415

    left, right, out = work.buffers(device)
    sizes, constants = (work.rows, work.columns, work.inner), tile(work)
    tiles = -(-work.rows // constants["high"]) * -(-work.columns // constants["wide"])

    def run() -> torch.Tensor:
        product_kernel[(tiles,)](left, right, out, *sizes, **constants, num_warps=WARPS)
        return out

    return run


LAUNCHES: dict[type, Callable[[Any, str], Run]] = {Copy: _copy, Read: _read, Product: _product}
"""Load → what makes its buffers and launches its kernel."""
