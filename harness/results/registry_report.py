"""The registry as people read it: a line a model, a model in full, a line a category, a table of Markdown."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from harness.matrix.presets import ENGINES, options, processes, settings
from harness.matrix.records import Matrix
from harness.matrix.registry import Category, Entry, Preset

GB = 1e9
UNVERIFIED = "?"
"""Marks what could not be looked up."""

COLUMNS: dict[str, Callable[[Matrix, Entry], str]] = {
    "model": lambda _, row: row.id,
    "parameters": lambda _, row: _billions(row.parameters) + _mark(row, "config"),
    "active": lambda _, row: _billions(row.active or row.parameters),
    "GB": lambda _, row: f"{row.bytes / GB:,.1f}" if row.bytes else "-",
    "stored": lambda _, row: row.quantisation or ("bf16" if row.bytes else "-"),
    "context": lambda _, row: f"{row.context:,}" if row.context else "-",
    "access": lambda _, row: row.access + _mark(row, "access"),
    "preset": lambda _, row: row.preset or "-",
    "licence": lambda _, row: row.license + _mark(row, "license"),
    "hub": lambda matrix, row: hub_id(matrix, row) or "-",
}
"""Heading → an entry's cell."""


def hub_id(matrix: Matrix, entry: Entry) -> str | None:
    """owner/name of an entry's weights on the hub; None where there are none."""
    row = next((row for row in matrix.models if row.id == entry.row), None)
    return row.checkpoint.hub_id if row is not None and row.checkpoint is not None else None


def lines(matrix: Matrix, entries: Iterable[Entry]) -> Iterator[str]:
    """A line an entry below one of headings, in columns."""
    rows = [tuple(COLUMNS), *([cell(matrix, row) for cell in COLUMNS.values()] for row in entries)]
    yield from _aligned(rows)


def markdown(matrix: Matrix, entries: Iterable[Entry]) -> str:
    """The same as a table of Markdown."""
    rows = [
        list(COLUMNS),
        ["---"] * len(COLUMNS),
        *([cell(matrix, row) for cell in COLUMNS.values()] for row in entries),
    ]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def categories(rows: Iterable[Category]) -> Iterator[str]:
    """A line a category: its models are counted, its datasets named."""
    table: list[Sequence[str]] = [("category", "models", "samples", "seconds", "tokens", "datasets")]
    table += [
        (
            row.id,
            str(len(row.models)),
            str(row.samples),
            f"{row.timeout_s:g}",
            str(row.max_tokens),
            ", ".join(row.primary) + (f" (and {len(row.optional)} optional)" if row.optional else ""),
        )
        for row in rows
    ]
    yield from _aligned(table)


def full(matrix: Matrix, entry: Entry, preset: Preset | None) -> dict[str, Any]:
    """Everything that is known of an entry, and what each engine would be told under the preset."""
    found: dict[str, Any] = {
        "model": entry.id,
        "row": None if entry.unsupported else entry.row,
        "hub_id": hub_id(matrix, entry),
        "license": entry.license,
        "access": entry.access.value,
        "categories": [row.id for row in matrix.registry.categories_of(entry)],
        "context": entry.context,
        "parameters": entry.parameters,
        "active": entry.active or entry.parameters,
        "bytes": entry.bytes,
        "quantisation": entry.quantisation,
        "tensor_parallel": entry.tensor_parallel,
        "gpus": entry.gpus,
        "memory": entry.memory,
        "batch": entry.batch,
        "unverified": list(entry.unverified),
        "stand_in": entry.stand_in,
        "unsupported": entry.unsupported,
        "note": entry.note,
    }
    if preset is None:
        return found
    chosen = settings(entry, preset)
    engines = {
        row.id: {"model": row.model, "processes": processes(row, chosen), "options": options(row, chosen)}
        for row in ENGINES.values()
        if row.options
    }
    return found | {"preset": preset.id, "engines": engines}


WORDS: dict[str, Callable[[Any], str]] = {
    "categories": lambda names: ", ".join(names) or "none",
    "context": lambda tokens: f"{tokens:,} tokens",
    "parameters": lambda number: f"{number:,}",
    "active": lambda number: f"{number:,}",
    "bytes": lambda number: f"{number / GB:,.1f} GB",
    "memory": lambda share: f"{share:.0%} of a device at most",
    "unverified": lambda parts: f"{', '.join(parts)}: could not be looked up",
}
"""How a value of `full` is said, where it is not said as it is."""


def told(found: dict[str, Any]) -> Iterator[str]:
    """What `full` found, a line each; what says nothing is left out."""
    known = {name: value for name, value in found.items() if name != "engines" and value not in (None, [])}
    yield from _aligned([(name, WORDS.get(name, str)(value)) for name, value in known.items()])
    for name, row in found.get("engines", {}).items():
        given = " ".join(f"{option}={value}" for option, value in row["options"].items())
        started = f" in {row['processes']} processes" if row["processes"] > 1 else ""
        yield f"{name}: {row['model']}{started}, {given}"


def _billions(number: int | None) -> str:
    return "-" if number is None else f"{number / 1e9:,.2f}B"


def _mark(entry: Entry, part: str) -> str:
    return UNVERIFIED if part in entry.unverified else ""


def _aligned(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """The rows with their columns as wide as their widest cell."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
