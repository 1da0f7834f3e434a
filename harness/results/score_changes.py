"""What became of scores from one run to another, question by question: the same questions, asked again."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any

from rich.console import RenderableType
from rich.text import Text

from harness.results.figures import line
from harness.results.intervals import Interval
from harness.results.markdown import rows_of
from harness.results.score_table import heading, name, score_text
from harness.results.scored import SHARE
from harness.results.scores import Strata, changes, difference_interval, scaled
from harness.results.standings import Standing, Who
from harness.results.tables import plain_table

HEADINGS = ("model", "questions", "before", "now", "change", "gained", "lost", "verdict")
MEANING = (
    "Change: now - before, question by question, with its 95% interval; it has changed where that leaves out "
    "0. Gained and lost: questions that score more, and less."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """The same questions asked twice."""

    before: Standing
    now: Standing
    interval: Interval
    """Of now - before, paired; in the score's unit."""
    gained: int
    """Questions that score more than before."""
    lost: int
    """Questions that score less."""

    @property
    def verdict(self) -> str:
        """Whether it has changed, as far as so many questions tell."""
        if self.interval.low > 0:
            return "better"
        return "worse" if self.interval.high < 0 else "no change shown"

    def to_json(self) -> dict[str, Any]:
        """For a program."""
        return {
            "cell": self.now.cell,
            "run": self.now.run,
            "against": {"cell": self.before.cell, "run": self.before.run},
            "interval": asdict(self.interval),
            "gained": self.gained,
            "lost": self.lost,
            "verdict": self.verdict,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Everything that two runs have in common, and why the rest has no pair."""

    changes: tuple[Change, ...]
    unpaired: tuple[str, ...]


def compare(now: Sequence[Standing], before: Sequence[Standing]) -> Comparison:
    """Each scored standing with that of the same cell, else with the one of its model and questions."""
    found, unpaired = [], []
    for row in now:
        if row.interval is None:
            continue
        other = _pair(row, before)
        change = _change(other, row) if other is not None else None
        if change is None:
            unpaired.append(f"{row.cell}: {_why(row, before)}")
        else:
            found.append(change)
    return Comparison(changes=tuple(found), unpaired=tuple(unpaired))


def tables(found: Comparison) -> Iterator[RenderableType]:
    """For a terminal."""
    shown = plain_table(*HEADINGS[:2], gap=2)
    for words in HEADINGS[2:-1]:
        shown.add_column(words, justify="right")
    shown.add_column(HEADINGS[-1])
    for row in _rows(found):
        shown.add_row(*row)
    yield shown
    for sentence in (MEANING, *found.unpaired):
        yield Text(sentence)


def markdown(found: Comparison) -> str:
    """For a page."""
    listed = "\n".join(f"- {sentence}" for sentence in (MEANING, *found.unpaired))
    return f"{rows_of(HEADINGS, _rows(found))}\n\n{listed}\n"


def _rows(found: Comparison) -> list[tuple[str, ...]]:
    columns = [change.now.column for change in found.changes]
    return [
        (
            _named(change),
            " ".join(heading(change.now.column, columns)),
            *(score_text(row.score)[0] if row.score else "" for row in (change.before, change.now)),
            _points(change),
            str(change.gained),
            str(change.lost),
            change.verdict,
        )
        for change in found.changes
    ]


def _points(change: Change) -> str:
    """Of a hundred; of a rating its own."""
    interval, score = change.interval, change.now.score
    worth, digits = (100, 1) if score is not None and score.unit == SHARE else (1, 2)
    value, low, high = (
        f"{worth * part:+.{digits}f}" for part in (interval.value, interval.low, interval.high)
    )
    return f"{value} ({low} to {high})"


def _named(change: Change) -> str:
    """The model, and what it was asked with otherwise than before."""
    before, now = change.before.who, change.now.who
    differing = [row.name for row in fields(Who) if getattr(before, row.name) != getattr(now, row.name)]
    told = [f"{field} {getattr(before, field)} → {getattr(now, field)}" for field in differing]
    return f"{name(now, [now])}, {', '.join(told)}" if told else name(now, [now])


def _pair(row: Standing, before: Sequence[Standing]) -> Standing | None:
    alike = [other for other in before if other.column == row.column and other.who.model == row.who.model]
    same = [other for other in alike if other.who == row.who]
    return next(iter(same or (alike if len(alike) == 1 else ())), None)


def _change(before: Standing, now: Standing) -> Change | None:
    """None where the facts of one do not fit its samples."""
    old, new = before.strata(), now.strata()
    if old is None or new is None or _sizes(old) != _sizes(new):
        return None
    differences = changes(old, new)
    each = [value for values in differences.values() for value in values]
    least, most = now.span
    return Change(
        before=before,
        now=now,
        interval=scaled(difference_interval(differences, evenly=now.evenly), most - least),
        gained=sum(value > 0 for value in each),
        lost=sum(value < 0 for value in each),
    )


def _sizes(strata: Strata) -> dict[str, int]:
    return {name: len(values) for name, values in strata.items()}


def _why(row: Standing, before: Sequence[Standing]) -> str:
    """Why it has no pair."""
    own = [
        other
        for other in before
        if (other.who.model, other.column.dataset) == (row.who.model, row.column.dataset)
    ]
    if not own:
        return "not asked in the other run"
    scored = [other for other in own if other.interval is not None]
    if not scored:
        return f"not scored in the other run: {line(own[0].message) or own[0].outcome.value}"
    if any(other.column == row.column for other in scored):
        return "asked in several other ways in the other run, or not scored wholly in one of them"
    return "other questions in the other run: another data root, another choice, or other content"
