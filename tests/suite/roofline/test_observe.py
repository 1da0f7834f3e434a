"""Weights are seen read once, a gather's rows alone; experts by the share that is chosen."""

import random
from collections.abc import Callable
from statistics import mean

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from harness.results.sheet import distinct_experts
from harness.suite.roofline.observe import Observer


@given(st.data())
def test_a_batch_reads_between_one_tokens_experts_and_all(data: st.DataObject) -> None:
    experts = data.draw(st.integers(1, 256))
    each = data.draw(st.integers(1, experts))
    tokens = data.draw(st.integers(1, 4096))
    expected = distinct_experts(experts, each, tokens)
    assert expected == pytest.approx(each) if tokens == 1 else expected >= each * (1 - 1e-9)
    assert expected <= min(experts, each * tokens) * (1 + 1e-9)
    assert distinct_experts(experts, each, tokens + 1) >= expected


def test_the_expected_number_is_what_even_choices_give() -> None:
    draws = random.Random(0)
    seen = [len({e for _ in range(16) for e in draws.sample(range(64), 6)}) for _ in range(2000)]
    assert distinct_experts(64, 6, 16) == pytest.approx(mean(seen), rel=0.01)


def test_a_weight_used_twice_is_read_once_and_an_unused_one_never() -> None:
    used, unused = torch.nn.Linear(8, 8, bias=False), torch.nn.Linear(8, 8)
    with Observer(torch.nn.ModuleList([used, unused])) as seen:
        used(used(torch.zeros(3, 8)))
    assert seen.weight_bytes == used.weight.nbytes
    assert seen.flops == 2 * 2 * 3 * 64


def test_a_look_at_a_weights_shape_or_dtype_reads_nothing() -> None:
    layer = torch.nn.Linear(8, 8)
    with Observer(layer) as seen:
        assert layer.weight.shape[0] == 8
        assert layer.weight.dtype is torch.float32
        assert layer.weight.size(0) == len(layer.weight) == 8
        assert layer.weight.dim() == layer.weight.T.dim() == 2
        assert layer.weight.is_contiguous()
    assert seen.weight_bytes == 0


VIEWS: dict[str, Callable[[torch.Tensor], torch.Tensor]] = {
    "T": lambda weight: weight.T,
    "mT": lambda weight: weight.mT,
    "data": lambda weight: weight.data,
    "data.T": lambda weight: weight.data.T,
    "transpose": lambda weight: weight.transpose(0, 1),
    "view": lambda weight: weight.view(2, 4, 8).view(8, 8),
    "to the same": lambda weight: weight.to(torch.float32),
    "slice of all": lambda weight: weight[:],
}


@pytest.mark.parametrize("device", ["cpu", "meta"])
@pytest.mark.parametrize("view", VIEWS.values(), ids=VIEWS)
def test_a_weight_is_read_through_its_views_and_not_by_making_them(
    view: Callable[[torch.Tensor], torch.Tensor], device: str
) -> None:
    layer = torch.nn.Linear(8, 8, bias=False, device=device)
    with torch.inference_mode(), Observer(layer) as seen:
        seen_through = view(layer.weight)
        assert seen.weight_bytes == 0
        torch.zeros(3, 8, device=device) @ seen_through
    assert seen.weight_bytes == layer.weight.nbytes


@pytest.mark.parametrize("device", ["cpu", "meta"])
def test_parts_of_a_weight_are_read_for_what_they_are(device: str) -> None:
    layer = torch.nn.Linear(8, 12, bias=False, device=device)
    x = torch.zeros(3, 8, device=device)
    with Observer(layer) as seen:
        query, key, _ = layer.weight.chunk(3)
        x @ query.T
        assert seen.weight_bytes == layer.weight.nbytes / 3
        x @ key.T + x @ layer.weight[8:].T
    assert seen.weight_bytes == layer.weight.nbytes


def test_weights_that_lie_in_one_block_are_told_apart() -> None:
    """As those of recurrent layers on an accelerator do."""
    block = torch.zeros(2, 4, 4)
    model = torch.nn.ParameterList([torch.nn.Parameter(part) for part in block])
    with Observer(model) as seen:
        torch.zeros(1, 4) @ model[1].T
        torch.zeros(1, 4) @ model[1].data
    assert seen.weight_bytes == model[1].nbytes


def test_a_weight_used_without_its_module_being_called_is_read() -> None:
    layer = torch.nn.Conv1d(4, 4, 3)
    with Observer(layer) as seen:
        torch.nn.functional.conv1d(torch.zeros(1, 4, 9), layer.weight)
    assert seen.weight_bytes == layer.weight.nbytes


def test_an_embedding_reads_its_rows_and_at_most_the_table() -> None:
    table = torch.nn.Embedding(10, 8)
    for rows, read in ((3, 3), (50, 10)):
        with Observer(table) as seen:
            table(torch.zeros(rows, dtype=torch.long))
        assert seen.weight_bytes == read * 8 * 4
