"""Weights are seen read once, a gather's rows alone; experts by the share that is chosen."""

import random
from statistics import mean

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from harness.suite.roofline.observe import Observer, distinct_experts


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
    assert seen.weight_bytes == 0


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
