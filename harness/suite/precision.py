"""What a cell's `dtype` means: the type of its weights, and the bits that its products keep."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch


@dataclass(frozen=True, slots=True)
class Precision:
    """A way to compute in floating point."""

    name: str
    dtype: torch.dtype
    """Of weights, activations and results."""
    bits: int
    """Of the significand that factors are rounded to, the hidden bit included."""
    tf32: bool = False
    """Whether products of float32 may be those of TensorFloat-32."""

    @property
    def roundoff(self) -> float:
        """Largest relative error of rounding to nearest: 2^-bits (Higham, Accuracy and Stability, 2.1)."""
        return 2.0**-self.bits


PRECISIONS = {
    row.name: row
    for row in (
        Precision("float32", torch.float32, 24),
        # 10 bits are stored: NVIDIA A100 Tensor Core GPU Architecture (2020), "TensorFloat-32".
        Precision("tf32", torch.float32, 11, tf32=True),
        Precision("bfloat16", torch.bfloat16, 8),
        Precision("float16", torch.float16, 11),
    )
}


def set_arithmetic(precision: Precision) -> None:
    """Have torch's products and convolutions of float32 be what the name says, in this process.

    torch's own default is neither: convolutions on NVIDIA's GPUs use TensorFloat-32, products do not.
    """
    torch.set_float32_matmul_precision("high" if precision.tf32 else "highest")
    torch.backends.cudnn.allow_tf32 = precision.tf32


@contextmanager
def arithmetic(precision: Precision) -> Iterator[None]:
    """The same within the block; what was set before is set again."""
    products, convolutions = torch.get_float32_matmul_precision(), torch.backends.cudnn.allow_tf32
    set_arithmetic(precision)
    try:
        yield
    finally:
        torch.set_float32_matmul_precision(products)
        torch.backends.cudnn.allow_tf32 = convolutions
