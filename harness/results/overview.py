"""Many functional results in a few rows: counted by architecture, where nobody would read them one by one."""

from collections.abc import Iterable, Mapping, Sequence

from harness.matrix.cells import Cell
from harness.results.record import Result
from harness.results.verdict import EXPECTED

MOST_ROWS = 60
"""Cells that are shown one by one; of more, only those that are not as expected."""
COLUMNS = ("cells", "passed", "xfailed", "unsupported", "skipped", "unexpected", "s")
ALL = "all"

Row = tuple[Cell, Result]


def in_full(rows: Sequence[Row]) -> list[Row]:
    """The rows to show one by one."""
    if len(rows) <= MOST_ROWS:
        return list(rows)
    return [row for row in rows if row[1].outcome not in EXPECTED]


def names(rows: Iterable[Row]) -> dict[str, str]:
    """Cell → how its row is called: by the model, and by the class too where the model has several."""
    classes: dict[str, set[str]] = {}
    cells = [cell for cell, _ in rows]
    for cell in cells:
        classes.setdefault(cell.model.id, set()).add(cell.model.model_class)
    return {
        cell.id: f"{cell.model.id} {cell.model.model_class}"
        if len(classes[cell.model.id]) > 1
        else cell.model.id
        for cell in cells
    }


def counts(rows: Iterable[Row]) -> dict[str, Mapping[str, float]]:
    """Architecture → how many of its cells ended how, and the seconds they took; last, all together."""
    found: dict[str, dict[str, float]] = {}
    total: dict[str, float] = {}
    for cell, result in rows:
        ended = result.outcome.value if result.outcome in EXPECTED else "unexpected"
        added = {"cells": 1, ended: 1, "s": result.report.seconds}
        for counted in (found.setdefault(cell.model.architecture, {}), total):
            for name, number in added.items():
                counted[name] = counted.get(name, 0) + number
    return {**{name: found[name] for name in sorted(found)}, ALL: total}


def columns(counted: Mapping[str, Mapping[str, float]]) -> list[str]:
    """The columns that have a number in some row."""
    return [name for name in COLUMNS if counted[ALL].get(name)]


def shortened(models: Iterable[str], most: int = 8) -> str:
    """Names, each once, and of many only the first."""
    unique = list(dict.fromkeys(models))
    more = len(unique) - most
    return ", ".join(unique[:most]) + (f" and {more} more" if more > 0 else "")
