"""The kernels that the ceilings are measured with do what their figures count."""

import torch

from harness.suite.roofline.ceilings import COPY_BYTES, Copy, Matmul


def test_a_copy_moves_every_byte_once_in_and_once_out() -> None:
    copy = Copy.on("cpu")
    copy.target.zero_()
    copy.run()
    assert torch.equal(copy.target, copy.source)
    assert copy.source.nbytes == COPY_BYTES
    assert Copy.moved == copy.source.nbytes + copy.target.nbytes


def test_a_product_agrees_with_float64_and_counts_its_operations() -> None:
    matmul = Matmul.on("cpu", torch.float32)
    matmul.run()
    rows = slice(0, 8)
    exact = matmul.left[rows].double() @ matmul.right.double()
    assert torch.allclose(matmul.out[rows].double(), exact, rtol=0, atol=1e-3 * exact.abs().max().item())
    side = matmul.left.shape[0]
    assert matmul.left.shape == matmul.right.shape == (side, side)
    assert Matmul.operations("cpu") == 2 * side**3


def test_an_accelerator_gets_a_product_large_enough_for_its_full_rate() -> None:
    assert Matmul.side("cuda") == Matmul.side("cuda:1") > Matmul.side("cpu")
