"""When warm-up has ended: a test on the times of successive rounds, not a count of them.

Two questions, in this order, because neither test sees what the other does:

- Which of the first rounds differ from the rest? MSER, the marginal standard error rule: leave out as many
  as make the standard error of what remains smallest, at most half (White 1997, "An effective truncation
  heuristic for bias reduction in simulation output", Simulation 69(6) 323-334; the best of 44 such rules in
  Hoad, Robinson and Davies 2010, Journal of the Operational Research Society 61 1389-1403). It finds one cold
  round, which a test on ranks cannot.
- Do the others still change? The test of Mann and Kendall for a trend (Mann 1945, Econometrica 13 245-259;
  Kendall's tau of times against their order), which one disturbed round does not move. It finds a drift and a
  late step, which MSER would average over. What changes by less than 1 % has settled, however surely it does.

Programs may never settle, or get slower (Barrett et al. 2017, "Virtual machine warmup blows hot and cold",
OOPSLA): both directions count, and `never settled` is an answer. The fewer the rounds, the larger a change
must be to be seen: of series that drift by 1 % a round with 1 % of noise, 10 rounds
tell 4 in 10 and 15 nearly all.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

import numpy as np
from scipy import stats

REMAINING = 5
"""Fewest rounds that a trend can be told in: in 4, even a strict order is seen by chance in 8 %."""
LEAST = REMAINING + 1
"""Fewest rounds that say anything: those, and one that may be cold."""
CHANCE = 0.05
"""How often rounds that do not change may be said to."""
NEGLIGIBLE = 0.01
"""Share of the median that a trend may come to over the rounds that remain."""


@dataclass(frozen=True, slots=True)
class Settling:
    """Whether a series of rounds settled; its text says so to a reader."""

    rounds: int
    after: int | None
    """Rounds of warm-up, 0 where the first was as the others; None where it cannot be said that it ended."""
    change: float = 0.0
    """Where it has not: how far the last rounds move, from first to last, as a share of their median."""

    def __str__(self) -> str:
        if self.after is not None:
            return f"settled after {self.after} round{'' if self.after == 1 else 's'}"
        if self.rounds < LEAST:
            return f"{self.rounds} rounds are too few to tell whether they settled: {LEAST} are needed"
        way = "slower" if self.change > 0 else "faster"
        return f"never settled in {self.rounds} rounds: the last still get {way}, by {abs(self.change):.1%}"


def settling(seconds: Sequence[float]) -> Settling:
    """What the times of a process's rounds, in their order and all above 0, say of its warm-up."""
    if len(seconds) < LEAST:
        return Settling(len(seconds), None)
    after = _truncation(seconds)
    change = _trend(seconds[after:])
    return Settling(len(seconds), None if change else after, change)


def _truncation(seconds: Sequence[float]) -> int:
    """MSER: the first k that makes sum((x - mean)²) / (n - k)² of what remains smallest, k at most n / 2."""
    series = np.asarray(seconds, dtype=np.float64) / median(seconds)  # else squares of small times vanish
    most = min(len(series) // 2, len(series) - REMAINING)
    return int(np.argmin([series[k:].var() / (len(series) - k) for k in range(most + 1)]))


def _trend(seconds: Sequence[float]) -> float:
    """How far the rounds move, as a share of their median; 0 where that is chance or negligible."""
    if min(seconds) == max(seconds):  # a coarse clock: there is no order to test
        return 0.0
    order = range(len(seconds))
    if stats.kendalltau(order, seconds).pvalue >= CHANCE:
        return 0.0
    change = float(stats.theilslopes(seconds, order).slope) * (len(seconds) - 1) / median(seconds)
    return change if abs(change) > NEGLIGIBLE else 0.0
