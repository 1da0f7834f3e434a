"""Whether the rows of a dataset are whole, before lm_eval sees them.

A field that a row of JSON lacks becomes an empty value without a word, and a broken line a traceback of arrow's.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.parquet

from harness.matrix.datasets import Dataset, Split
from harness.suite.evaluation.problems import DataProblem

MEND = "mend it, or fetch it anew with `harness data fetch`"
OFTEN_EMPTY = {"all_classes"}
"""Fields that are null where they do not apply."""
UNREAD = {".gz", ".zst", ".zip"}
"""Left to the libraries: compressed files are not looked into."""


def check(root: Path, dataset: Dataset) -> None:
    """DataProblem for the first file that is missing, broken, empty, or lacks a field that the task reads.

    Rows are counted from 1. Images are not looked at.
    """
    source = dataset.source
    if source is None:
        raise DataProblem(f"{dataset.id} has no data of its own: {dataset.no_task}")
    for config in source.configs:
        for split in source.splits:
            rows = 0
            for path in _files(root / source.repo, split, config, dataset.id):
                rows += _checked(path, source.fields)
            if not rows:
                raise DataProblem(
                    f"the split {split.name} of {dataset.id} ({config}) has no rows under {root / source.repo}: "
                    f"fetch it anew with `harness data fetch {dataset.id}`"
                )


def _files(folder: Path, split: Split, config: str, dataset: str) -> list[Path]:
    found = sorted(folder.glob(split.pattern(config)))
    if not found:
        raise DataProblem(
            f"{folder} has no file {split.pattern(config)}: fetch it with `harness data fetch {dataset}`"
        )
    return found


def _checked(path: Path, fields: tuple[str, ...]) -> int:
    """How many rows the file has."""
    if path.suffix in UNREAD:
        return 1
    return _checked_parquet(path, fields) if path.suffix == ".parquet" else _checked_json(path, fields)


def _checked_json(path: Path, fields: tuple[str, ...]) -> int:
    number = 0
    for number, row in enumerate(_rows(path), 1):
        for field in fields:
            if field not in row or (row[field] is None and field not in OFTEN_EMPTY):
                raise _lacks(path, number, field)
    return number


def _rows(path: Path) -> Iterator[dict[str, Any]]:
    """The objects of a file of one JSON object a line, or of one list of them."""
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise DataProblem(f"{path} is no text in UTF-8 (byte {error.start}): {MEND}") from error
    # Not splitlines(): a string of JSON may hold U+2028, which that takes for the end of a line.
    listed = text.lstrip().startswith("[")
    parts = [text] if listed else text.removesuffix("\n").split("\n") if text else []
    for number, part in enumerate(parts, 1):
        try:
            read = json.loads(part) if listed else [json.loads(part)]
        except ValueError as error:
            raise DataProblem(f"{path}, line {number}, is no JSON ({error}): {MEND}") from error
        for row in read:
            if not isinstance(row, dict):
                raise DataProblem(f"{path}, line {number}, is {row!r:.40} and no row: {MEND}")
            yield row


def _checked_parquet(path: Path, fields: tuple[str, ...]) -> int:
    try:
        file = pyarrow.parquet.ParquetFile(path)
        for field in fields:
            if field not in file.schema_arrow.names:
                raise _lacks(path, 1, field)
        for field in set(fields) - OFTEN_EMPTY:
            row = 0
            for batch in file.iter_batches(columns=[field]):
                if batch.column(0).null_count:
                    raise _lacks(path, row + batch.column(0).is_null().index(True).as_py() + 1, field)
                row += len(batch)
    except pyarrow.ArrowException as error:
        raise DataProblem(f"{path} cannot be read as parquet ({error}): {MEND}") from error
    return file.metadata.num_rows


def _lacks(path: Path, row: int, field: str) -> DataProblem:
    return DataProblem(f"{path}, row {row}, has no {field}: {MEND}")
