"""Shares that end at nearly the same time, against the best division and against what no division beats."""

from itertools import product

from hypothesis import given
from hypothesis import strategies as st

from harness.matrix.ci.balance import count_for, shares

seconds = st.floats(0, 1000, allow_nan=False)


def identity(item: float) -> float:
    return item


def longest(parts: tuple[tuple[float, ...], ...]) -> float:
    return max((sum(part) for part in parts), default=0.0)


def best(items: list[float], count: int) -> float:
    """The longest share of the best division, by trying them all."""
    divisions = product(range(count), repeat=len(items))
    return min(
        max(
            sum(item for item, to in zip(items, division, strict=True) if to == number)
            for number in range(count)
        )
        for division in divisions
    )


@given(st.lists(seconds, max_size=7), st.integers(1, 3))
def test_no_share_is_longer_than_grahams_bound(items: list[float], count: int) -> None:
    assert longest(shares(items, identity, count)) <= (4 / 3 - 1 / (3 * count)) * best(items, count) + 1e-6


@given(st.lists(seconds, min_size=1, max_size=300), st.integers(1, 50))
def test_many_items_are_near_to_even(items: list[float], count: int) -> None:
    """What any division in turn to the least laden keeps to: the mean, and at most one item beside."""
    parts = shares(items, identity, count)
    assert longest(parts) <= sum(items) / len(parts) + max(items) * (1 - 1 / len(parts)) + 1e-6


@given(st.lists(seconds, max_size=100), st.integers(1, 120))
def test_each_item_is_in_one_share_and_none_is_empty(items: list[float], count: int) -> None:
    numbered = list(enumerate(items))
    parts = shares(numbered, lambda item: item[1], count)
    assert len(parts) == min(count, len(items))
    assert all(parts)
    assert sorted(item for part in parts for item in part) == numbered
    assert all(list(part) == sorted(part) for part in parts)
    assert parts == shares(numbered, lambda item: item[1], count)


@given(st.lists(seconds, min_size=1, max_size=60), st.floats(1, 2000), st.integers(1, 80))
def test_the_count_is_the_least_that_keeps_to_the_target(
    items: list[float], target: float, most: int
) -> None:
    count = count_for(items, identity, target, most)
    within = max(target, *items)
    assert 1 <= count <= min(most, len(items))
    assert longest(shares(items, identity, count)) <= within or count == min(most, len(items))
    assert count == 1 or longest(shares(items, identity, count - 1)) > within
