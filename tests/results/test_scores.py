"""Scores are as sure as they say: coverage by simulation, formulas by hand, and what must hold."""

import math
import random
from collections.abc import Callable, Sequence
from itertools import combinations
from statistics import fmean

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.results.intervals import Interval
from harness.results.scores import (
    Strata,
    agreement,
    apart,
    changes,
    difference_interval,
    majority,
    mean_interval,
    mean_of,
    pass_at_k,
    scaled,
    share_interval,
)

TRIALS = 400
UNIT = st.floats(0, 1)
VALUES = st.lists(UNIT, min_size=1, max_size=40)
STRATA = st.dictionaries(st.sampled_from("abcd"), VALUES, min_size=1)

Draw = Callable[[random.Random], float]
SHAPES: dict[str, tuple[Draw, float]] = {
    "right or wrong": (lambda chance: float(chance.random() < 0.7), 0.7),
    "seldom right": (lambda chance: float(chance.random() < 0.05), 0.05),
    "in the middle": (lambda chance: chance.betavariate(5, 5), 0.5),
    "near one": (lambda chance: chance.betavariate(8, 1), 8 / 9),
    "at the ends": (lambda chance: chance.betavariate(0.3, 0.3), 0.5),
    "mostly nothing": (lambda chance: (chance.random() < 0.2) * chance.betavariate(2, 2), 0.1),
}
"""Name → how a sample's value is drawn, and the mean of all."""


def held(interval: Callable[[random.Random], Interval], truth: float) -> float:
    """In how many of the trials the interval holds the truth."""
    chance = random.Random(0)
    found = [interval(chance) for _ in range(TRIALS)]
    return sum(row.low <= truth <= row.high for row in found) / TRIALS


@pytest.mark.parametrize("count", [5, 30, 100])
@pytest.mark.parametrize(("draw", "truth"), SHAPES.values(), ids=SHAPES)
def test_a_mean_s_interval_holds_its_level(draw: Draw, truth: float, count: int) -> None:
    def interval(chance: random.Random) -> Interval:
        return mean_interval({"": [draw(chance) for _ in range(count)]})

    assert held(interval, truth) >= 0.91  # Wilson's own level is 95 % on the average of shares


def test_the_simulation_sees_what_does_not_hold_it() -> None:
    """The mean ± 1.96 standard errors, as lm_eval tells it, of five answers that are seldom wrong."""
    draw, truth = SHAPES["mostly nothing"]

    def interval(chance: random.Random) -> Interval:
        values = [draw(chance) for _ in range(5)]
        middle = fmean(values)
        reach = 1.96 * math.sqrt(sum((value - middle) ** 2 for value in values) / 4 / 5)
        return Interval(value=middle, low=middle - reach, high=middle + reach, confidence=0.95, count=5)

    assert held(interval, truth) < 0.8


@pytest.mark.parametrize("evenly", [False, True])
@pytest.mark.parametrize("sizes", [[2] * 4, [1] * 57, [2] * 57, [3, 10, 30, 90]], ids=str)
def test_a_group_s_interval_holds_its_level(sizes: Sequence[int], *, evenly: bool) -> None:
    shares = [0.05 + 0.9 * place / (len(sizes) - 1) for place in range(len(sizes))]
    weights = [1 if evenly else size for size in sizes]
    truth = sum(share * weight for share, weight in zip(shares, weights, strict=True)) / sum(weights)

    def interval(chance: random.Random) -> Interval:
        return mean_interval(
            {
                str(place): [float(chance.random() < share) for _ in range(size)]
                for place, (share, size) in enumerate(zip(shares, sizes, strict=True))
            },
            evenly=evenly,
        )

    assert held(interval, truth) >= 0.93


def test_subtasks_that_differ_make_a_group_s_interval_narrower() -> None:
    """What lies between subtasks is no chance where each is asked."""
    values = {name: [0.0] * (9 - right) + [1.0] * right for name, right in (("easy", 8), ("hard", 1))}
    pooled = mean_interval({"": [value for each in values.values() for value in each]})
    grouped = mean_interval(values)
    assert grouped.value == pooled.value
    assert grouped.high - grouped.low < 0.8 * (pooled.high - pooled.low)


