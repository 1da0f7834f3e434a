"""Quality against what it costs: a point a model, and those that no other beats in both."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from harness.errors import ResultsError
from harness.results.intervals import Interval
from harness.results.score_table import memory_gb, name, questions_per_s
from harness.results.scores import mean_of
from harness.results.standings import Column, Standing, Who, is_made_up


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """A model, as it was asked, over all the datasets of the picture."""

    name: str
    quality: Interval
    """The mean of the datasets' scores as shares, each counting alike."""
    speed: float | None
    """Questions answered a second, of all of them."""
    memory: float | None
    """The most that was in use, in 10⁹ bytes."""

    def to_json(self) -> dict[str, Any]:
        """For a program."""
        return asdict(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Against:
    """What quality is held against."""

    label: str
    value: Callable[[Point], float | None]
    more_is_better: bool


AXES = (
    Against(label="questions answered a second", value=lambda point: point.speed, more_is_better=True),
    Against(label="memory, GB at most", value=lambda point: point.memory, more_is_better=False),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """Points that are comparable: all were asked the same."""

    columns: tuple[Column, ...]
    points: tuple[Point, ...]
    left_out: tuple[str, ...]
    """Models that something was scored of, but not all that is in the picture."""


def picture(rows: Sequence[Standing]) -> Picture:
    """A point for every model that answered the same questions; the others are left out by name.

    ResultsError where no model was scored, or where scores are on the questions of several data roots.
    """
    scored = [row for row in rows if row.interval is not None and not is_made_up(row.who)]
    if not scored:
        raise ResultsError(
            "no model's answers to this were scored, and nothing is drawn: `harness results scores` says why"
        )
    roots = sorted({row.column.data for row in scored})
    if len(roots) > 1:
        raise ResultsError(
            f"scores on data of {' and of '.join(roots)} have no place in one picture: name the runs of one"
        )
    answered: dict[Who, dict[Column, Standing]] = {}
    for row in scored:
        answered.setdefault(row.who, {})[row.column] = row
    columns = _common([frozenset(each) for each in answered.values()])
    everybody = tuple(answered)
    whole = {
        who: [each[column] for column in columns] for who, each in answered.items() if columns <= each.keys()
    }
    return Picture(
        columns=tuple(sorted(columns)),
        points=tuple(_point(name(who, everybody), each) for who, each in sorted(whole.items())),
        left_out=tuple(name(who, everybody) for who in sorted(answered.keys() - whole.keys())),
    )


def front(points: Sequence[Point], axis: Against) -> tuple[Point, ...]:
    """Those that no other beats in quality and cost at once (Pareto), from the cheapest on.

    A point is beaten by one that is as good in both and better in one. It is judged by the scores themselves:
    where intervals overlap, another choice of questions might have put others there.
    """
    known = [point for point in points if axis.value(point) is not None]
    sign = -1.0 if axis.more_is_better else 1.0

    def cost(point: Point) -> float:
        value = axis.value(point)
        assert value is not None
        return sign * value

    found: list[Point] = []
    for point in sorted(known, key=lambda point: (cost(point), -point.quality.value)):
        last = found[-1] if found else None
        if (
            last is None
            or point.quality.value > last.quality.value
            or (cost(point), point.quality.value) == (cost(last), last.quality.value)
        ):
            found.append(point)
    return tuple(found)


def _common(answered: Sequence[frozenset[Column]]) -> frozenset[Column]:
    """Of the sets of questions that somebody answered, that with the most points × datasets.

    So neither a model that stopped early empties the picture, nor one that was asked more.
    """

    def size(columns: frozenset[Column]) -> tuple[int, list[Column]]:
        return len(columns) * sum(columns <= each for each in answered), sorted(columns)

    return max(answered, key=size)


def _point(called: str, rows: Sequence[Standing]) -> Point:
    timed = all(row.seconds for row in rows)
    return Point(
        name=called,
        quality=mean_of([row.quality for row in rows if row.quality is not None]),
        speed=questions_per_s(rows) if timed else None,
        memory=memory_gb(rows) if all(row.memory_bytes for row in rows) else None,
    )
