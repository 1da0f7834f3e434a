"""The loads that the ceilings are measured with do what their figures count."""

from typing import Any

import pytest
import torch

from harness.suite.roofline.ceilings import COPY, Copy, Load, Product, Read, square

SIZE = 3 << 22


def closed_over(load: Load) -> dict[str, torch.Tensor]:
    """The buffers of a load's run, after one run."""
    run: Any = load.on("cpu")
    run()
    return {
        name: cell.cell_contents for name, cell in zip(run.__code__.co_freevars, run.__closure__, strict=True)
    }


def test_a_copy_moves_every_byte_once_in_and_once_out() -> None:
    buffers = closed_over(Copy(SIZE))
    assert torch.equal(buffers["target"], buffers["source"])
    assert buffers["source"].data_ptr() != buffers["target"].data_ptr()
    assert Copy(SIZE).moved == buffers["source"].nbytes + buffers["target"].nbytes


@pytest.mark.parametrize("size", [1 << 20, SIZE])
def test_a_read_sums_every_byte(size: int) -> None:
    total = Read(size).on("cpu")()
    assert isinstance(total, torch.Tensor)
    # Uniform numbers: their sum is half their count, give or take the deviation of a block that is repeated.
    assert total.item() == pytest.approx(size / 4 / 2, rel=0.01)
    assert Read(size).moved == size


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.int8])
@pytest.mark.parametrize("shape", [(64, 64, 64), (1, 96, 160)])
def test_a_product_agrees_with_float64_and_counts_its_work(
    dtype: torch.dtype, shape: tuple[int, int, int]
) -> None:
    load = Product(*shape, dtype)
    buffers = closed_over(load)
    left, right, out = (buffers[name] for name in ("left", "right", "out"))
    exact = left.double() @ right.double()
    # Higham, "Accuracy and stability of numerical algorithms", 2nd ed., 3.5: a rounding a term, in float32,
    # and one of the result; integers have none.
    steps = (
        shape[1] * torch.finfo(torch.float32).eps + torch.finfo(dtype).eps if dtype.is_floating_point else 0
    )
    assert ((out.double() - exact).abs() <= steps * (left.double().abs() @ right.double().abs())).all()
    assert load.flops == 2 * left.shape[0] * left.shape[1] * right.shape[1]
    assert load.moved == left.nbytes + right.nbytes + out.nbytes


def test_a_label_says_what_was_run() -> None:
    assert COPY.label == "copy 256 MiB"
    assert Read(1 << 30).label == "read 1024 MiB"
    assert Product(1, 2, 3, torch.bfloat16).label == "matmul 1×2×3 bfloat16"


def test_an_accelerator_gets_a_product_large_enough_for_its_full_rate() -> None:
    bf16 = torch.bfloat16
    assert square("cuda", bf16) == square("cuda:1", bf16)
    assert square("cuda", bf16).rows > square("cpu", bf16).rows
