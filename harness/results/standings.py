"""An evaluation result as it stands in a table: who was asked, what was asked, and what came of it.

Scores stand in one column only where the same questions were asked: of the same dataset and data root, chosen
alike, with the same content. A score on the sample data so never stands beside a benchmark's.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from harness.matrix.cells import Cell
from harness.matrix.presets import ENGINES
from harness.matrix.questions import HUB, TINY, Questions
from harness.matrix.records import Suite
from harness.results.figures import line
from harness.results.intervals import Interval
from harness.results.ratings import LEAST, MOST, RATING
from harness.results.record import Metric, Outcome, Result
from harness.results.scored import CHOSEN, EVENLY, SHARE, SUBTASKS
from harness.results.scores import Strata

SPANS = {SHARE: (0.0, 1.0), RATING: (LEAST, MOST)}
"""Unit of a score → the least and the most that it can be."""
JUDGE = ("judge_model", "judge_prompts")
"""Facts of a cell whose answers a judge rated."""
MEMORY = "peak_memory_bytes"
"""Fact of a cell: the most memory that was in use while it answered."""


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Column:
    """Questions that scores are comparable on."""

    dataset: str
    data: str
    """Name of the data root."""
    score: str
    """Name of the metric that stands for the dataset."""
    count: int
    """Questions; 0 where none was scored."""
    chosen: str
    """Hash of which they are."""
    judge: str = ""
    """Who rated the answers, and by which prompts; empty where a rule scores them."""

    @property
    def is_benchmark(self) -> bool:
        """Whether the questions are the published ones; those of any other data root may be anybody's."""
        return self.data == HUB


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Who:
    """A model, and how it was asked."""

    model: str
    engine: str
    weights: str
    device: str
    dtype: str
    preset: str
    processes: int
    """That shared it."""
    repeats: int
    chat: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What came of one model's questions of one dataset."""

    cell: str
    run: str
    who: Who
    column: Column
    categories: tuple[str, ...]
    """That have it so: those that were named, or all the model's."""
    outcome: Outcome
    message: str
    metrics: Mapping[str, Metric]
    facts: Mapping[str, Any]

    @property
    def score(self) -> Metric | None:
        """The metric that stands for the dataset; None where nothing was scored, or in a unit not known."""
        found = self.metrics.get(self.column.score)
        return found if found is not None and found.unit in SPANS else None

    @property
    def interval(self) -> Interval | None:
        """The score with its interval; None where nothing was scored."""
        return self.score.interval if self.score is not None else None

    @property
    def span(self) -> tuple[float, float]:
        """The least and the most that a score of its unit can be."""
        return SPANS[self.score.unit] if self.score is not None else SPANS[SHARE]

    @property
    def quality(self) -> Interval | None:
        """The score as a share of what it can be, 0 to 1: so datasets of several units are averaged."""
        if self.interval is None:
            return None
        value, low, high = map(self._share, (self.interval.value, self.interval.low, self.interval.high))
        return replace(self.interval, value=value, low=low, high=high)

    @property
    def seconds(self) -> float | None:
        """All questions together took; None where it was not timed."""
        return _sum(self.metrics.get("sample_seconds"))

    @property
    def tokens(self) -> float | None:
        """Generated for all questions together; None where none are."""
        return _sum(self.metrics.get("answer_tokens"))

    @property
    def memory_bytes(self) -> float | None:
        """The most that was in use; None where it was not measured."""
        known = self.facts.get(MEMORY)
        return known if isinstance(known, int | float) and known > 0 else None

    @property
    def evenly(self) -> bool:
        """Whether subtasks count alike."""
        return self.facts.get(EVENLY) is True

    def strata(self) -> Strata | None:
        """Subtask → the quality of each of its questions; None where the facts do not fit the samples."""
        sizes, samples = _sizes(self.facts), self.score.samples if self.score else ()
        if not sizes or sum(sizes.values()) != len(samples):
            return None
        rest = map(self._share, samples)
        return {name: [next(rest) for _ in range(sizes[name])] for name in sorted(sizes)}

    def _share(self, value: float) -> float:
        least, most = self.span
        return (value - least) / (most - least)


def standings(results: Iterable[Result]) -> tuple[Standing, ...]:
    """One of each evaluation cell: the first that is met, so give the newest results first."""
    found: dict[str, Standing] = {}
    for result in results:
        if result.cell["suite"] == Suite.EVALUATION and result.report.cell not in found:
            found[result.report.cell] = _standing(result)
    return tuple(found.values())


def is_random(who: Who) -> bool:
    """Whether the weights are small random ones: its scores are chance's."""
    return who.weights == TINY


def is_made_up(who: Who) -> bool:
    """Whether the answers are no model's but the dataset's own, which show that scoring works."""
    engine = ENGINES.get(who.engine)
    return engine is not None and not (engine.reads_weights or engine.networked)


def _standing(result: Result) -> Standing:
    cell, report = Cell.from_json(result.cell), result.report
    asked = cell.questions
    assert asked is not None  # the schema has it of every evaluation cell
    metrics = {metric.name: metric for metric in report.metrics if metric.phase == asked.dataset}
    score = metrics.get(asked.score)
    return Standing(
        cell=cell.id,
        run=result.run,
        who=_who(cell, asked),
        column=Column(
            dataset=asked.dataset,
            data=asked.data,
            score=asked.score,
            count=sum(_sizes(report.facts).values()) or len(score.samples) if score is not None else 0,
            chosen=str(report.facts.get(CHOSEN, "")) if score is not None else "",
            judge=_judge(report.facts) if score is not None else "",
        ),
        categories=asked.categories,
        outcome=report.outcome,
        message=report.message or asked.skip,
        metrics=metrics,
        facts=report.facts,
    )


def _who(cell: Cell, asked: Questions) -> Who:
    return Who(
        model=asked.entry,
        engine=asked.engine,
        weights=asked.weights,
        device=cell.device,
        dtype=cell.parameters.dtype,
        preset=asked.preset,
        processes=cell.parameters.tensor_parallel,
        repeats=asked.repeats,
        chat=asked.chat,
    )


def _sizes(facts: Mapping[str, Any]) -> dict[str, int]:
    """Subtask → how many questions; empty where the facts are not as the suite writes them."""
    sizes = facts.get(SUBTASKS)
    sound = isinstance(sizes, dict) and all(isinstance(size, int) and size > 0 for size in sizes.values())
    return dict(sizes) if sound and sizes else {}


def _judge(facts: Mapping[str, Any]) -> str:
    """Empty where there was none."""
    known = (facts.get(name) for name in JUDGE)
    return ", ".join(line(str(part)) for part in known if part)


def _sum(metric: Metric | None) -> float | None:
    return sum(metric.samples) if metric is not None and metric.samples else None
