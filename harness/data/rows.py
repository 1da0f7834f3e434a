"""The rows of a file: JSON lines, a JSON list, CSV; each that cannot be read is told with its line."""

import csv
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

PARQUET = ".parquet"
MAGIC = b"PAR1"
"""A Parquet file begins and ends so: https://parquet.apache.org/docs/file-format/."""


class Row(NamedTuple):
    """A row, or why it is none."""

    line: int
    """Line, or item of a list, counted from 1."""
    value: dict[str, Any]
    problem: str | None = None


def rows(path: Path) -> Iterator[Row] | None:
    """The rows of a file; None for a kind whose rows only pyarrow reads. OSError where it cannot be read."""
    reader = READERS.get(path.suffix)
    return reader(path) if reader else None


def cut_short(path: Path) -> bool:
    """Whether a Parquet file lacks its beginning or its end."""
    with path.open("rb") as file:
        begins = file.read(len(MAGIC)) == MAGIC
        size = file.seek(0, 2)
        file.seek(max(size - len(MAGIC), 0))
        return not begins or size < 3 * len(MAGIC) or file.read() != MAGIC


def _json_lines(path: Path) -> Iterator[Row]:
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            if line.strip():
                yield _parsed(number, line.rstrip(b"\r\n"))


def _json(path: Path) -> Iterator[Row]:
    """A list of rows, or lines although it is named otherwise, as many repositories have it."""
    with path.open("rb") as file:
        begins = file.read(64).lstrip()[:1]
    if begins != b"[":
        yield from _json_lines(path)
        return
    try:
        items = json.loads(path.read_text("utf-8"))
    except json.JSONDecodeError as error:
        yield Row(error.lineno, {}, f"not JSON at column {error.colno}: {error.msg}")
    except (ValueError, RecursionError) as error:
        yield Row(1, {}, f"not JSON: {error}")
    else:
        yield from (_row(number, item) for number, item in enumerate(items, 1))


def _csv(path: Path) -> Iterator[Row]:
    try:
        with path.open(encoding="utf-8", newline="") as file:
            reader = csv.DictReader(file, strict=True)
            for row in reader:
                uneven = None in row or None in row.values()
                yield Row(
                    reader.line_num, row, "its columns are not those of the first line" if uneven else None
                )
    except (ValueError, csv.Error) as error:
        yield Row(1, {}, f"not CSV: {error}")


def _parsed(number: int, line: bytes) -> Row:
    try:
        return _row(number, json.loads(line.decode("utf-8")))
    except json.JSONDecodeError as error:
        return Row(number, {}, f"not JSON at column {error.colno}: {error.msg}")
    except UnicodeDecodeError as error:
        return Row(number, {}, f"not UTF-8 at byte {error.start}")
    except (ValueError, RecursionError) as error:
        return Row(number, {}, f"not JSON: {error}")


def _row(number: int, value: object) -> Row:
    return Row(number, value) if isinstance(value, dict) else Row(number, {}, "no JSON object")


READERS: dict[str, Callable[[Path], Iterator[Row]]] = {".jsonl": _json_lines, ".json": _json, ".csv": _csv}
