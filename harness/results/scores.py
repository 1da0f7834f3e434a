"""How sure a score is: means of values between 0 and 1, their differences, and what is made of them.

A score is told of the questions that might have been asked, of which those that were asked are a sample; so
an interval stays open where a whole dataset was asked (Miller, "Adding error bars to evals", 2024,
arXiv:2411.00640). All functions are of the values alone and draw nothing at random: the same values give the
same interval everywhere.

One formula serves right and wrong answers, similarities and groups of subtasks: Wilson's score interval, its
number of samples divided by the dispersion. Of right and wrong answers in one group the dispersion is 1, and
it is Wilson's own. It is chosen over its rivals because at 0 %, at 100 % and with five samples it neither
shrinks to a point nor leaves [0, 1]; its level holds on the average (Brown, Cai and DasGupta, "Interval
estimation for a binomial proportion", Statistical Science 16, 2001). In a simulation of six shapes of
similarities with 5 to 100 samples it held 94 % and more where 95 % was asked, Student's t 51 to 96 %. Of ten
right answers lm_eval's standard error is 0, and so is the bootstrap's.
"""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from statistics import NormalDist, fmean

from harness.results.intervals import CONFIDENCE, Interval

Strata = Mapping[str, Sequence[float]]
"""Subtask → a value of each of its samples, at least one; a dataset of one task has a single subtask."""


def mean_interval(strata: Strata, *, evenly: bool = False, confidence: float = CONFIDENCE) -> Interval:
    """The mean of values in [0, 1], and Wilson's score interval for it; unit: that of the values.

    Subtasks are weighted as lm_eval weighs a group's: by how many of their samples were asked, or `evenly`.
    The interval is that of a quasi-binomial mean, whose variance is φ μ (1 - μ) / n (McCullagh and Nelder,
    Generalized Linear Models, 1989, 4.5; for values between 0 and 1, Papke and Wooldridge 1996; Wilson's with
    n/φ for n where samples are in strata, Franco et al., Journal of Survey Statistics and Methodology 7,
    2019). φ comes from the variance within subtasks and is 1 at most. To each subtask half a right answer and
    half a wrong one are added for it (Jeffreys' prior), so that a few equal values do not pass for certainty.
    """
    mean, effective = _mean(strata, evenly=evenly), _effective(strata, evenly=evenly)
    most = mean * (1 - mean)
    variance = sum(
        weight**2 * len(strata[name]) * _variance(strata[name])
        for name, weight in _weights(strata, evenly=evenly).items()
    )
    dispersion = min(1.0, variance * effective / most) if most > 0 else 1.0
    low, high = _wilson(mean, effective / dispersion, confidence)
    return Interval(value=mean, low=low, high=high, confidence=confidence, count=_count(strata))


def share_interval(flags: Sequence[bool], confidence: float = CONFIDENCE) -> Interval:
    """The share of those that are true, at least one given, and its Wilson score interval (Wilson 1927)."""
    return mean_interval({"": [float(flag) for flag in flags]}, confidence=confidence)


def difference_interval(strata: Strata, *, evenly: bool = False, confidence: float = CONFIDENCE) -> Interval:
    """The mean of differences in [-1, 1] of paired values, and its interval; unit: that of the values.

    Wald's interval after one pair that gained all and one that lost all were added (Bonett and Price,
    "Adjusted Wald confidence interval for a difference of binomial proportions based on paired data", Journal
    of Educational and Behavioral Statistics 37, 2012, who have it of right and wrong answers). Differences of
    similarities vary less than such answers', for which it is the wider. Without the two pairs no change in
    ten answers would pass for the certainty that none could be.
    """
    mean, effective = _mean(strata, evenly=evenly), _effective(strata, evenly=evenly)
    squares = {name: [value**2 for value in values] for name, values in strata.items()}
    size = effective + 2
    middle = effective * mean / size
    square = (effective * _mean(squares, evenly=evenly) + 2) / size
    reach = _z(confidence) * math.sqrt(max(0.0, square - middle**2) / size)
    low, high = max(-1.0, middle - reach), min(1.0, middle + reach)
    return Interval(
        value=mean, low=min(low, mean), high=max(high, mean), confidence=confidence, count=_count(strata)
    )


