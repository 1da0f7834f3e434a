"""The front holds whom nobody beats, and a picture only what is comparable."""

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import ResultsError
from harness.results.intervals import Interval
from harness.results.pareto import AXES, Against, Point, front, picture
from harness.results.record import Outcome, Result
from harness.results.standings import standings
from tests.results.evaluated import answers, cell, rated, result

SPEED, MEMORY = AXES
HALF, MOST = [1.0, 0.0] * 20, [1.0] * 36 + [0.0] * 4


def point(quality: float, cost: float | None, name: str = "") -> Point:
    interval = Interval(value=quality, low=quality, high=quality, confidence=0.95, count=1)
    return Point(name=name, quality=interval, speed=cost, memory=cost)


POINTS = st.lists(
    st.builds(point, st.integers(0, 5).map(lambda part: part / 5), st.none() | st.integers(1, 6).map(float)),
    max_size=12,
)


def beaten(one: Point, other: Point, axis: Against) -> bool:
    """By the definition: as good in both, better in one."""
    mine, theirs = axis.value(one), axis.value(other)
    if mine is None or theirs is None:
        return False
    ahead = theirs - mine if axis.more_is_better else mine - theirs
    better = other.quality.value - one.quality.value
    return min(ahead, better) >= 0 and max(ahead, better) > 0


@pytest.mark.parametrize("axis", AXES, ids=lambda axis: axis.label)
@given(points=POINTS)
def test_the_front_is_whom_no_other_beats(points: list[Point], axis: Against) -> None:
    known = [one for one in points if axis.value(one) is not None]
    expected = [one for one in known if not any(beaten(one, other, axis) for other in known)]
    found = front(points, axis)
    assert sorted(map(id, found)) == sorted(map(id, expected))
    for cheaper, dearer in pairwise(found):
        assert cheaper.quality.value <= dearer.quality.value


def asked(model: str, dataset: str, right: list[float], **questions: Any) -> Result:
    given = answers(dataset, right, seconds=0.5)
    return result(cell(model, dataset, **questions), given, memory_bytes=4_000_000_000)


def test_a_point_is_the_mean_of_datasets_that_count_alike() -> None:
    rows = standings([asked("qwen3_8b", "gsm8k", MOST), asked("qwen3_8b", "humaneval", HALF[:20])])
    (only,) = picture(rows).points
    assert only.quality.value == pytest.approx((0.9 + 0.5) / 2)
    assert only.quality.low < only.quality.value < only.quality.high
    assert only.speed == pytest.approx(2)
    assert only.memory == 4


def test_ratings_are_averaged_with_shares_as_their_place_on_the_scale() -> None:
    rows = standings([asked("qwen3_8b", "gsm8k", HALF), rated("qwen3_8b", [7.75] * 4)])
    (only,) = picture(rows).points
    assert only.quality.value == pytest.approx((0.5 + 0.75) / 2)


def test_who_was_not_asked_the_same_is_left_out_by_name() -> None:
    rows = standings(
        [
            *(asked(model, data, HALF) for model in ("qwen3_8b", "llama31_8b") for data in ("gsm8k", "mmlu")),
            asked("phi35_mini", "gsm8k", MOST),
            result(cell("phi35_mini", "mmlu"), outcome=Outcome.OOM, message="out of memory"),
        ]
    )
    shown = picture(rows)
    assert [column.dataset for column in shown.columns] == ["gsm8k", "mmlu"]
    assert [each.name for each in shown.points] == ["llama31_8b", "qwen3_8b"]
    assert shown.left_out == ("phi35_mini",)


def test_one_that_was_asked_more_does_not_empty_the_picture() -> None:
    rows = standings(
        [
            *(asked(model, "gsm8k", HALF) for model in ("qwen3_8b", "llama31_8b", "phi35_mini")),
            asked("qwen3_8b", "mmlu", HALF),
        ]
    )
    assert len(picture(rows).points) == 3


def test_time_that_was_not_measured_of_all_is_no_speed() -> None:
    rows = standings(
        [
            asked("qwen3_8b", "gsm8k", HALF),
            result(cell("qwen3_8b", "mmlu"), answers("mmlu", HALF, seconds=None)),
        ]
    )
    (only,) = picture(rows).points
    assert (only.speed, only.memory) == (None, None)


def test_sample_data_has_no_place_beside_a_benchmark() -> None:
    sample = result(cell("qwen3_8b", "gsm8k", data="sample"), answers("gsm8k", HALF))
    with pytest.raises(ResultsError, match="no place in one picture"):
        picture(standings([sample, asked("llama31_8b", "gsm8k", HALF)]))
    assert not picture(standings([sample])).columns[0].is_benchmark


def test_of_nothing_there_is_no_picture() -> None:
    failed = result(cell("qwen3_8b", "gsm8k"), outcome=Outcome.OOM, message="out of memory")
    with pytest.raises(ResultsError, match="no model's answers to this were scored"):
        picture(standings([failed]))


def test_answers_that_are_no_model_s_are_no_point() -> None:
    gold = asked("qwen3_8b", "gsm8k", [1.0] * 40, engine="gold")
    shown = picture(standings([gold, asked("phi35_mini", "gsm8k", HALF)]))
    assert [each.name for each in shown.points] == ["phi35_mini"]
    with pytest.raises(ResultsError, match="no model's answers"):
        picture(standings([gold]))
