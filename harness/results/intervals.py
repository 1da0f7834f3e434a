"""How sure a median is: intervals that assume nothing of how the samples are distributed.

The interval lies between two order statistics. A sample falls below the population's median with
probability 1/2, so the number that do is binomial, and the chance that the median lies between the d-th
smallest and the d-th largest of n samples is exactly 1 - 2 P(Bin(n, 1/2) < d) for any continuous
distribution, and at least that where samples tie (Hahn and Meeker, Statistical Intervals, 1991,
chapter 5; David and Nagaraja, Order Statistics, 3rd ed., section 7.1).

Why this and neither of the others: the level is exact, and can be said for 3 processes as for 30. Student's t
is for a mean, and holds its level where process medians are normal; they may be of two kinds or skewed, and
then its 95 % were 93 to 97 % in a simulation with 5 to 11 processes. The bootstrap of the median, which
never leaves the range of the samples, held 93 % even where they were normal. The price is that fewer than 6
processes cannot give 95 %: what they do give is said.

Rounds of a process share what befell that process: runs drift by 15 % from one process to the next and by
3 % within one. Rounds are therefore no independent samples, and only `between_processes` speaks for what
another run would find. Scores, which are means, have `harness.results.scores`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import comb
from statistics import median

CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """A figure of some samples and the bounds of the population's, in the unit of the samples."""

    value: float
    low: float
    high: float
    confidence: float
    """Chance that such bounds hold the population's: of a median what so many samples give, not what was
    asked."""
    count: int
    """Independent samples that the bounds rest on: rounds, processes or questions."""

    @property
    def relative_width(self) -> float:
        """(high - low) / value: what a cell is measured on for; infinite where the median is 0."""
        width = self.high - self.low
        return width / abs(self.value) if self.value else float("inf")


def median_interval(samples: Sequence[float], confidence: float = CONFIDENCE) -> Interval:
    """The narrowest interval of order statistics that reaches `confidence`; else the samples' whole range.

    At least one sample. `confidence` of the result is exact: with fewer than 6 samples no interval reaches
    95 %, and that of the range says how far it comes (5: 93.75 %, 3: 75 %, 1: 0 %).
    """
    ordered, count = sorted(samples), len(samples)
    depth = _depth(count, confidence)
    return Interval(
        value=median(ordered),
        low=ordered[depth - 1],
        high=ordered[count - depth],
        confidence=coverage(count, depth),
        count=count,
    )


def between_processes(
    processes: Sequence[Sequence[float]], confidence: float = CONFIDENCE
) -> Interval | None:
    """The median of the processes' medians, and its interval; each process has at least one sample.

    None for fewer than two processes: one says nothing of how far the next may lie from it, however many
    rounds it had.
    """
    if len(processes) < 2:
        return None
    return median_interval([median(rounds) for rounds in processes], confidence)


def coverage(count: int, depth: int) -> float:
    """Chance that a median lies between the `depth`-th smallest and largest of `count` samples, 0 to 1.

    `depth` is from 1 (the range) to (count + 1) // 2.
    """
    outside = sum(comb(count, below) for below in range(depth))
    return max(0.0, 1 - outside / (1 << (count - 1)))


def samples_needed(confidence: float = CONFIDENCE) -> int:
    """The fewest samples whose range reaches `confidence`, which is below 1: 6 for 95 %, 5 for 90 %."""
    count = 1
    while coverage(count, 1) < confidence:
        count += 1
    return count


def _depth(count: int, confidence: float) -> int:
    """The deepest order statistic that still reaches `confidence`; 1 where none does."""
    reaching = (d for d in range((count + 1) // 2, 1, -1) if coverage(count, d) >= confidence)
    return next(reaching, 1)
