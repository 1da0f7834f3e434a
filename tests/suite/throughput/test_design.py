"""Depths that say how long the whole takes, whatever the kinds of its layers, and no more than needed."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.suite.throughput.design import BY_KIND, BY_SIZE, Design, Layer, Layers, choose, design

SIZES = {"sliding": 100, "full": 120, "moe": 40}


def stack(kinds: list[str], beside: int = 300) -> Layers:
    return Layers(tuple(Layer(kind, kind, SIZES[kind], SIZES[kind]) for kind in kinds), beside)


def seconds(layers: Layers, depth: int, fixed: float, each: dict[str, float]) -> float:
    return fixed + sum(each[layer.kind] for layer in layers.each[:depth])


times = st.floats(1e-4, 10)
stacks = st.lists(st.sampled_from(list(SIZES)), min_size=3, max_size=30).map(stack)
each = st.fixed_dictionaries(dict.fromkeys(SIZES, times))


@given(layers=stacks, fixed=times, each=each, data=st.data())
def test_what_is_chosen_gives_the_whole_s_time_of_any_such_model(
    layers: Layers, fixed: float, each: dict[str, float], data: st.DataObject
) -> None:
    loaded = data.draw(st.integers(2, len(layers.each) - 1))
    found = choose(layers, range(loaded + 1))
    if found is None:
        # Were the whole a combination of any depths, it would be of all of them.
        assert not design(layers, range(loaded + 1)).decides
        assert not design(layers, range(loaded + 1), BY_SIZE).decides
        return
    assert max(found.depths) == loaded
    if found.by == BY_KIND:
        taken = [seconds(layers, depth, fixed, each) for depth in found.depths]
        truth = seconds(layers, len(layers.each), fixed, each)
        assert np.dot(found.weights(taken), taken) == pytest.approx(truth, rel=1e-3)
        assert found.fitted(taken) == pytest.approx(taken, rel=1e-3)


@given(layers=stacks, data=st.data())
def test_no_depth_can_be_spared_but_one(layers: Layers, data: st.DataObject) -> None:
    found = choose(layers, range(data.draw(st.integers(2, len(layers.each) - 1)) + 1))
    if found is None:
        return
    assert found.decides
    assert found.spare in (0, 1)
    assert len(found.depths) <= len(found.kinds) + 2


def test_a_kind_that_no_depth_holds_decides_nothing() -> None:
    layers = stack(["sliding"] * 5 + ["full"] * 5)
    assert choose(layers, range(6)) is None
    assert choose(layers, range(7)) is not None


def test_kinds_that_come_together_at_every_depth_need_not_be_told_apart() -> None:
    """The whole is two of what is loaded: the model without layers, and one pattern of them, say it all."""
    layers = stack(["sliding", "full", "moe", "moe"] * 2)
    found = choose(layers, (0, 4))
    assert found is not None
    assert (found.depths, found.spare) == ((0, 4), 0)


def test_layers_of_one_name_and_many_sizes_are_told_by_their_sizes() -> None:
    sizes = range(100, 200, 10)
    layers = Layers(tuple(Layer("full", f"full {size}", size, size) for size in sizes), 50)
    found = choose(layers, range(6))
    assert found is not None
    assert found.by == BY_SIZE
    taken = [1.0 + sum(list(sizes)[:depth]) for depth in found.depths]
    assert np.dot(found.weights(taken), taken) == pytest.approx(1.0 + sum(sizes))


def test_what_does_not_run_is_not_chosen() -> None:
    found = choose(stack(["full"] * 9), (2, 3, 7))
    assert found is not None
    assert set(found.depths) <= {2, 3, 7}


def test_a_deeper_stack_says_more_of_the_whole() -> None:
    layers = stack(["full"] * 40, beside=500)
    spreads = []
    for loaded in (2, 4, 8, 16):
        found = choose(layers, range(loaded + 1))
        assert found is not None
        costs = [layers.cost(depth) for depth in found.depths]
        spreads.append(found.spread(costs, layers.cost(40)))
    assert spreads == sorted(spreads, reverse=True)
    assert spreads[-1] < 1.1


@given(layers=stacks)
def test_a_design_is_what_it_was_after_the_way_from_a_child(layers: Layers) -> None:
    made = design(layers, (0, 2, 3))
    assert Design.from_json(json.loads(json.dumps(made.to_json()))) == made
