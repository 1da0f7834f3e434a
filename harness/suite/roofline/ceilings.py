"""Loads that do nothing but what a machine is limited by: moving bytes, or multiplying.

S. Williams, A. Waterman and D. Patterson, "Roofline: an insightful visual performance model for multicore
architectures", Communications of the ACM 52(4), 2009. They are measured where the model is, in the same
process and with the same threads, by the library calls that the model's own layers end in.

A load is plain data until `on` allocates its buffers and gives a function that does it once.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import torch

Run = Callable[[], object]

BLOCK = 1 << 22
"""Random bytes that buffers are tiled from: 4 MiB. Drawing every byte would take longer than measuring."""
SQUARE = {"cpu": 2048}
SQUARE_ELSEWHERE = 8192
"""Rows and columns of the square product: large enough for the full rate, a few rounds a second."""


class Load(Protocol):
    """What is run, and what one run amounts to."""

    @property
    def label(self) -> str:
        """The load in words, the same for the same load."""

    @property
    def flops(self) -> int:
        """Floating-point operations of a run (of int8: integer ones)."""

    @property
    def moved(self) -> int:
        """Bytes that a run must move, each operand once."""

    def on(self, device: str) -> Run:
        """Buffers on the device, all touched, and the run. RuntimeError where the library refuses."""


@dataclass(frozen=True, slots=True)
class Copy:
    """`size` bytes from one buffer to another: each is read once and written once."""

    size: int
    flops: int = 0

    @property
    def label(self) -> str:
        """`copy 256 MiB`."""
        return f"copy {_mebibytes(self.size)}"

    @property
    def moved(self) -> int:
        """Read and written. That some caches read a line before they write it is left out, as STREAM does."""
        return 2 * self.size

    def on(self, device: str) -> Run:
        """Copy once a run."""
        source = _buffer(self.size, device)
        target = source.clone()
        return lambda: target.copy_(source)


@dataclass(frozen=True, slots=True)
class Read:
    """`size` bytes summed as float32: each is read once, and nothing but the sum is written."""

    size: int
    flops: int = 0
    """Not counted: an addition for four bytes limits no machine."""

    @property
    def label(self) -> str:
        """`read 256 MiB`."""
        return f"read {_mebibytes(self.size)}"

    @property
    def moved(self) -> int:
        """Read."""
        return self.size

    def on(self, device: str) -> Run:
        """Sum once a run."""
        block = torch.rand(min(self.size, BLOCK) // 4, device=device)
        source = block.repeat(-(-self.size // BLOCK))[: self.size // 4]
        return source.sum


@dataclass(frozen=True, slots=True)
class Product:
    """An (m, k) by (k, n) product; one row by a matrix is what a decode step of one request is made of."""

    rows: int
    inner: int
    columns: int
    dtype: torch.dtype

    @property
    def label(self) -> str:
        """`matmul 1×4096×4096 bfloat16`: rows, inner, columns."""
        return f"matmul {self.rows}×{self.inner}×{self.columns} {str(self.dtype).removeprefix('torch.')}"

    @property
    def flops(self) -> int:
        """2·m·k·n: a multiplication and an addition a term."""
        return 2 * self.rows * self.inner * self.columns

    @property
    def moved(self) -> int:
        """Both operands read, the result written."""
        read = self.rows * self.inner + self.inner * self.columns
        return read * self.dtype.itemsize + self.rows * self.columns * _result(self.dtype).itemsize

    def on(self, device: str) -> Run:
        """Multiply once a run, the right operand stored as a linear layer's weight is: (columns, inner)."""
        left = _random(self.rows, self.inner, self.dtype, device)
        right = _random(self.columns, self.inner, self.dtype, device).T
        out = torch.empty(self.rows, self.columns, dtype=_result(self.dtype), device=device)
        multiply = torch.matmul if self.dtype.is_floating_point else torch._int_mm  # noqa: SLF001 — the one int8 product that torch has
        return lambda: multiply(left, right, out=out)


COPY = Copy(1 << 28)
"""Measured beside each model: 256 MiB, several times the last cache of most machines."""


def square(device: str, dtype: torch.dtype) -> Product:
    """Measured beside each model: the largest product that takes a fraction of a second there."""
    side = SQUARE.get(device, SQUARE_ELSEWHERE)
    return Product(side, side, side, dtype)


def _buffer(size: int, device: str) -> torch.Tensor:
    """Random bytes: zeros move faster on some machines."""
    block = torch.randint(256, (min(size, BLOCK),), dtype=torch.uint8, device=device)
    return block.repeat(-(-size // BLOCK))[:size]


def _random(rows: int, columns: int, dtype: torch.dtype, device: str) -> torch.Tensor:
    """Random numbers: zeros multiply faster on some accelerators."""
    if dtype.is_floating_point:
        return torch.randn(rows, columns, device=device).to(dtype)
    return torch.randint(-127, 128, (rows, columns), dtype=dtype, device=device)


def _result(dtype: torch.dtype) -> torch.dtype:
    """What a product of the dtype is kept in."""
    return dtype if dtype.is_floating_point else torch.int32


def _mebibytes(size: int) -> str:
    return f"{size / (1 << 20):g} MiB"
