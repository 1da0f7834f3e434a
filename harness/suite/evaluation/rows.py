"""Whether the rows of a dataset are whole, before lm_eval sees them.

A field that a row of JSON lacks would become an empty value without a word, and a broken line a traceback.
"""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from harness.data.rows import PARQUET, rows
from harness.matrix.datasets import Dataset, Split
from harness.suite.evaluation.problems import DataProblem

MEND = "mend it, or fetch it anew with `harness data fetch`"
OFTEN_EMPTY = {"all_classes"}
"""Fields that are null where they do not apply."""


def check(root: Path, dataset: Dataset) -> None:
    """DataProblem for the first file that is missing, broken, empty, or lacks a field that the task reads.

    Lines and rows are counted from 1. Images are not looked at.
    """
    source = dataset.source
    if source is None:
        raise DataProblem(f"{dataset.id} has no data of its own: {dataset.no_task}")
    for config in source.configs:
        for split in source.splits:
            for path in _files(root / source.repo, split, config, dataset.id):
                checked = _checked_parquet if path.suffix == PARQUET else _checked_rows
                if not checked(path, source.fields):
                    raise DataProblem(f"{path} has no rows: {MEND}")


def _files(folder: Path, split: Split, config: str, dataset: str) -> list[Path]:
    pattern = split.pattern(config).replace("-*", "*")  # test.jsonl as well as test-00000-of-00001.jsonl
    found = sorted(folder.glob(pattern))
    if not found:
        raise DataProblem(f"{folder} has no file {pattern}: fetch it with `harness data fetch {dataset}`")
    return found


def _checked_rows(path: Path, fields: tuple[str, ...]) -> int:
    """How many rows of text the file has."""
    count = 0
    for row in rows(path) or ():
        if row.problem:
            raise DataProblem(f"{path}, line {row.line}, is broken ({row.problem}): {MEND}")
        for field in fields:
            if field not in row.value or (row.value[field] is None and field not in OFTEN_EMPTY):
                raise _lacks(path, row.line, field)
        count += 1
    return count


def _checked_parquet(path: Path, fields: tuple[str, ...]) -> int:
    """How many rows the file has; one column is read at a time."""
    try:
        file = pq.ParquetFile(path)
        for field in fields:
            if field not in file.schema_arrow.names:
                raise _lacks(path, 1, field)
            before = 0
            for batch in file.iter_batches(columns=[field]):
                column = batch.column(0)
                if column.null_count and field not in OFTEN_EMPTY:
                    raise _lacks(path, before + column.is_null().index(True).as_py() + 1, field)
                before += len(batch)
    except pa.ArrowException as error:
        raise DataProblem(f"{path} is no Parquet file that can be read ({error}): {MEND}") from error
    return int(file.metadata.num_rows)


def _lacks(path: Path, row: int, field: str) -> DataProblem:
    return DataProblem(f"{path}, row {row}, has no {field}: {MEND}")
