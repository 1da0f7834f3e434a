"""What one process timed of one phase: seconds by round, and how they become figures.

It holds what JSON holds and needs no torch: a child of the suite sends it to the parent, which has imported
the libraries and must start none of their threads.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Self

from harness.suite.throughput.design import Design

TOTAL, TTFT, TPOT = "total", "ttft", "tpot"
"""The series of seconds that a round can give; every round gives `total`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A figure as a function of one series' seconds: `factor` times them or, of a rate, over them."""

    name: str
    unit: str
    series: str
    rate: bool
    factor: float
    whole: float
    """The factor for the whole model, where only a part of it is loaded."""

    def of(self, seconds: float, *, whole: bool = False) -> float:
        """The figure for so many seconds, above 0."""
        factor = self.whole if whole else self.factor
        return factor / seconds if self.rate else factor * seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Rounds:
    """One series at one depth, in the order it was taken; seconds."""

    series: str
    layers: int | None
    """None where the whole model is loaded."""
    seconds: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Amount:
    """What has one value in a process, such as a peak of memory."""

    name: str
    unit: str
    value: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Timed:
    """A phase in one process."""

    phase: str
    layers: int | None
    """The depth that is loaded; None where it is the whole model's, or no model's."""
    rounds: tuple[Rounds, ...]
    gaps: tuple[tuple[float, ...], ...] = ()
    """Seconds between successive tokens, a round each."""
    figures: tuple[Figure, ...] = ()
    amounts: tuple[Amount, ...] = ()
    design: Design | None = None
    """The depths that the whole is estimated from; None where nothing is."""
    disturbed: tuple[str, ...] = ()
    """What disturbed the rounds, each in words with its amount."""
    unread: tuple[str, ...] = ()
    """Signs of disturbance that cannot be seen here."""
    warm_up: str = ""
    """How the warm-up ended, in words."""
    settled: bool | None = None
    """None where the rounds were too few to tell, or there is nothing to warm up."""

    def series(self, name: str) -> dict[int | None, tuple[float, ...]]:
        """Depth → seconds of that series."""
        return {rounds.layers: rounds.seconds for rounds in self.rounds if rounds.series == name}

    def to_json(self) -> dict[str, Any]:
        """The record as JSON has it."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """The inverse of `to_json`; TypeError or KeyError where `data` is something else."""
        return cls(
            **dict(data)
            | {
                "rounds": tuple(Rounds(**row | {"seconds": tuple(row["seconds"])}) for row in data["rounds"]),
                "gaps": tuple(tuple(gaps) for gaps in data["gaps"]),
                "figures": tuple(Figure(**row) for row in data["figures"]),
                "amounts": tuple(Amount(**row) for row in data["amounts"]),
                "disturbed": tuple(data["disturbed"]),
                "unread": tuple(data["unread"]),
                "design": Design.from_json(data["design"]) if data["design"] else None,
            }
        )


def rounds_of(series: Mapping[str, Mapping[int | None, Sequence[float]]]) -> tuple[Rounds, ...]:
    """Series → depth → seconds as records."""
    return tuple(
        Rounds(series=name, layers=layers, seconds=tuple(seconds))
        for name, by_depth in series.items()
        for layers, seconds in by_depth.items()
    )
