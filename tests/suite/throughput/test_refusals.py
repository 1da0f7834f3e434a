"""What cannot be run is said before anything is allocated, and what can be is not refused."""

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from harness.matrix.cells import Parameters
from harness.suite.outcomes import Unsupported
from harness.suite.throughput.refusals import Need, require_dtype, require_room
from harness.suite.throughput.workload import Workload

MakeWorkload = Callable[..., Workload]
PARAMETERS = Parameters(batch=2, input_tokens=10, output_tokens=4)
LIMIT = 8 << 30


@pytest.mark.parametrize(
    ("name", "changed", "said"),
    [
        ("llama", {"layers": 5}, "--layers 5: llama has 4; ask for 4 or fewer"),
        ("resnet", {"layers": 1}, "--layers 1: resnet has no stack of layers that could be cut"),
        ("gpt2", {"input_tokens": 10**6}, r"1000004 tokens are asked for, and the model has \d+ positions"),
        ("bert", {"input_tokens": 10**6}, r"1000000 tokens are asked for, and the model has \d+ positions"),
    ],
)
def test_what_cannot_be_run_is_said_in_a_sentence(
    name: str, changed: dict[str, Any], said: str, make_workload: MakeWorkload
) -> None:
    work = make_workload(name)
    cell = replace(work.cell, parameters=replace(PARAMETERS, **changed))
    with pytest.raises(Unsupported, match=said):
        Workload.of(cell, LIMIT)


def test_a_dtype_without_products_is_said_in_a_sentence() -> None:
    with pytest.raises(Unsupported, match=r"cpu cannot multiply in torch\.float8_e8m0fnu: "):
        require_dtype(torch.float8_e8m0fnu, "cpu")


def test_the_largest_batch_that_fits_is_named_and_does(make_workload: MakeWorkload) -> None:
    cell = make_workload("llama").cell

    def asked(batch: int) -> Workload:
        return Workload.of(replace(cell, parameters=replace(PARAMETERS, batch=batch)), LIMIT)

    with pytest.raises(
        Unsupported, match=r"batch of 100000000 needs at least .* the largest that fits is"
    ) as told:
        asked(10**8)
    largest = int(re.findall(r"\d+", str(told.value))[-1])
    assert largest > 1000
    assert asked(largest // 2)
    with pytest.raises(Unsupported, match="the largest that fits is"):
        asked(largest * 2)


@given(st.integers(0, 10**12), st.integers(1, 10**10), st.integers(1, 10**6), st.integers(0, 10**13))
def test_a_batch_is_refused_where_it_is_larger_than_the_largest(
    fixed: int, each: int, batch: int, limit: int
) -> None:
    need = Need(fixed, each)
    largest = need.largest(limit)
    assert need.at(largest) <= limit < need.at(largest + 1)
    if batch <= largest:
        require_room(need, batch, limit)
    else:
        with pytest.raises(
            Unsupported, match=f"fits is {largest}$" if largest > 0 else "not one sequence fits"
        ):
            require_room(need, batch, limit)


def test_as_many_layers_as_were_asked_for_are_loaded(make_workload: MakeWorkload) -> None:
    cell = make_workload("llama").cell
    work = Workload.of(replace(cell, parameters=replace(PARAMETERS, layers=2)), LIMIT)
    assert work.layers == work.model.config.num_hidden_layers == 2
    assert Workload.of(replace(cell, parameters=replace(PARAMETERS, layers=4)), LIMIT).layers is None


def test_a_dtype_that_the_device_has_is_not_refused() -> None:
    for dtype in (torch.float32, torch.bfloat16):
        require_dtype(dtype, "cpu")
