"""Coverage as a person reads it: tables on a terminal, the same in Markdown, and what to look at."""

from collections.abc import Iterator, Sequence

from rich.box import SIMPLE_HEAD
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from harness.results.coverage import ALL, GROUPS, Change, Pair, Row, State, table
from harness.results.figures import line

COLUMNS = {
    "types": "types",
    "types_passing": "types on own path",
    "types_sound": "types sound",
    "pairs": "pairs",
    "in_matrix": "in matrix",
    "forward": "ran forward",
    "own_path": "on own path",
    "passed": "all passed",
    "known": "known failures",
    "unsupported": "unsupported",
    "unexpected": "unexpected",
    "not_run": "not run",
}
"""Field of a row → its heading."""
HEADINGS = {
    State.UNEXPECTED: "Not as expected",
    State.KNOWN: "Known failures",
    State.UNSUPPORTED: "Unsupported",
}
"""States that call for a reason → the heading of their list."""


def tables(pairs: Sequence[Pair], changed: Sequence[Change], title: str) -> Iterator[RenderableType]:
    """For a terminal."""
    for by in GROUPS:
        yield _table(table(pairs, by), by, title)
    for heading, lines in _lists(pairs, changed):
        yield Text("\n".join([f"{heading}:", *(f"  {entry}" for entry in lines)]))


def markdown(pairs: Sequence[Pair], changed: Sequence[Change], title: str) -> str:
    """For a page: a job's summary, a pull request."""
    parts = [f"# {title}"]
    for by in GROUPS:
        head = [by, *COLUMNS.values()]
        rows = [[row.group, *(str(getattr(row, name)) for name in COLUMNS)] for row in table(pairs, by)]
        lines = [head, ["---", *(["---:"] * len(COLUMNS))], *rows]
        parts.append("\n".join(f"| {' | '.join(cells)} |" for cells in lines))
    for heading, entries in _lists(pairs, changed):
        parts.append("\n".join([f"## {heading}", "", *(f"- {entry}" for entry in entries)]))
    return "\n\n".join(parts) + "\n"


def _table(rows: Sequence[Row], by: str, title: str) -> Table:
    drawn = Table(box=SIMPLE_HEAD, title=f"{title}, by {by}", title_justify="left")
    drawn.add_column(by, no_wrap=True)
    for heading in COLUMNS.values():
        drawn.add_column(heading, justify="right")
    for row in rows:
        style = "bold" if row.group == ALL else None
        drawn.add_row(row.group, *(str(getattr(row, name)) for name in COLUMNS), style=style)
    return drawn


def _lists(pairs: Sequence[Pair], changed: Sequence[Change]) -> Iterator[tuple[str, list[str]]]:
    for state, heading in HEADINGS.items():
        entries = [f"{pair.name}: {line(pair.reason)}" for pair in pairs if pair.state is state]
        if entries:
            yield f"{heading} ({len(entries)})", entries
    exempt = _exempt(pairs)
    if exempt:
        yield "Checks that a design rules out", exempt
    missing = sorted({pair.model_type for pair in pairs if not pair.in_matrix})
    if missing:
        yield "Not in the matrix (run `harness matrix sync`)", missing
    if changed:
        yield "Changed since the run before", [f"{c.pair}: {c.before} → {c.now}" for c in changed]


def _exempt(pairs: Sequence[Pair]) -> list[str]:
    """Check and reason, each once, with the model types it holds for."""
    found: dict[tuple[str, str], list[str]] = {}
    for pair in pairs:
        for entry in pair.exempt:
            found.setdefault(entry, []).append(pair.model_type)
    return [
        f"{check}: {reason} ({len(types)} classes of {', '.join(dict.fromkeys(types))})"
        for (check, reason), types in sorted(found.items())
    ]
