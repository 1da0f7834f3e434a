"""Releases compared as a person reads it: a table of model × release, and what changed."""

from collections.abc import Iterator, Sequence

from rich.console import RenderableType
from rich.text import Text

from harness.results.compat import CELL, Change, Entry, Kind, Row, State, releases
from harness.results.figures import line
from harness.results.tables import plain_table

NOT_THERE, NOT_RUN = "–", ""
"""In a table: the release has no such model; it was not tried."""
HEADINGS = {
    Kind.BROKE: "Broke",
    Kind.MENDED: "Mended",
    Kind.LEFT: "No longer there, or no longer applies",
    Kind.CAME: "New, or newly applies",
}
"""What happened → the heading of its list."""
WITH_REASON = (Kind.BROKE, Kind.LEFT)
"""Where a check's message says why; of one that passed it says what was compared."""


def tables(rows: Sequence[Row], title: str) -> Iterator[RenderableType]:
    """For a terminal."""
    yield Text(title, style="bold")
    head, *body = grid(rows)
    table = plain_table(*head, gap=2)
    for cells in body:
        table.add_row(*cells)
    yield table
    for heading, entries in lists(rows):
        yield Text("\n".join([f"{heading}:", *(f"  {entry}" for entry in entries)]))


def markdown(rows: Sequence[Row], title: str) -> str:
    """For a page: a job's summary, an issue."""
    head, *body = grid(rows)
    lines = [head, ["---"] * len(head), *body]
    parts = [f"# {title}", "\n".join(f"| {' | '.join(cells)} |" for cells in lines)]
    for heading, entries in lists(rows):
        parts.append("\n".join([f"## {heading}", "", *(f"- {entry}" for entry in entries)]))
    return "\n\n".join(parts) + "\n"


def grid(rows: Sequence[Row]) -> list[list[str]]:
    """The table with its headings: a row a model, a column a release, and the first that broke."""
    tried = releases(rows)
    body = []
    for row in rows:
        entries = {entry.release: entry for entry in row.entries}
        marks = [_mark(entries[release]) if release in entries else NOT_RUN for release in tried]
        broke = row.broke
        body.append([_name(row, rows), *marks, f"{broke.release}: {_check(broke)}" if broke else ""])
    return [["model", *tried, "first that broke"], *body]


def lists(rows: Sequence[Row]) -> Iterator[tuple[str, list[str]]]:
    """Heading and sentences: what was bad from the first release on, then every change by its kind."""
    bad = [
        f"{_name(row, rows)} in {row.entries[0].release}: {_reasons(row.entries[0])}"
        for row in rows
        if row.entries[0].bad
    ]
    if bad:
        yield "Bad in the oldest release that was tried", bad
    for kind, heading in HEADINGS.items():
        models: dict[str, list[str]] = {}
        for row in rows:
            for change in row.changes:
                if change.kind is kind:
                    models.setdefault(_sentence(change), []).append(_name(row, rows))
        if models:
            yield heading, [f"{sentence} ({', '.join(names)})" for sentence, names in models.items()]


def _mark(entry: Entry) -> str:
    """`13/13`, `12/13 save_load`, or that there is no such model."""
    if not entry.there:
        return NOT_THERE
    judged = sum(said.state is not State.ABSENT for said in entry.checks.values())
    return " ".join([f"{entry.good}/{judged}", *entry.bad])


def _reasons(entry: Entry) -> str:
    return "; ".join(f"{name}: {line(entry.checks[name].message)}" for name in entry.bad)


def _sentence(change: Change) -> str:
    """What happened, without the model: it often happens to several."""
    why = f": {line(change.message)}" if change.message and change.kind in WITH_REASON else ""
    return f"{_check(change)} in {change.release}, after {change.before}{why}"


def _check(change: Change) -> str:
    return {"": "the model", CELL: "the whole cell"}.get(change.check, change.check)


def _name(row: Row, rows: Sequence[Row]) -> str:
    """The model, with its class where several of it were tried."""
    several = sum(other.model == row.model for other in rows) > 1
    return f"{row.model} {row.model_class}" if several else row.model
