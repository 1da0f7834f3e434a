"""Warm-up ends where the times do: on series whose truth is known."""

import math
import random
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.suite.throughput.settling import LEAST, settling

Shape = Callable[[int, int], float]
"""Round and rounds → its time without noise, in seconds."""
TRIALS = 200
SERIES = st.lists(st.floats(min_value=1e-6, max_value=1e3), min_size=1, max_size=40)


def after(shape: Shape, rounds: int, noise: float) -> list[int | None]:
    """What is said of so many series of that shape, each with other noise (a share of the time)."""
    chance = random.Random(0)
    return [
        settling([shape(at, rounds) * (1 + noise * chance.gauss()) for at in range(rounds)]).after
        for _ in range(TRIALS)
    ]


def flat(_: int, __: int) -> float:
    return 1.0


def cold(at: int, _: int) -> float:
    return 5.0 if at == 0 else 1.0


def decay(at: int, _: int) -> float:
    return 1 + 2 * math.exp(-at / 2)


def slow_decay(at: int, _: int) -> float:
    return 1 + 0.5 * math.exp(-at / 10)


def faster_drift(at: int, _: int) -> float:
    return 1 - 0.01 * at


def slower_drift(at: int, _: int) -> float:
    return 1 + 0.01 * at


def early_step(at: int, rounds: int) -> float:
    return 1.3 if at < 0.3 * rounds else 1.0


def early_slowdown(at: int, rounds: int) -> float:
    return 1.0 if at < 0.3 * rounds else 1.3


def late_step(at: int, rounds: int) -> float:
    return 1.3 if at < 0.7 * rounds else 1.0


@pytest.mark.parametrize("rounds", [LEAST, 10, 20, 30])
@pytest.mark.parametrize("noise", [1e-6, 0.01, 0.1])
def test_what_does_not_change_has_settled(rounds: int, noise: float) -> None:
    found = after(flat, rounds, noise)
    assert found.count(None) <= 0.1 * TRIALS
    assert found.count(0) >= 0.4 * TRIALS  # more are left out now and then, by noise


@pytest.mark.parametrize("rounds", [LEAST, 10, 20])
def test_one_cold_round_is_always_left_out(rounds: int) -> None:
    found = after(cold, rounds, 0.03)
    assert 0 not in found
    assert found.count(1) >= 0.4 * TRIALS


@pytest.mark.parametrize("rounds", [12, 20, 30])
def test_of_a_decay_no_round_is_kept_that_is_well_above_the_rest(rounds: int) -> None:
    kept = [k for k in after(decay, rounds, 0.03) if k is not None]
    assert len(kept) >= 0.5 * TRIALS
    assert max(decay(k, rounds) for k in kept) < 1.2


@pytest.mark.parametrize(("shape", "rounds"), [(early_step, 20), (early_slowdown, 20), (early_step, 10)])
def test_a_step_is_left_behind_whichever_way_it_goes(shape: Shape, rounds: int) -> None:
    kept = [k for k in after(shape, rounds, 0.02) if k is not None]
    assert len(kept) >= 0.9 * TRIALS
    assert min(kept) >= 0.3 * rounds


@pytest.mark.parametrize("shape", [faster_drift, slower_drift, slow_decay])
@pytest.mark.parametrize("rounds", [20, 30])
def test_what_drifts_all_along_never_settled(shape: Shape, rounds: int) -> None:
    assert after(shape, rounds, 0.01).count(None) >= 0.98 * TRIALS


def test_a_late_step_has_not_settled() -> None:
    assert after(late_step, 30, 0.02).count(None) >= 0.95 * TRIALS


def test_one_disturbed_round_is_no_drift() -> None:
    def disturbed(at: int, rounds: int) -> float:
        return 3.0 if at == rounds - 2 else 1.0

    assert after(disturbed, 20, 0.02).count(None) <= 0.1 * TRIALS


def test_a_sure_trend_of_no_consequence_has_settled() -> None:
    assert settling([1 + 1e-4 * at for at in range(30)]).after is not None


def test_a_coarse_clock_s_equal_times_have_settled() -> None:
    assert settling([0.25] * 10).after == 0


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        ([1.0] * 10, "settled after 0 rounds"),
        ([9.0] + [1.0] * 10, "settled after 1 round"),
        ([1.0] * 5, "5 rounds are too few to tell whether they settled: 6 are needed"),
        ([1 + at for at in range(20)], "never settled in 20 rounds: the last still get slower, by 58.1%"),
        ([40 - at for at in range(20)], "never settled in 20 rounds: the last still get faster, by 35.3%"),
    ],
)
def test_the_answer_in_words(seconds: list[float], said: str) -> None:
    assert str(settling(seconds)) == said


@given(SERIES, st.integers(-8, 8))
def test_another_unit_gives_the_same_answer(seconds: list[float], exponent: int) -> None:
    scaled = [second * 2.0**exponent for second in seconds]
    assert settling(scaled) == settling(seconds)


@given(SERIES)
def test_at_most_half_is_left_out_and_the_rest_can_be_tested(seconds: list[float]) -> None:
    found = settling(seconds).after
    if found is not None:
        assert 0 <= found <= len(seconds) / 2
        assert len(seconds) - found >= LEAST - 1
