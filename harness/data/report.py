"""Datasets as people read them: a line each, what was found of one, everything for a program."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from harness.data.check import Checked
from harness.data.root import DataRoot
from harness.data.state import Holding, State
from harness.matrix.datasets import Dataset

HEADINGS = ("dataset", "state", "rows", "of", "task", "")


def lines(root: DataRoot, held: Iterable[Holding]) -> Iterator[str]:
    """A line about the root, and one a dataset."""
    yield f"data: {root.path} ({root.name})"
    table: list[Sequence[str]] = [HEADINGS]
    for row in held:
        official = row.dataset.source.rows if row.dataset.source else None
        table.append(
            (
                row.dataset.id,
                row.state,
                _count(row.rows) if row.state in (State.PRESENT, State.PARTIAL) else "-",
                _count(official) if row.dataset.source else "-",
                row.dataset.task or "-",
                "; ".join(_notes(row.dataset)),
            )
        )
    yield from _aligned(table)


def full(row: Holding) -> dict[str, Any]:
    """Everything that is known of a dataset, and what is here."""
    dataset = row.dataset
    source = dataset.source
    return {
        "dataset": dataset.id,
        "title": dataset.title,
        "aliases": list(dataset.aliases),
        "task": dataset.task,
        "no_task": dataset.no_task,
        "kind": dataset.kind.value if dataset.kind else None,
        "score": dataset.score,
        "images": dataset.images,
        "license": dataset.license,
        "extras": list(dataset.extras),
        "unverified": list(dataset.unverified),
        "repo": source.repo if source else None,
        "gated": source.gated if source else None,
        "state": row.state.value,
        "rows": row.rows,
        "official_rows": source.rows if source else None,
        "missing": list(row.missing),
    }


def told(found: Iterable[Checked]) -> Iterator[str]:
    """A line a dataset, and below it each problem."""
    for row in found:
        yield f"{row.holding.dataset.id}: {_verdict(row)}"
        yield from (f"  {problem}" for problem in row.problems)


def checked(row: Checked) -> dict[str, Any]:
    """What was found, for a program."""
    return {
        "dataset": row.holding.dataset.id,
        "state": row.holding.state.value,
        "whole": row.whole,
        "rows": row.rows,
        "problems": list(row.problems),
    }


def _verdict(row: Checked) -> str:
    state = row.holding.state
    if state is State.NO_TASK:
        return f"no task: {row.holding.dataset.no_task}"
    if state in (State.ABSENT, State.GATED):
        return f"{state}: {_fetch(row.holding.dataset)}"
    counted = ", ".join(f"{split} {_count(rows)}" for split, rows in row.rows.items())
    return f"{'whole' if row.whole else 'not whole'} ({counted} rows)"


def _notes(dataset: Dataset) -> Iterator[str]:
    """Why it has no task, and what else it is called."""
    if dataset.no_task:
        yield dataset.no_task
    if dataset.aliases:
        yield f"also {', '.join(dataset.aliases)}"


def _fetch(dataset: Dataset) -> str:
    return f"`harness data fetch {dataset.id}`"


def _count(rows: int | None) -> str:
    return "?" if rows is None else f"{rows:,}"


def _aligned(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """The rows with their columns as wide as their widest cell."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        yield "  ".join(cells).rstrip()
