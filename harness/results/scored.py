"""From the answers to a dataset's questions to metrics: each a score, a rate or a cost, with its interval.

The suite calls this inside the container, where lm_eval has scored the answers; it imports nothing that is
only there, so that tests and tables outside read the same definitions.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, NamedTuple

from harness.results.intervals import Interval, median_interval
from harness.results.record import Metric
from harness.results.scores import (
    Strata,
    agreement,
    difference_interval,
    majority,
    mean_interval,
    pass_at_k,
    scaled,
)

SHARE = "share"
"""Unit of what is between 0 and 1."""
STRICT, FLEXIBLE, PASS_AT_1 = "exact_match_strict", "exact_match_flexible", "pass_at_1"
ATTEMPTS = (5, 10, 100)
"""k of pass@k beside 1 and the number of repeats, where there are so many."""
CHOSEN, SUBTASKS, EVENLY = "chosen", "subtasks", "evenly"
"""Facts of a cell: hash of the questions asked, how many each subtask has, whether subtasks count alike."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Repeat:
    """One of several answers to a question."""

    answer: str | None
    """What was taken from it; None where nothing could be."""
    score: float
    """0 to 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scored:
    """A question that was answered, and what its answer was worth."""

    sample: str
    """Id within its subtask: the same in every run of the same data."""
    subtask: str = ""
    content: str = ""
    """Hash of the question as the data root has it (lm_eval's `doc_hash`): it tells two roots apart."""
    values: Mapping[str, float]
    """Name of a score (`accuracy`, `exact_match_strict` …) → 0 to 1; the same for all of a dataset."""
    invalid: bool | None = None
    """Whether nothing could be taken from the answer; None where it is chosen among given ones."""
    truncated: bool | None = None
    """Whether the answer was ended by its length; None where nothing is generated."""
    tokens: int | None = None
    """Generated, thinking included, of all repeats together; None where nothing is generated."""
    seconds: float | None = None
    """Its share of the time that its batch took, so that all questions' together are the time of
    answering."""
    thinking_tokens: int | None = None
    """Of `tokens`, those of thinking; None where the model does not think aloud."""
    thinking_budget_used: float | None = None
    """Thinking tokens / the most that were allowed, 0 to 1."""
    repeats: tuple[Repeat, ...] = ()
    """All its answers where it was asked more than once."""

    @property
    def agreement(self) -> float | None:
        """Share of the repeats that agree with most of them; None of fewer than two."""
        return agreement(repeat.answer for repeat in self.repeats) if len(self.repeats) > 1 else None

    @property
    def majority(self) -> float | None:
        """What the answer that most repeats gave is worth; nothing where none gave any."""
        if len(self.repeats) < 2:
            return None
        chosen = majority(repeat.answer for repeat in self.repeats)
        scores = (repeat.score for repeat in self.repeats if repeat.answer == chosen is not None)
        return next(scores, 0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Costs:
    """What all the answers of a dataset took; None is what the device does not tell."""

    memory_bytes: int | None = None
    """The most that was in use while they were given."""
    active_parameters: int | None = None
    """Of the model, those that a token passes."""
    joules: float | None = None


class Each(NamedTuple):
    """A figure that a question may have."""

    name: str
    unit: str
    value: Callable[[Scored], float | None]


SHARES = (
    Each("invalid_answers", SHARE, lambda row: row.invalid),
    Each("truncated", SHARE, lambda row: row.truncated),
    Each("thinking_budget_used", SHARE, lambda row: row.thinking_budget_used),
    Each("self_consistency", SHARE, lambda row: row.agreement),
    Each("majority_accuracy", SHARE, lambda row: row.majority),
)
"""Told by their mean, as scores are."""
MEDIANS = (
    Each("answer_tokens", "tokens", lambda row: row.tokens),
    Each("thinking_tokens", "tokens", lambda row: row.thinking_tokens),
    Each("sample_seconds", "s", lambda row: row.seconds),
)
"""Without an upper end, and so told by their median, which a few endless answers do not move."""


def score_metrics(
    rows: Sequence[Scored], *, dataset: str, score: str, costs: Costs | None = None, evenly: bool = False
) -> list[Metric]:
    """The metrics of one dataset's answers, at least one; docs/metrics.md defines each.

    `score` names the value that the rates are of; `evenly` weighs subtasks alike, where lm_eval does not
    weigh them by their size. Samples are in the order of `ordered`. KeyError where a row lacks a value that
    the first has.
    """
    rows = ordered(rows)
    values = {name: [row.values[name] for row in rows] for name in rows[0].values} | _attempts(rows)
    found = [_mean(name, dataset, _strata(rows, each), evenly=evenly) for name, each in values.items()]
    if {STRICT, FLEXIBLE} <= values.keys():
        gaps = [flexible - strict for strict, flexible in zip(values[STRICT], values[FLEXIBLE], strict=True)]
        gap = difference_interval(_strata(rows, gaps), evenly=evenly)
        found.append(_metric("flexible_gap", SHARE, dataset, gap, gaps))
    for kind in SHARES:
        having, each = _having(rows, kind)
        found += [_mean(kind.name, dataset, _strata(having, each), evenly=evenly)] if each else []
    for kind in MEDIANS:
        _, each = _having(rows, kind)
        found += [_metric(kind.name, kind.unit, dataset, median_interval(each), each)] if each else []
    whole = next((row.interval for row in found if row.name == score), None)
    return found + (list(_rates(rows, dataset, whole, costs or Costs())) if whole else [])


def ordered(rows: Sequence[Scored]) -> list[Scored]:
    """The rows in the order in which metrics hold their samples: by subtask, then by id."""
    return sorted(rows, key=lambda row: (row.subtask, row.sample))


def score_facts(rows: Sequence[Scored], *, evenly: bool = False) -> dict[str, Any]:
    """What tells which questions were asked, so that two reports' samples can be held against each other."""
    rows = ordered(rows)
    named = "\n".join(f"{row.subtask}\t{row.sample}\t{row.content}" for row in rows)
    return {
        CHOSEN: sha256(named.encode()).hexdigest()[:16],
        SUBTASKS: dict(Counter(row.subtask for row in rows)),
        EVENLY: evenly,
    }


def _attempts(rows: Sequence[Scored]) -> dict[str, list[float]]:
    """pass@k by number of attempts, where programs were asked for several times."""
    least = min(len(row.repeats) for row in rows)
    if least < 2 or PASS_AT_1 not in rows[0].values:
        return {}
    counts = [(len(row.repeats), sum(repeat.score == 1 for repeat in row.repeats)) for row in rows]
    wanted = sorted({1, least, *(k for k in ATTEMPTS if k <= least)})
    return {f"pass_at_{k}": [pass_at_k(asked, right, k) for asked, right in counts] for k in wanted}


def _strata(rows: Sequence[Scored], values: Sequence[float]) -> dict[str, list[float]]:
    found: dict[str, list[float]] = {}
    for row, value in zip(rows, values, strict=True):
        found.setdefault(row.subtask, []).append(value)
    return found


def _having(rows: Sequence[Scored], kind: Each) -> tuple[list[Scored], list[float]]:
    """The questions that have the figure, and theirs."""
    pairs = [(row, value) for row in rows if (value := kind.value(row)) is not None]
    return [row for row, _ in pairs], [float(value) for _, value in pairs]


def _mean(name: str, dataset: str, strata: Strata, *, evenly: bool) -> Metric:
    each = [value for values in strata.values() for value in values]
    return _metric(name, SHARE, dataset, mean_interval(strata, evenly=evenly), each)


def _rates(rows: Sequence[Scored], dataset: str, score: Interval, costs: Costs) -> Iterator[Metric]:
    """The score held against each cost that is known: of time and energy that of one question."""
    count = len(rows)
    table = (
        ("accuracy_per_second", "1/s", _seconds(rows), count),
        ("accuracy_per_gb", "1/GB", costs.memory_bytes, 1e9),
        ("accuracy_per_active_billion", "1/1e9", costs.active_parameters, 1e9),
        ("accuracy_per_kilojoule", "1/kJ", costs.joules, 1e3 * count),
    )
    for name, unit, amount, one in table:
        if amount:
            yield _metric(name, unit, dataset, scaled(score, one / amount), ())


def _metric(name: str, unit: str, dataset: str, interval: Interval, samples: Sequence[float]) -> Metric:
    return Metric(
        name=name, unit=unit, phase=dataset, value=interval.value, samples=tuple(samples), interval=interval
    )


def _seconds(rows: Sequence[Scored]) -> float | None:
    """Of all questions; None where one has none."""
    known = [row.seconds for row in rows if row.seconds is not None]
    return sum(known) if len(known) == len(rows) else None
