"""Loads that do nothing but what a machine is limited by: moving bytes, or multiplying.

S. Williams, A. Waterman and D. Patterson, "Roofline: an insightful visual performance model for multicore
architectures", Communications of the ACM 52(4), 2009. They are measured where the model is, in the same
process and with the same threads, by the library calls that the model's own layers end in.

A load is plain data until `on` allocates its buffers and gives a function that does it once.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Protocol

import torch

Run = Callable[[], torch.Tensor]
"""Does a load once and gives what it has written."""

BLOCK = 1 << 22
"""Random bytes that buffers are tiled from: 4 MiB. Drawing every byte would take longer than measuring."""


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

    @property
    def dtype(self) -> torch.dtype | None:
        """What is multiplied; None where bytes are bytes."""

    def on(self, device: str) -> Run:
        """Buffers on the device, all touched, and the run. RuntimeError where the library refuses."""


@dataclass(frozen=True, slots=True)
class Copy:
    """`size` bytes from one buffer to another: each is read once and written once."""

    size: int
    flops: int = 0
    dtype: None = None

    @property
    def label(self) -> str:
        """`copy 256 MiB`."""
        return f"copy {_mebibytes(self.size)}"

    @property
    def moved(self) -> int:
        """Read and written. That some caches read a line before they write it is left out, as STREAM does."""
        return 2 * self.size

    def buffers(self, device: str) -> tuple[torch.Tensor, torch.Tensor]:
        """Source and target, in float32."""
        source = _buffer(self.size, device)
        return source, torch.zeros_like(source)

    def on(self, device: str) -> Run:
        """Copy once a run."""
        source, target = self.buffers(device)
        return lambda: target.copy_(source)


READS: dict[str, Callable[[torch.Tensor], torch.Tensor]] = {
    "sum": torch.Tensor.sum,
    "dot": lambda source: torch.dot(source, source),
}
"""Ways to read all of a buffer. Which of them keeps up with memory depends on the library and the machine."""


@dataclass(frozen=True, slots=True)
class Read:
    """`size` bytes of float32 made into one number: each is read once, and nothing but that is written."""

    size: int
    by: str = "sum"
    """Of `READS`."""
    flops: int = 0
    """Not counted: an addition for four bytes limits no machine."""
    dtype: None = None

    @property
    def label(self) -> str:
        """`read 256 MiB`, `read 256 MiB by dot`."""
        return f"read {_mebibytes(self.size)}{'' if self.by == 'sum' else f' by {self.by}'}"

    @property
    def moved(self) -> int:
        """Read."""
        return self.size

    def buffers(self, device: str) -> tuple[torch.Tensor]:
        """Numbers between 0 and 1, in float32."""
        return (_buffer(self.size, device),)

    def on(self, device: str) -> Run:
        """Read once a run."""
        (source,) = self.buffers(device)
        return partial(READS[self.by], source)


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

    def buffers(self, device: str) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Left (rows, inner), right as a linear layer's weight is stored (columns, inner), and the result."""
        left = _random(self.rows, self.inner, self.dtype, device)
        right = _random(self.columns, self.inner, self.dtype, device)
        return left, right, torch.zeros(self.rows, self.columns, dtype=_result(self.dtype), device=device)

    def on(self, device: str) -> Run:
        """Multiply once a run."""
        left, right, out = self.buffers(device)
        multiply = torch.matmul if self.dtype.is_floating_point else torch._int_mm  # noqa: SLF001 — the one int8 product that torch has
        return lambda: multiply(left, right.T, out=out)


def _buffer(size: int, device: str) -> torch.Tensor:
    """Random numbers of so many bytes: zeros move faster on some machines."""
    return _tiled(torch.rand(BLOCK // 4, device=device), size // 4)


def _random(rows: int, columns: int, dtype: torch.dtype, device: str) -> torch.Tensor:
    """Random numbers: zeros multiply faster on some accelerators."""
    count = BLOCK // 4
    if dtype.is_floating_point:
        block = torch.randn(count, device=device).to(dtype)
    else:
        block = torch.randint(-127, 128, (count,), dtype=dtype, device=device)
    return _tiled(block, rows * columns).view(rows, columns)


def _tiled(block: torch.Tensor, count: int) -> torch.Tensor:
    """So many elements, the block's over and over."""
    return block.repeat(-(-count // len(block)))[:count].contiguous()


def _result(dtype: torch.dtype) -> torch.dtype:
    """What a product of the dtype is kept in."""
    return dtype if dtype.is_floating_point else torch.int32


def _mebibytes(size: int) -> str:
    return f"{size / (1 << 20):g} MiB"
