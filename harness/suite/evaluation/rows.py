"""Whether the rows of a dataset are whole, before lm_eval sees them.

A field that a row of JSON lacks would become an empty value without a word, and a broken line a traceback.
"""

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from harness.data.rows import PARQUET, READERS, rows
from harness.suite.evaluation.problems import DataProblem

MEND = "mend it, or fetch it anew with `harness data fetch`"
OFTEN_EMPTY = {"all_classes"}
"""Fields that are null where they do not apply."""


def check(folder: Path, config: str | None, fields: Sequence[str] = ()) -> None:
    """DataProblem for the first file of a dataset's repository that is broken, empty, or lacks a field.

    `fields` are what a task reads of a row. Where a folder has the name of the configuration, only its files
    are read. Lines and rows are counted from 1; images are not looked at.
    """
    if not folder.is_dir():
        raise DataProblem(f"there is no folder {folder}: fetch it with `harness data fetch`")
    found = sorted(path for path in folder.rglob("*") if path.suffix in {PARQUET, *READERS})
    named = [path for path in found if config in path.relative_to(folder).parts]
    if not found:
        raise DataProblem(f"{folder} has no file of rows: fetch it with `harness data fetch`")
    for path in named or found:
        checked = _checked_parquet if path.suffix == PARQUET else _checked_rows
        if not checked(path, fields):
            raise DataProblem(f"{path} has no rows: {MEND}")


def _checked_rows(path: Path, fields: Sequence[str]) -> int:
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


def _checked_parquet(path: Path, fields: Sequence[str]) -> int:
    """How many rows the file has. Images and the like, which are no plain column, only have to be there."""
    try:
        file = pq.ParquetFile(path)
        for field in fields:
            if field not in file.schema_arrow.names:
                raise _lacks(path, 1, field)
            if field not in OFTEN_EMPTY and not pa.types.is_nested(file.schema_arrow.field(field).type):
                nulls = file.read(columns=[field]).column(field).is_null()
                if (first := nulls.index(True).as_py()) >= 0:
                    raise _lacks(path, first + 1, field)
    except (pa.ArrowException, OSError) as error:
        raise DataProblem(f"{path} is no Parquet file that can be read ({error}): {MEND}") from error
    return int(file.metadata.num_rows)


def _lacks(path: Path, row: int, field: str) -> DataProblem:
    return DataProblem(f"{path}, row {row}, has no {field}: {MEND}")
