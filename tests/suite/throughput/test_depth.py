"""The depth that fits, and the line that stands for what does not."""

from dataclasses import replace
from itertools import product

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from harness.matrix.records import Matrix, Model
from harness.suite.models.build import full_config
from harness.suite.outcomes import Unsupported
from harness.suite.throughput.depth import (
    CONFIDENCE,
    USABLE,
    Size,
    depth_that_fits,
    estimate,
    measure_size,
    shallow_depths,
)

sizes = st.builds(
    lambda rest, layer, layers: Size(rest + layer * layers, layer, layers),
    rest=st.integers(0, 10**10),
    layer=st.integers(1, 10**9),
    layers=st.integers(2, 200),
)
seconds = st.floats(1e-4, 1e3)


@given(size=sizes, bytes_each=st.sampled_from([2, 4]), limit=st.integers(1, 10**13))
def test_the_depth_fits_and_one_more_layer_would_not(size: Size, bytes_each: int, limit: int) -> None:
    try:
        fits = depth_that_fits(size, bytes_each, limit)
    except Unsupported:
        assert size.at(2) * bytes_each > USABLE * limit or (size.layers or 0) <= 2
        return
    if fits is None:
        assert size.whole * bytes_each <= USABLE * limit
        return
    slack = 1e-9 * limit  # of the arithmetic in floating point
    assert 2 <= fits < (size.layers or 0)
    assert size.at(fits) * bytes_each <= USABLE * limit + slack
    assert size.at(fits + 1) * bytes_each > USABLE * limit - slack


@given(size=sizes)
def test_without_a_limit_everything_fits(size: Size) -> None:
    assert depth_that_fits(size, 4, None) is None


@pytest.mark.parametrize("size", [Size(10**9, 0, None), Size(10**9, 0, 1), Size(10**9, 0, 12)])
def test_what_has_no_stack_to_shorten_is_unsupported_and_says_its_size(size: Size) -> None:
    with pytest.raises(Unsupported, match=r"4\.0 GB do not fit"):
        depth_that_fits(size, 4, 10**9)


def test_two_layers_that_do_not_fit_are_unsupported_and_the_need_would_do() -> None:
    size = Size(10**9 + 40 * 10**8, 10**8, 40)
    with pytest.raises(Unsupported, match=r"need 8\.0 GB; the limit is 4\.0 GB"):
        depth_that_fits(size, 4, 4 * 10**9)
    assert depth_that_fits(size, 4, 8 * 10**9) == 2


@given(fits=st.integers(2, 500))
def test_depths_measured_beside_the_deepest_are_shallower_and_real(fits: int) -> None:
    assert all(1 <= depth < fits for depth in shallow_depths(fits))
    assert shallow_depths(fits)


def test_parameters_at_a_depth_are_those_of_the_model_of_that_depth(matrix: Matrix) -> None:
    row = next(model for model in matrix.models if model.id == "gpt2")
    size = measure_size(row)
    for layers in (1, 5, 12):
        shorter = replace(full_config(row), n_layer=layers)
        assert size.at(layers) == count(row, shorter.n_layer)


def count(row: Model, layers: int) -> int:
    """Parameters by another way: of one model on the meta device."""
    import torch
    import transformers

    with torch.device("meta"):
        built = transformers.AutoModelForCausalLM.from_config(full_config(row, layers))
    return sum(parameter.numel() for parameter in built.parameters())


# The line.


@given(
    fixed=seconds,
    each=seconds,
    depths=st.sets(st.integers(1, 100), min_size=2, max_size=3),
    rounds=st.integers(1, 6),
    further=st.integers(1, 200),
)
def test_an_exact_line_is_recovered_and_its_interval_is_a_point(
    fixed: float, each: float, depths: set[int], rounds: int, further: int
) -> None:
    layers = max(depths) + further
    truth = fixed + each * layers
    value, found = estimate({depth: [fixed + each * depth] * rounds for depth in depths}, layers)
    assert value == pytest.approx(truth, rel=1e-6)
    assert found.low <= value <= found.high
    assert (found.low, found.high) == pytest.approx((truth, truth), rel=1e-6)
    assert found.layers == layers
    assert found.depths == tuple(sorted(depths))
    assert found.confidence == CONFIDENCE


@given(
    samples=st.dictionaries(
        st.integers(1, 50), st.lists(seconds, min_size=1, max_size=6), min_size=2, max_size=3
    ),
    further=st.integers(1, 100),
)
def test_whatever_the_rounds_were_the_bounds_are_in_order_and_more_layers_take_no_less_time(
    samples: dict[int, list[float]], further: int
) -> None:
    value, found = estimate(samples, max(samples) + further)
    assert min(samples[max(samples)]) <= found.low <= value <= found.high < float("inf")


def noisy(noise: float, rounds: int = 5) -> dict[int, list[float]]:
    """Rounds at 4 and 8 layers of 1 + 0.5·layers seconds, off by up to `noise`, differently at each."""
    spread = [noise * step / (rounds - 1) for step in range(rounds)]
    return {4: [3 + off for off in spread], 8: [5 - off for off in spread]}


@given(noise=st.floats(1e-3, 0.5), factor=st.floats(1.5, 3))
def test_the_interval_widens_with_the_noise(noise: float, factor: float) -> None:
    assume(noise * factor < 1)
    quiet, loud = (estimate(noisy(level), 40)[1] for level in (noise, noise * factor))
    assert loud.high - loud.low > quiet.high - quiet.low > 0


def test_the_interval_widens_with_the_distance() -> None:
    near, far = (estimate(noisy(0.1), layers)[1] for layers in (10, 80))
    assert far.high - far.low > near.high - near.low


def test_one_disturbed_round_does_not_move_the_line() -> None:
    calm = {4: [3.0, 3.01, 2.99, 3.0, 3.0], 8: [5.0, 5.01, 4.99, 5.0, 5.0]}
    disturbed = {**calm, 8: [5.0, 5.01, 4.99, 5.0, 9.0]}
    assert estimate(disturbed, 40)[0] == pytest.approx(estimate(calm, 40)[0], rel=0.02)


def test_the_truth_lies_within_the_interval_as_often_as_is_said() -> None:
    """Over many machines with noise of one percent, at the least; the seed is fixed, the share is exact."""
    import random

    chance = random.Random(0)
    held = 0
    for _ in range(400):
        samples: dict[int, list[float]] = {6: [], 12: []}
        for _, depth in product(range(5), samples):
            samples[depth].append((0.3 + 0.1 * depth) * chance.gauss(1, 0.01))
        found = estimate(samples, 40)[1]
        held += found.low <= 4.3 <= found.high
    assert held / 400 > CONFIDENCE - 0.1
