"""How long the whole takes, from the rounds of its depths in several processes, and how sure that is.

A round measures its depths one after another, so what slows the machine for a while slows them alike: each
round gives an estimate of its own. The figure is the median of the processes' medians of them, which a few
disturbed rounds do not move. Its error has two sources, held apart:

- Noise: what another process would find. The spread of the processes' estimates, over the root of their
  number; a median's variance is at most π/2 times a mean's (Stuart and Ord, Kendall's Advanced Theory of
  Statistics, vol. 1, section 10.10: of a normal sample, and less than that of a small one).
- The model of the times: layers of one kind do not take exactly as long, at every depth. Each depth's time is
  taken to be off by a share that is its own, as the whole's will be. How large such shares are, spare depths
  show: by how far they lie from the fit.

Both are seen in very few samples, from 1 process and 1 spare depth on, and both have been seen before, in
`benchmarks/depth.py`. So each variance is an average of what was seen here and there, weighted by degrees of
freedom (the moderated variance of Smyth 2004, Statistical Applications in Genetics and Molecular Biology 3,
3), and the bounds are Student's, with the degrees of freedom of a sum of variances (Satterthwaite 1946,
Biometrics Bulletin 2, 110-114). No torch here, and no more of scipy than one function.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import pi, sqrt
from statistics import median, variance

from scipy.special import stdtrit

from harness.results.record import Estimate
from harness.suite.throughput.design import BY_KIND, Design

CONFIDENCE = 0.90
EFFICIENCY = pi / 2


@dataclass(frozen=True, slots=True)
class Variance:
    """Of errors that are a share of what they are errors of."""

    value: float
    freedom: float

    def with_seen(self, value: float, freedom: int) -> "Variance":
        """This, known before, and what was seen."""
        both = self.freedom + freedom
        return Variance((self.freedom * self.value + freedom * value) / both, both)

    def times(self, factor: float) -> "Variance":
        """Of an error that many times as large, squared."""
        return Variance(self.value * factor, self.freedom)

    def plus(self, other: "Variance") -> "Variance":
        """Of the sum of two errors that know nothing of each other."""
        total = self.value + other.value
        parts = sum(one.value**2 / one.freedom for one in (self, other))
        return Variance(total, total**2 / parts)


PROCESSES = Variance(0.03**2, 4)
"""Of estimates between processes, before any is seen: `benchmarks/depth.py`."""
MODEL = Variance(0.02**2, 4)
"""Of a depth's time about the fit, before any is seen: `benchmarks/depth.py`."""


def estimate(processes: Sequence[Mapping[int, Sequence[float]]], design: Design) -> tuple[float, Estimate]:
    """The whole's seconds, and between which they lie.

    Of each process the seconds of each depth of the design, positive and one a round; others are left out, a
    measured whole too. At least one process with a round. The bounds hold what the median of so many
    processes would be at the whole depth, and never go below the fastest round of the deepest depth: more
    layers do not take less time.
    """
    usual = [median(median(process[depth]) for process in processes) for depth in design.depths]
    weights = design.weights(usual)
    each = [_of_rounds(process, design, weights) for process in processes]
    least = min(second for process in processes for second in process[design.depths[-1]])
    value = max(least, median(median(rounds) for rounds in each))
    error = _noise(each, value).plus(_model(design, usual, value))
    reach = float(stdtrit(error.freedom, (1 + CONFIDENCE) / 2)) * sqrt(error.value) * value
    return value, Estimate(
        method=_method(design),
        layers=design.layers,
        depths=design.depths,
        low=max(least, value - reach),
        high=value + reach,
        confidence=CONFIDENCE,
    )


def _of_rounds(
    process: Mapping[int, Sequence[float]], design: Design, weights: Sequence[float]
) -> list[float]:
    """The whole's seconds by each round of a process."""
    rounds = zip(*(process[depth] for depth in design.depths), strict=False)
    return [sum(w * second for w, second in zip(weights, round_, strict=True)) for round_ in rounds]


def _noise(each: Sequence[Sequence[float]], value: float) -> Variance:
    """Of the median of the processes' medians."""
    medians = [median(rounds) / value for rounds in each]
    between = variance(medians) if len(medians) > 1 else 0.0
    return PROCESSES.with_seen(between, len(medians) - 1).times(EFFICIENCY / len(medians))


def _model(design: Design, usual: Sequence[float], value: float) -> Variance:
    """Of the whole's time about what the depths say of it, and of what they say."""
    shares = [1 - fitted / seconds for fitted, seconds in zip(design.fitted(usual), usual, strict=True)]
    seen = sum(share**2 for share in shares) / design.spare if design.spare else 0.0
    return MODEL.with_seen(seen, design.spare).times(1 + design.spread(usual, value) ** 2)


def _method(design: Design) -> str:
    """What was done, in words."""
    kinds = f"of {len(design.kinds)} kinds" if len(design.kinds) > 1 else "of one kind"
    counted = f"layers {kinds}" if design.by == BY_KIND else f"layers {kinds} by their parameters"
    beside = "measured" if design.depths[0] == 0 else "fitted"
    return f"least squares in {counted}, full width, depths interleaved, what stands beside them {beside}"