def test_a_group_is_weighted_as_lm_eval_weighs_it() -> None:
    values = {"small": [1.0], "large": [0.0, 0.0, 1.0]}
    assert mean_interval(values).value == pytest.approx(2 / 4)
    assert mean_interval(values, evenly=True).value == pytest.approx((1 + 1 / 3) / 2)


@given(st.integers(1, 200), st.data())
def test_of_right_and_wrong_answers_it_is_wilson_s(count: int, data: st.DataObject) -> None:
    """Its bounds are the shares from which the one found is 1.96 of their own standard errors away."""
    right = data.draw(st.integers(0, count))
    found = share_interval([place < right for place in range(count)])
    assert (found.value, found.count) == (right / count, count)
    for bound in (found.low, found.high):
        away = (found.value - bound) ** 2 * count
        assert away == pytest.approx(1.959964**2 * bound * (1 - bound), abs=1e-6)
    assert found.low < found.value or right == 0
    assert found.high > found.value or right == count


def test_an_interval_of_ten_answers_is_the_textbook_s() -> None:
    """Wilson's for 0 and for 8 of 10, as Brown, Cai and DasGupta's formula gives them."""
    none, most = share_interval([False] * 10), share_interval([True] * 8 + [False] * 2)
    assert (none.low, none.high) == pytest.approx((0, 0.27753), abs=1e-5)
    assert (most.low, most.high) == pytest.approx((0.49016, 0.94333), abs=1e-4)


@given(STRATA, st.booleans())
def test_a_score_lies_between_its_bounds_and_they_between_0_and_1(strata: Strata, evenly: bool) -> None:
    found = mean_interval(strata, evenly=evenly)
    assert 0 <= found.low <= found.value <= found.high <= 1
    assert found.high > found.low  # so few samples are never certain
    assert found.count == sum(map(len, strata.values()))


@given(STRATA, st.floats(0.5, 0.9), st.floats(0.91, 0.999))
def test_more_confidence_is_never_narrower(strata: Strata, less: float, more: float) -> None:
    for interval in (mean_interval, difference_interval):
        inner, outer = interval(strata, confidence=less), interval(strata, confidence=more)
        assert outer.low <= inner.low + 1e-12
        assert inner.high <= outer.high + 1e-12


@given(STRATA)
def test_wrong_for_right_turns_the_interval_round(strata: Strata) -> None:
    found = mean_interval(strata)
    turned = mean_interval({name: [1 - value for value in values] for name, values in strata.items()})
    assert (turned.low, turned.high) == pytest.approx((1 - found.high, 1 - found.low), abs=1e-9)


@given(VALUES)
def test_twice_the_samples_are_surer(values: list[float]) -> None:
    once, twice = mean_interval({"": values}), mean_interval({"": values * 2})
    assert twice.high - twice.low < once.high - once.low


PAIRS: dict[str, tuple[Callable[[random.Random], float], float]] = {
    "no change": (lambda chance: chance.choice([-1, 1]) * float(chance.random() < 0.1), 0.0),
    "never a change": (lambda _: 0.0, 0.0),
    "only gains": (lambda chance: float(chance.random() < 0.08), 0.08),
    "small steps": (lambda chance: chance.gauss(0.02, 0.1), 0.02),
}


@pytest.mark.parametrize("count", [10, 40, 150])
@pytest.mark.parametrize(("draw", "truth"), PAIRS.values(), ids=PAIRS)
def test_a_difference_s_interval_holds_its_level(draw: Draw, truth: float, count: int) -> None:
    def interval(chance: random.Random) -> Interval:
        return difference_interval({"": [draw(chance) for _ in range(count)]})

    assert held(interval, truth) >= 0.93


def test_a_difference_is_bonett_and_price_s() -> None:
    """20 gained, 5 lost of 100: by hand (21 - 6)/102 ± 1.96 √((27/102 - (15/102)²)/102)."""
    found = difference_interval({"": [1.0] * 20 + [-1.0] * 5 + [0.0] * 75})
    reach = 1.959964 * math.sqrt((27 / 102 - (15 / 102) ** 2) / 102)
    assert found.value == pytest.approx(0.15)
    assert (found.low, found.high) == pytest.approx((15 / 102 - reach, 15 / 102 + reach), abs=1e-6)


