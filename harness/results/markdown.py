"""A run as Markdown, for the summary of a CI job: what ended how, and what calls for something."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from harness.results.figures import line
from harness.results.record import Result
from harness.results.verdict import judge, missing

MOST = 50
"""Cells, and sentences of advice, that are listed; a summary takes 1 MiB."""

SPECIAL = str.maketrans({mark: f"\\{mark}" for mark in "\\`*_[]<>|#"})
"""What a message may hold that Markdown would read more in."""


def markdown(run: str, results: Sequence[Result], planned: Iterable[str]) -> str:
    """Outcomes counted by suite and device, then each cell that is not as expected, then what to do."""
    lost = missing(results, planned)
    verdicts = [judge(result) for result in results]
    unexpected = [
        (result, verdict) for result, verdict in zip(results, verdicts, strict=True) if not verdict.expected
    ]
    parts = [f"### {_plain(run)}", _counted(results)]
    if unexpected:
        rows = [
            (_plain(result.report.cell), result.outcome.value, _plain(line(result.report.message)))
            for result, _ in unexpected
        ]
        parts.append(rows_of(("cell", "outcome", "message"), rows[:MOST]))
    advice = [
        *(_plain(sentence) for _, verdict in unexpected for sentence in verdict.advice),
        *(f"{_plain(cell)}: no result; the run ended before it" for cell in lost),
    ]
    parts += ["\n".join(f"- {sentence}" for sentence in advice[:MOST])] if advice else []
    parts += [f"{len(advice) - MOST} more are in the results."] if len(advice) > MOST else []
    return "\n\n".join(parts) + "\n"


def _counted(results: Sequence[Result]) -> str:
    counts = Counter(
        (result.cell["suite"], result.cell["device"], result.outcome.value) for result in results
    )
    groups = sorted({key[:2] for key in counts})
    outcomes = sorted({key[2] for key in counts})
    seconds = {
        group: sum(
            each.report.seconds for each in results if (each.cell["suite"], each.cell["device"]) == group
        )
        for group in groups
    }
    rows = [
        (*group, *(str(counts[*group, outcome]) for outcome in outcomes), f"{seconds[group]:.0f}")
        for group in groups
    ]
    return rows_of(("suite", "device", *outcomes, "s"), rows)


def rows_of(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table, its texts as they are."""
    return "\n".join(f"| {' | '.join(cells)} |" for cells in _lines(head, rows))


def _lines(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[Sequence[str]]:
    yield head
    yield ["---"] * len(head)
    yield from rows


def _plain(text: str) -> str:
    return text.translate(SPECIAL)
