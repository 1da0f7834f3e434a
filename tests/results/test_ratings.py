"""Ratings of conversations as metrics."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.results.ratings import LEAST, MOST, rating_metrics

RATING = st.floats(LEAST, MOST)


def test_the_score_is_the_mean_over_conversations_and_lost_ratings_count_apart() -> None:
    score, lost = rating_metrics(
        [("writing", [8, 6]), ("coding", [None, 4]), ("coding", [None, None])], "mt_bench"
    )
    assert score.value == pytest.approx(5.5)
    assert sorted(score.samples) == [4, 7]
    assert score.interval is not None
    assert score.interval.count == 2
    assert lost.value == pytest.approx(0.5)
    assert sorted(lost.samples) == [0, 0.5, 1]


@given(st.lists(st.tuples(st.sampled_from("ab"), st.tuples(RATING, RATING)), min_size=1, max_size=20))
def test_the_interval_holds_the_mean_and_stays_on_the_scale(
    rated: list[tuple[str, tuple[float, float]]],
) -> None:
    score, lost = rating_metrics(rated, "mt_bench")
    assert score.interval is not None
    assert LEAST - 1e-9 <= score.interval.low <= score.value + 1e-9
    assert score.value - 1e-9 <= score.interval.high <= MOST + 1e-9
    assert score.value == pytest.approx(sum(sum(each) for _, each in rated) / 2 / len(rated))
    assert lost.value == 0
