"""Ratings that a judge gives, 1 to 10, as metrics with their intervals."""

from collections.abc import Sequence
from dataclasses import replace
from statistics import fmean

from harness.results.record import Metric
from harness.results.scores import mean_interval

LEAST, MOST = 1.0, 10.0
RATING = "/10"
"""Unit of what a judge gives."""

Rated = tuple[str, Sequence[float | None]]
"""A conversation's category, and the rating of each turn; None where the judge gave none that counts."""


def rating_metrics(rated: Sequence[Rated], dataset: str) -> list[Metric]:
    """`judge_score` and `invalid_ratings`, of at least one rating that counts.

    A conversation is one sample, since its turns are of one piece: its rating is the mean of its turns', so
    that all together have the mean over all turns, as FastChat tells it (`show_result.py`).
    """
    rated = sorted(rated, key=lambda row: row[0])
    scores = [
        (name, fmean(known)) for name, each in rated if (known := [one for one in each if one is not None])
    ]
    lost = [(name, fmean(one is None for one in each)) for name, each in rated]
    scale = MOST - LEAST
    share = mean_interval(_strata([(name, (value - LEAST) / scale) for name, value in scores]))
    bounds = {name: LEAST + scale * getattr(share, name) for name in ("value", "low", "high")}
    return [
        Metric(
            name="judge_score",
            unit=RATING,
            phase=dataset,
            value=bounds["value"],
            samples=tuple(value for _, value in scores),
            interval=replace(share, **bounds),
        ),
        _share("invalid_ratings", dataset, lost),
    ]


def _share(name: str, dataset: str, rows: Sequence[tuple[str, float]]) -> Metric:
    interval = mean_interval(_strata(rows))
    samples = tuple(value for _, value in rows)
    return Metric(
        name=name, unit="share", phase=dataset, value=interval.value, samples=samples, interval=interval
    )


def _strata(rows: Sequence[tuple[str, float]]) -> dict[str, list[float]]:
    found: dict[str, list[float]] = {}
    for name, value in rows:
        found.setdefault(name, []).append(value)
    return found
