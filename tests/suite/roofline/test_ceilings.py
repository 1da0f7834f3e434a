"""The loads that the ceilings are measured with do what their figures count."""

from typing import Any

import pytest
import torch

from harness.suite.roofline.ceilings import Copy, Product, Read
from harness.suite.roofline.quick import product_loads

SIZE = 3 << 22


def done(load: Any) -> tuple[torch.Tensor, tuple[torch.Tensor, ...]]:
    """What a run of the load has written, and what its buffers held before."""
    torch.manual_seed(0)
    written = load.on("cpu")()
    torch.manual_seed(0)
    return written, load.buffers("cpu")


def test_a_copy_moves_every_byte_once_in_and_once_out() -> None:
    written, (source, target) = done(Copy(SIZE))
    assert torch.equal(written, source)
    assert not torch.equal(target, source)
    assert Copy(SIZE).moved == source.nbytes + target.nbytes


@pytest.mark.parametrize(("by", "power"), [("sum", 1), ("dot", 2)])
@pytest.mark.parametrize("size", [1 << 20, SIZE])
def test_a_read_takes_in_every_byte(size: int, by: str, power: int) -> None:
    total, (source,) = done(Read(size, by))
    assert total.item() == pytest.approx((source.double() ** power).sum().item(), rel=1e-4)
    assert Read(size, by).moved == source.nbytes == size


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.int8])
@pytest.mark.parametrize("shape", [(64, 64, 64), (1, 96, 160)])
def test_a_product_agrees_with_float64_and_counts_its_work(
    dtype: torch.dtype, shape: tuple[int, int, int]
) -> None:
    load = Product(*shape, dtype)
    out, (left, right, _) = done(load)
    exact = left.double() @ right.double().T
    # Higham, "Accuracy and stability of numerical algorithms", 2nd ed., 3.5: a rounding a term, in float32,
    # and one of the result; integers have none.
    steps = (
        shape[1] * torch.finfo(torch.float32).eps + torch.finfo(dtype).eps if dtype.is_floating_point else 0
    )
    assert ((out.double() - exact).abs() <= steps * (left.double().abs() @ right.double().abs().T)).all()
    assert len(left.unique()) > 1
    assert load.flops == 2 * left.shape[0] * left.shape[1] * right.shape[0]
    assert load.moved == left.nbytes + right.nbytes + out.nbytes


def test_a_label_says_what_was_run() -> None:
    assert Copy(1 << 28).label == "copy 256 MiB"
    assert Read(1 << 30).label == "read 1024 MiB"
    assert Read(1 << 30, "dot").label == "read 1024 MiB by dot"
    assert Product(1, 2, 3, torch.bfloat16).label == "matmul 1×2×3 bfloat16"


def test_an_accelerator_gets_a_product_large_enough_for_its_full_rate() -> None:
    bf16 = torch.bfloat16
    assert product_loads("cuda", bf16) == product_loads("cuda:1", bf16)
    assert product_loads("cuda", bf16)[0][-1].flops > product_loads("cpu", bf16)[0][-1].flops
