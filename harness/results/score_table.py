"""Scores as people read them: a table model × questions a category, on a terminal and in Markdown."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, fields, replace
from typing import NamedTuple

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from harness.results.figures import line, number
from harness.results.markdown import rows_of
from harness.results.overview import shortened
from harness.results.record import Metric
from harness.results.scored import SHARE
from harness.results.sections import Section, best
from harness.results.standings import Column, Standing, Who, is_made_up, is_random
from harness.results.tables import plain_table

GB = 1e9
BEST = "*"
MEANING = (
    f"Scores with their 95% intervals; {BEST} marks the best of a column, where its interval lies above all "
    "others'."
)
NO_BENCHMARK = (
    "{data}: questions of that data root, not the published ones; no score on them is a benchmark's."
)
CHANCE = "random weights: what chance gives, whatever the model's name."
MADE_UP = "Answers that are no model's are the datasets' own, right or wrong: they show that scoring works."
WORDS: dict[str, Callable[[Who], str]] = {
    "engine": lambda who: f"{who.engine} answers, no model's" if is_made_up(who) else who.engine,
    "weights": lambda who: "random weights" if is_random(who) else f"weights of {who.weights}",
    "preset": lambda who: f"preset {who.preset}",
    "processes": lambda who: f"{who.processes} processes",
    "repeats": lambda who: f"asked {who.repeats} times",
    "chat": lambda who: "chat template" if who.chat else "no chat template",
}
"""Field of who was asked → how it is said, where it is not said as it is."""


class Costs(NamedTuple):
    """What a row's answers took, in a column of its own each."""

    heading: str
    value: Callable[[Sequence[Standing]], float | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A row of the table, with what each of its columns shows."""

    name: str
    scores: tuple[tuple[str, str], ...]
    """The score and its interval of each column; empty where there is none."""
    costs: tuple[str, ...]


def tokens_per_s(rows: Sequence[Standing]) -> float | None:
    """Of all questions for which text was generated."""
    timed = [row for row in rows if row.tokens and row.seconds]
    seconds = sum(row.seconds or 0.0 for row in timed)
    return sum(row.tokens or 0.0 for row in timed) / seconds if seconds else None


def questions_per_s(rows: Sequence[Standing]) -> float | None:
    """Of all questions that were timed."""
    timed = [row for row in rows if row.seconds]
    seconds = sum(row.seconds or 0.0 for row in timed)
    return sum(row.column.count for row in timed) / seconds if seconds else None


def memory_gb(rows: Sequence[Standing]) -> float | None:
    """The most of any of them, in 10⁹ bytes."""
    known = [row.memory_bytes for row in rows if row.memory_bytes is not None]
    return max(known) / GB if known else None


COSTS = (
    Costs("tokens/s", tokens_per_s),
    Costs("questions/s", questions_per_s),
    Costs("GB", memory_gb),
)


def tables(sections: Iterable[Section]) -> Iterator[RenderableType]:
    """For a terminal."""
    for section in sections:
        yield Text(section.title, style="bold")
        yield from table(section)
        for sentence in unscored(section):
            yield Text(sentence)
        yield Text()


def table(section: Section) -> Iterator[RenderableType]:
    """One category's table, and what to know of it; nothing where nothing was scored."""
    if section.columns:
        yield _drawn(section)
    for sentence in meanings(section):
        yield Text(sentence)


def markdown(sections: Iterable[Section]) -> str:
    """For a page: a job's summary, a pull request."""
    parts = []
    for section in sections:
        parts.append(f"### {section.title}")
        if section.columns:
            head = ["model", *(" ".join(words) for words in _headings(section)), *_costs(section)]
            rows = [[row.name, *(_in_one(*each) for each in row.scores), *row.costs] for row in grid(section)]
            parts.append(rows_of(head, rows))
        parts.append("\n".join(f"- {sentence}" for sentence in (*meanings(section), *unscored(section))))
    return "\n\n".join(parts) + "\n"


def grid(section: Section) -> Iterator[Row]:
    """A row a model and way of asking that has a score."""
    first = {column: best(_of(section, column=column)) for column in section.columns}
    for who in section.rows:
        own = {row.column: row for row in _of(section, who=who) if row.interval is not None}
        if own:
            costs = (cost.value(tuple(own.values())) for cost in COSTS if cost.heading in _costs(section))
            yield Row(
                name=name(who, section.rows),
                scores=tuple(_told(own.get(column), first[column]) for column in section.columns),
                costs=tuple("-" if value is None else number(value) for value in costs),
            )


def meanings(section: Section) -> list[str]:
    """What a reader must know beside the figures."""
    found = [MEANING] if section.columns else []
    others = sorted({column.data for column in section.columns if not column.is_benchmark})
    found += [NO_BENCHMARK.format(data=data) for data in others]
    found += [CHANCE] if any(map(is_random, section.rows)) else []
    return found + ([MADE_UP] if any(map(is_made_up, section.rows)) else [])


def unscored(section: Section) -> list[str]:
    """Why what has no score has none, each reason once."""
    reasons: dict[str, list[str]] = {}
    for row in section.standings:
        if row.interval is None:
            why = f"{row.outcome.value}: {line(row.message) or 'no reason given'}"
            reasons.setdefault(why, []).append(f"{row.who.model} {row.column.dataset}")
    return [f"{why} ({shortened(cells)})" for why, cells in reasons.items()]


def name(who: Who, among: Sequence[Who]) -> str:
    """The model, and what of how it was asked others have otherwise; always that its score is not its own."""
    differing = [row.name for row in fields(Who)[1:] if len({getattr(each, row.name) for each in among}) > 1]
    always = [*(["engine"] if is_made_up(who) else []), *(["weights"] if is_random(who) else [])]
    told = dict.fromkeys([*differing, *always])
    words = [WORDS[field](who) if field in WORDS else str(getattr(who, field)) for field in told]
    return f"{who.model} ({', '.join(words)})" if words else who.model


def heading(column: Column, among: Sequence[Column]) -> tuple[str, ...]:
    """The dataset, how many questions, whose they are if not its own, who rated, which of several choices."""
    words = (column.dataset, f"{column.count} questions", *([] if column.is_benchmark else [column.data]))
    words += (f"rated by {column.judge}",) if column.judge else ()
    twins = {row.chosen for row in among if replace(row, chosen=column.chosen) == column}
    return (*words, f"choice {column.chosen[:4]}") if len(twins) > 1 else words


def score_text(score: Metric) -> tuple[str, str]:
    """The score, and from where to where it lies: shares in per cent, others with their unit."""
    worth, digits, unit = (100, 1, "%") if score.unit == SHARE else (1, 2, score.unit)
    interval = score.interval
    bounds = (
        ""
        if interval is None
        else " to ".join(f"{worth * end:.{digits}f}" for end in (interval.low, interval.high))
    )
    return f"{worth * score.value:.{digits}f}{unit}", bounds


def _drawn(section: Section) -> Table:
    shown = plain_table("model", gap=2)
    for words in _headings(section):
        shown.add_column("\n".join(words), justify="right")
    for cost in _costs(section):
        shown.add_column(cost, justify="right")
    for row in grid(section):
        shown.add_row(row.name, *("\n".join(each) for each in row.scores), *row.costs)
    return shown


def _headings(section: Section) -> list[tuple[str, ...]]:
    return [heading(column, section.columns) for column in section.columns]


def _costs(section: Section) -> list[str]:
    """Headings of what was measured of some row."""
    scored = [row for row in section.standings if row.interval is not None]
    return [cost.heading for cost in COSTS if any(cost.value([row]) is not None for row in scored)]


def _told(row: Standing | None, first: Standing | None) -> tuple[str, str]:
    if row is None or row.score is None:
        return "", ""
    value, bounds = score_text(row.score)
    return (f"{value}{BEST}" if row is first else value), bounds


def _in_one(value: str, bounds: str) -> str:
    return f"{value} ({bounds})" if value else ""


def _of(section: Section, *, column: Column | None = None, who: Who | None = None) -> list[Standing]:
    return [row for row in section.standings if column in (None, row.column) and who in (None, row.who)]
