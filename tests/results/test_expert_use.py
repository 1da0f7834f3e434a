"""Figures of expert use are those of a distribution, and come back from what a cell left."""

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.results.expert_use import LayerUse, Use, metrics, uses
from harness.results.record import Result
from tests.results.evaluated import answers, cell, result

COUNTS = {"model.layers.0.mlp.experts": [5, 5, 5, 5], "model.layers.1.mlp.experts": [8, 0, 0, 0]}


def use(*counts: int) -> LayerUse:
    return LayerUse(name="model.layers.3.mlp.experts", counts=counts)


@given(st.lists(st.integers(0, 10**6), min_size=1, max_size=256).filter(any))
def test_figures_are_those_of_a_distribution(found: list[int]) -> None:
    row = use(*found)
    assert 0 < row.experts_used <= 1
    assert -1e-9 <= row.entropy <= 1 + 1e-9
    assert 1 - 1e-9 <= row.imbalance <= len(found) + 1e-9
    assert math.isclose(sum(row.loads), len(found), rel_tol=1e-9)
    assert math.isclose(row.entropy, use(*sorted(found)).entropy, abs_tol=1e-9)


@pytest.mark.parametrize(
    ("found", "used", "entropy", "imbalance"),
    [((5, 5, 5, 5), 1, 1, 1), ((8, 0, 0, 0), 0.25, 0, 4), ((4, 4, 0, 0), 0.5, 0.5, 2)],
)
def test_the_extremes(found: tuple[int, ...], used: float, entropy: float, imbalance: float) -> None:
    row = use(*found)
    assert (row.experts_used, row.entropy, row.imbalance) == (used, entropy, imbalance)
    told = [(metric.name, metric.phase, metric.samples) for metric in metrics([row, use(1, 1)], "gsm8k")]
    assert told == [
        ("experts_used", "gsm8k", (used, 1)),
        ("expert_entropy", "gsm8k", (entropy, 1)),
        ("expert_imbalance", "gsm8k", (imbalance, 1)),
    ]
    assert metrics([], "gsm8k") == ()


def test_a_layer_has_the_number_in_its_name() -> None:
    assert use(1).layer == 3
    assert LayerUse(name="experts", counts=(1,)).layer is None


def evaluated(model: str, **facts: object) -> Result:
    return result(cell(model, "gsm8k"), answers("gsm8k", [1.0, 0.0]), facts=facts)


def test_what_a_cell_left_is_read_and_dense_models_are_not_named() -> None:
    silent = "not measured: nobody was told"
    found = list(
        uses(
            [
                evaluated("mixtral_8x7b", expert_use=COUNTS),
                evaluated("qwen3_8b"),
                evaluated("dbrx_instruct", expert_use=silent),
            ]
        )
    )
    assert [(row.model, row.dataset, row.reason) for row in found] == [
        ("mixtral_8x7b", "gsm8k", ""),
        ("dbrx_instruct", "gsm8k", silent),
    ]
    assert [(row.layer, row.counts) for row in found[0].layers] == [(0, (5,) * 4), (1, (8, 0, 0, 0))]
    document = json.loads(json.dumps(found[0].to_json()))
    assert [layer["imbalance"] for layer in document["layers"]] == [1, 4]
    assert isinstance(found[0], Use)