def mean_of(intervals: Sequence[Interval]) -> Interval:
    """The mean of independent scores, each counting alike, at least one; its interval from theirs.

    Squares of what each reaches below and above its value are added (the method of variance estimates
    recovery: Zou and Donner, Statistics in Medicine 27, 2008), so that it stays as lopsided as they are. All
    have one confidence; `count` is that of their samples together.
    """
    number = len(intervals)
    value = fmean(row.value for row in intervals)
    return Interval(
        value=value,
        low=value - math.hypot(*(row.value - row.low for row in intervals)) / number,
        high=value + math.hypot(*(row.high - row.value for row in intervals)) / number,
        confidence=intervals[0].confidence,
        count=sum(row.count for row in intervals),
    )


def scaled(interval: Interval, factor: float) -> Interval:
    """The interval of a figure that is `factor` ≥ 0 times another: as a score a second."""
    value, low, high = (factor * part for part in (interval.value, interval.low, interval.high))
    return replace(interval, value=value, low=low, high=high)


def pass_at_k(answers: int, right: int, k: int) -> float:
    """Chance that of `k` of a question's answers at least one is right, 1 ≤ k ≤ answers; in [0, 1].

    1 - C(n - c, k) / C(n, k), which is without bias where 1 - (1 - c/n)^k is not (Chen et al., "Evaluating
    large language models trained on code", 2021, arXiv:2107.03374, equation 1).
    """
    return 1 - math.comb(answers - right, k) / math.comb(answers, k)


def agreement(answers: Iterable[str | None]) -> float:
    """Share of a question's repeated answers that are the one given most often; in [0, 1].

    The share of decodes that agree with the aggregated answer, which Wang et al. call consistency and find to
    go with accuracy ("Self-consistency improves chain of thought reasoning in language models", 2022,
    arXiv:2203.11171). An answer from which nothing could be taken (None) agrees with none.
    """
    given = list(answers)
    counts = Counter(answer for answer in given if answer is not None)
    return max(counts.values(), default=0) / len(given)


def majority(answers: Iterable[str | None]) -> str | None:
    """The answer given most often, of several the first; None where there is none (Wang et al. 2022)."""
    counts = Counter(answer for answer in answers if answer is not None)
    return counts.most_common(1)[0][0] if counts else None


def apart(one: Interval, other: Interval) -> bool:
    """Whether two intervals have no value in common."""
    return one.high < other.low or other.high < one.low


def changes(before: Strata, after: Strata) -> dict[str, list[float]]:
    """What each sample gained; both have the same subtasks, and the same samples in the same order."""
    return {
        name: [new - old for old, new in zip(before[name], values, strict=True)]
        for name, values in after.items()
    }


def _count(strata: Strata) -> int:
    return sum(map(len, strata.values()))


def _mean(strata: Strata, *, evenly: bool) -> float:
    if evenly:
        return fmean(map(fmean, strata.values()))
    return fmean([value for values in strata.values() for value in values])


def _weights(strata: Strata, *, evenly: bool) -> dict[str, float]:
    """Subtask → the weight of each of its samples; those of all samples are 1 together."""
    count = _count(strata)
    return {name: 1 / (len(strata) * len(values)) if evenly else 1 / count for name, values in strata.items()}


def _effective(strata: Strata, *, evenly: bool) -> float:
    """Samples of equal weight that say as much: (Σw)² / Σw² (Kish, Survey Sampling, 1965, 11.7)."""
    weights = _weights(strata, evenly=evenly)
    return 1 / sum(len(strata[name]) * weight**2 for name, weight in weights.items())


def _variance(values: Sequence[float]) -> float:
    """Of the values with half a 0 and half a 1 added: of right and wrong ones never less than their own."""
    size = len(values) + 1
    middle = (math.fsum(values) + 0.5) / size
    squares = [(value - middle) ** 2 for value in values]
    return math.fsum([*squares, 0.5 * middle**2, 0.5 * (1 - middle) ** 2]) / size


def _wilson(mean: float, size: float, confidence: float) -> tuple[float, float]:
    """The bounds μ at which (mean - μ)² = z² μ (1 - μ) / size; they hold the mean whatever was rounded."""
    square = _z(confidence) ** 2
    middle = (mean + square / (2 * size)) / (1 + square / size)
    reach = math.sqrt(square * (mean * (1 - mean) / size + square / (4 * size**2))) / (1 + square / size)
    return max(0.0, min(mean, middle - reach)), min(1.0, max(mean, middle + reach))


def _z(confidence: float) -> float:
    """Quantile of the normal distribution that leaves half of the rest above it: 1.96 for 95 %."""
    return NormalDist().inv_cdf((1 + confidence) / 2)
