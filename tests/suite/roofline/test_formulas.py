"""Each formula against torch's own counter, or where torch has none against the definition."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch.nn import functional as F  # noqa: N812 — as torch's documentation has it
from torch.utils.flop_counter import FlopCounterMode

from harness.suite.roofline.observe import Observer


def of(*shape: int) -> torch.Tensor:
    return torch.empty(*shape, device="meta")


CALLS: dict[str, Callable[[], Any]] = {
    "linear": lambda: F.linear(of(2, 5, 16), of(24, 16), of(24)),
    "matmul": lambda: torch.matmul(of(2, 3, 5, 16), of(16, 7)),
    "operator": lambda: of(2, 5, 16) @ of(2, 16, 7),
    "bmm": lambda: torch.bmm(of(4, 5, 16), of(4, 16, 7)),
    "addmm": lambda: torch.addmm(of(7), of(5, 16), of(16, 7)),
    "baddbmm": lambda: torch.baddbmm(of(4, 5, 7), of(4, 5, 16), of(4, 16, 7)),
    "named operands": lambda: of(4, 5, 7).baddbmm(batch1=of(4, 5, 16), batch2=of(4, 16, 7), beta=1.0),
    "einsum": lambda: torch.einsum("bhqd,bhkd->bhqk", of(2, 3, 5, 16), of(2, 3, 7, 16)),
    "einsum with an ellipsis": lambda: torch.einsum("...qd,...dk->...qk", of(2, 3, 5, 16), of(2, 3, 16, 7)),
    "einsum without a result": lambda: torch.einsum("ij,jk", of(5, 16), of(16, 7)),
    "einsum of three": lambda: torch.einsum("ij,jk,kl->il", of(5, 16), of(16, 7), of(7, 3)),
    "conv1d in groups": lambda: F.conv1d(of(2, 16, 50), of(16, 1, 4), groups=16, padding=3),
    "conv2d": lambda: F.conv2d(of(2, 3, 32, 32), of(8, 3, 4, 4), stride=4),
    "conv_transpose1d": lambda: F.conv_transpose1d(of(2, 8, 10), of(8, 4, 6), stride=2),
    "attention": lambda: F.scaled_dot_product_attention(of(2, 4, 5, 16), of(2, 4, 9, 16), of(2, 4, 9, 8)),
}


def counted(run: Callable[[], Any]) -> int:
    with Observer(torch.nn.Module()) as seen:
        run()
    return seen.flops


@pytest.mark.parametrize("name", CALLS)
def test_a_function_costs_what_torchs_counter_says(name: str) -> None:
    with FlopCounterMode(display=False) as counter:
        CALLS[name]()
    assert counter.get_total_flops() > 0
    assert counted(CALLS[name]) == counter.get_total_flops()


def test_torchs_attention_module_costs_its_projections_and_its_products() -> None:
    module = torch.nn.MultiheadAttention(16, 4, device="meta")
    with FlopCounterMode(display=False) as counter, torch.device("meta"):
        module(of(5, 2, 16), of(9, 2, 16), of(9, 2, 16))
    with torch.device("meta"):
        assert counted(lambda: module(of(5, 2, 16), of(9, 2, 16), of(9, 2, 16))) == counter.get_total_flops()


def test_a_recurrent_layer_multiplies_each_position_by_each_matrix() -> None:
    module = torch.nn.LSTM(8, 16, num_layers=2)
    steps, rows = 5, 3
    gates = 4 * 16
    matrices = gates * (8 + 16) + gates * (16 + 16)
    assert counted(lambda: module(torch.zeros(steps, rows, 8))) == 2 * steps * rows * matrices


@pytest.mark.parametrize(
    ("kind", "gates"), [(torch.nn.LSTMCell, 4), (torch.nn.GRUCell, 3), (torch.nn.RNNCell, 1)]
)
def test_a_recurrent_cell_is_one_position_of_its_layer(kind: type[torch.nn.Module], gates: int) -> None:
    cell = kind(8, 16)
    assert counted(lambda: cell(torch.zeros(3, 8))) == 2 * 3 * gates * 16 * (8 + 16)


def test_rows_grouped_by_expert_cost_one_matrix_each() -> None:
    left, right = of(6, 16).bfloat16(), of(4, 16, 32).bfloat16()
    ends = torch.empty(4, dtype=torch.int32, device="meta")
    assert counted(lambda: torch._grouped_mm(left, right, ends)) == 2 * 6 * 16 * 32
