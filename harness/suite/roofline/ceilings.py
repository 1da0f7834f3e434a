"""The two ceilings of the roofline model: bytes a second of memory, operations a second of arithmetic.

S. Williams, A. Waterman and D. Patterson, "Roofline: an insightful visual performance model for multicore
architectures", Communications of the ACM 52(4), 2009. They are measured where the model is, in the same
process and with the same threads, by the library calls that the model's own layers end in.
"""

from dataclasses import dataclass
from typing import ClassVar

import torch

COPY_BYTES = 1 << 28
"""Bytes copied: 256 MiB, several times the last cache of most machines; the largest ones hold more."""
MATMUL_SIDE = {"cpu": 2048}
MATMUL_SIDE_ELSEWHERE = 8192
"""Rows and columns of the square product: large enough for the full rate, a few rounds a second."""


@dataclass(frozen=True, slots=True)
class Copy:
    """Two buffers whose copy moves `moved` bytes: each byte is read once and written once."""

    source: torch.Tensor
    target: torch.Tensor
    moved: ClassVar[int] = 2 * COPY_BYTES

    @classmethod
    def on(cls, device: str) -> "Copy":
        """Buffers of random bytes, both touched."""
        source = torch.randint(256, (COPY_BYTES,), dtype=torch.uint8, device=device)
        return cls(source, source.clone())

    def run(self) -> None:
        """Copy once."""
        self.target.copy_(self.source)


@dataclass(frozen=True, slots=True)
class Matmul:
    """A square product of `operations` floating-point operations: a multiplication and an addition a term."""

    left: torch.Tensor
    right: torch.Tensor
    out: torch.Tensor

    @classmethod
    def on(cls, device: str, dtype: torch.dtype) -> "Matmul":
        """Random matrices: zeros multiply faster on some accelerators."""
        side = cls.side(device)
        left, right = (torch.randn(side, side, device=device).to(dtype) for _ in range(2))
        return cls(left, right, torch.empty_like(left))

    @staticmethod
    def side(device: str) -> int:
        """Rows and columns on that device."""
        return MATMUL_SIDE.get(device, MATMUL_SIDE_ELSEWHERE)

    @classmethod
    def operations(cls, device: str) -> int:
        """2·n³ for n rows and columns."""
        return 2 * cls.side(device) ** 3

    def run(self) -> None:
        """Multiply once."""
        torch.matmul(self.left, self.right, out=self.out)