@given(STRATA, st.booleans())
def test_a_difference_lies_between_its_bounds(strata: Strata, evenly: bool) -> None:
    signed = {name: [2 * value - 1 for value in values] for name, values in strata.items()}
    found = difference_interval(signed, evenly=evenly)
    assert -1 <= found.low <= found.value <= found.high <= 1


def test_paired_samples_tell_what_two_intervals_do_not() -> None:
    """Seven of 100 answers became right and none wrong: neither score's interval would show it."""
    before = {"": [1.0] * 60 + [0.0] * 40}
    after = {"": [1.0] * 67 + [0.0] * 33}
    assert not apart(mean_interval(before), mean_interval(after))
    assert difference_interval(changes(before, after)).low > 0


def test_samples_of_which_one_is_missing_are_no_pairs() -> None:
    with pytest.raises(ValueError, match="shorter"):
        changes({"": [1.0, 0.0]}, {"": [1.0]})


@given(st.integers(1, 9), st.data())
def test_pass_at_k_is_the_share_of_all_choices_with_a_right_answer(answers: int, data: st.DataObject) -> None:
    right, k = data.draw(st.integers(0, answers)), data.draw(st.integers(1, answers))
    choices = list(combinations([True] * right + [False] * (answers - right), k))
    assert pass_at_k(answers, right, k) == pytest.approx(sum(map(any, choices)) / len(choices))


@given(st.integers(1, 200), st.data())
def test_more_attempts_pass_more_often(answers: int, data: st.DataObject) -> None:
    right = data.draw(st.integers(0, answers))
    passed = [pass_at_k(answers, right, k) for k in range(1, answers + 1)]
    assert passed == sorted(passed)
    assert passed[0] == pytest.approx(right / answers)
    assert passed[-1] == (1 if right else 0)


@pytest.mark.parametrize(
    ("answers", "share", "chosen"),
    [
        (["4", "4", "5"], 2 / 3, "4"),
        (["4"], 1.0, "4"),
        (["5", "4", None, "4", "5"], 2 / 5, "5"),
        ([None, None, "7"], 1 / 3, "7"),
        ([None, None], 0.0, None),
    ],
)
def test_agreement_is_with_the_answer_given_most_often(
    answers: list[str | None], share: float, chosen: str | None
) -> None:
    assert agreement(answers) == pytest.approx(share)
    assert majority(answers) == chosen


@given(st.lists(VALUES, min_size=1, max_size=6))
def test_the_mean_of_scores_lies_between_bounds_that_more_scores_narrow(groups: list[list[float]]) -> None:
    scores = [mean_interval({"": values}) for values in groups]
    found, doubled = mean_of(scores), mean_of(scores * 4)
    assert found.low <= found.value <= found.high
    assert doubled.value == pytest.approx(found.value)
    assert doubled.high - doubled.low == pytest.approx((found.high - found.low) / 2)


def test_the_mean_of_one_score_is_that_score() -> None:
    one = mean_interval({"": [0.2, 0.9, 1.0]})
    found = mean_of([one])
    assert (found.value, found.low, found.high) == pytest.approx((one.value, one.low, one.high))


def test_the_mean_of_several_datasets_holds_its_level() -> None:
    truths = (0.3, 0.8, 0.95)

    def interval(chance: random.Random) -> Interval:
        return mean_of(
            [share_interval([chance.random() < share for _ in range(20)], 0.95) for share in truths]
        )

    assert held(interval, fmean(truths)) >= 0.93


@given(VALUES, st.floats(0, 1e6))
def test_a_rate_is_scaled_as_its_score(values: list[float], factor: float) -> None:
    one = mean_interval({"": values})
    found = scaled(one, factor)
    assert (found.value, found.low, found.high) == (factor * one.value, factor * one.low, factor * one.high)
    assert (found.confidence, found.count) == (one.confidence, one.count)
