"""Intervals of medians: they hold what they say, also for processes that drift; and simple invariants."""

import math
import random
from collections.abc import Callable
from itertools import pairwise
from statistics import median

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.results.intervals import Interval, between_processes, coverage, median_interval, samples_needed

SECONDS = st.floats(min_value=1e-6, max_value=1e3)
SAMPLES = st.lists(SECONDS, min_size=1, max_size=40)
TRIALS = 2000

Effect = Callable[[random.Random], float]
"""Draws what befalls one process, as a factor whose median is 1."""
EFFECTS: dict[str, Effect] = {
    "normal": lambda chance: 1 + 0.15 * chance.gauss(),
    "two kinds": lambda chance: chance.choice((0.85, 1.15)) + 0.01 * chance.gauss(),
    "skewed": lambda chance: math.exp(0.6 * chance.gauss()),
}
WITHIN = 0.03
"""Spread of rounds in a process, five times below that between processes, as runs of models have it."""


def drifting(chance: random.Random, effect: Effect, processes: int) -> list[list[float]]:
    """Rounds of processes whose population median is 1."""
    levels = [effect(chance) for _ in range(processes)]
    return [[level * (1 + WITHIN * chance.gauss()) for _ in range(10)] for level in levels]


def slack(confidence: float) -> float:
    """Four standard errors of a share of that size over the trials."""
    return 4 * math.sqrt(confidence * (1 - confidence) / TRIALS)


@pytest.mark.parametrize("processes", [3, 6, 11])
@pytest.mark.parametrize("effect", EFFECTS.values(), ids=EFFECTS)
def test_between_processes_the_stated_level_is_held(effect: Effect, processes: int) -> None:
    chance = random.Random(0)
    found = [between_processes(drifting(chance, effect, processes)) for _ in range(TRIALS)]
    intervals = [interval for interval in found if interval is not None]
    stated = intervals[0].confidence
    held = sum(interval.low <= 1 <= interval.high for interval in intervals) / TRIALS
    assert held >= stated - slack(stated)


def test_rounds_of_all_processes_pooled_would_not_hold_it() -> None:
    """The mistake that the module is there to prevent; and the simulation can tell the two apart."""
    chance = random.Random(0)
    runs = [drifting(chance, EFFECTS["normal"], 6) for _ in range(TRIALS)]
    pooled = [median_interval([second for rounds in run for second in rounds]) for run in runs]
    assert sum(interval.low <= 1 <= interval.high for interval in pooled) / TRIALS < 0.75


def test_two_runs_of_the_same_code_are_not_told_apart() -> None:
    """Welch's test on rounds raised false alarms in 41 % to 60 % of such pairs."""
    chance = random.Random(0)

    def apart(one: Interval | None, other: Interval | None) -> bool:
        assert one is not None
        assert other is not None
        return one.high < other.low or other.high < one.low

    pairs = [[drifting(chance, EFFECTS["normal"], 6) for _ in range(2)] for _ in range(TRIALS)]
    alarms = sum(apart(*map(between_processes, pair)) for pair in pairs) / TRIALS
    within = sum(apart(*(median_interval(run[0]) for run in pair)) for pair in pairs) / TRIALS
    assert alarms <= 0.05
    assert within > 0.4


def test_one_process_has_no_interval_between_processes() -> None:
    assert between_processes([[1.0] * 1000]) is None


def test_a_process_counts_once_however_many_rounds_it_had() -> None:
    interval = between_processes([[1.0] * 1000, [2.0], [3.0]])
    assert interval is not None
    assert (interval.value, interval.low, interval.high, interval.count) == (2.0, 1.0, 3.0, 3)


@pytest.mark.parametrize(
    ("count", "depth", "expected"),
    # By hand: 1 - 2/2^n for the range, 1 - 2 (1 + 10)/2^10 and 1 - 2 (1 + 10 + 45)/2^10.
    [
        (1, 1, 0.0),
        (3, 1, 0.75),
        (5, 1, 0.9375),
        (6, 1, 0.96875),
        (10, 2, 0.978515625),
        (10, 3, 0.890625),
        (5000, 1, 1.0),
    ],
)
def test_coverage_is_the_binomial_s(count: int, depth: int, expected: float) -> None:
    assert coverage(count, depth) == expected


@given(st.integers(2, 60), st.floats(0.5, 0.999))
def test_the_interval_is_the_narrowest_that_reaches_the_level(count: int, confidence: float) -> None:
    interval = median_interval(range(count), confidence)
    if count < samples_needed(confidence):
        assert interval.confidence < confidence
        assert (interval.low, interval.high) == (0, count - 1)
        return
    depth = round(interval.low) + 1
    assert interval.confidence >= confidence
    assert depth == (count + 1) // 2 or coverage(count, depth + 1) < confidence


@given(SAMPLES, st.floats(0.5, 0.999))
def test_the_median_lies_between_its_bounds_and_they_are_samples(samples: list[float], level: float) -> None:
    interval = median_interval(samples, level)
    assert interval.low <= interval.value <= interval.high
    assert {interval.low, interval.high} <= set(samples)
    assert interval.value == median(samples)


@given(SAMPLES, st.integers(-8, 8))
def test_another_unit_scales_all_alike(samples: list[float], exponent: int) -> None:
    """By a power of two, which loses no digit."""
    scale = 2.0**exponent
    one, other = median_interval(samples), median_interval([scale * second for second in samples])
    assert (other.value, other.low, other.high) == (scale * one.value, scale * one.low, scale * one.high)
    assert other.relative_width == pytest.approx(one.relative_width)


@given(SAMPLES, st.randoms())
def test_the_order_of_the_samples_does_not_matter(samples: list[float], chance: random.Random) -> None:
    shuffled = chance.sample(samples, len(samples))
    assert median_interval(shuffled) == median_interval(samples)


@given(SAMPLES, st.lists(st.floats(0.5, 0.999), min_size=2, max_size=5))
def test_more_confidence_is_never_narrower(samples: list[float], levels: list[float]) -> None:
    for one, other in pairwise(median_interval(samples, level) for level in sorted(levels)):
        assert other.low <= one.low <= one.high <= other.high
        assert other.confidence >= one.confidence


@given(SAMPLES.filter(lambda samples: len(samples) > 1), st.data())
def test_a_larger_sample_lowers_neither_bound(samples: list[float], data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(samples) - 1))
    raised = [second * 2 if index == at else second for index, second in enumerate(samples)]
    one, other = median_interval(samples), median_interval(raised)
    assert other.low >= one.low
    assert other.high >= one.high


def test_the_width_of_a_figure_of_nought_is_not_small() -> None:
    assert median_interval([0.0, 0.0]).relative_width == math.inf
