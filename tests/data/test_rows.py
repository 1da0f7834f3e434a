"""The rows of a file, and each line that is none."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.data.rows import cut_short, rows

ROWS = st.lists(st.dictionaries(st.text(max_size=5), st.text(max_size=5) | st.integers(), max_size=3))


@given(values=ROWS, as_list=st.booleans())
def test_rows_are_read_as_they_were_written(
    tmp_path_factory: pytest.TempPathFactory, values: list[dict[str, Any]], as_list: bool
) -> None:
    path = tmp_path_factory.mktemp("rows") / ("a.json" if as_list else "a.jsonl")
    path.write_text(json.dumps(values) if as_list else "".join(json.dumps(row) + "\n" for row in values))
    found = rows(path)
    assert found is not None
    assert [(row.value, row.problem) for row in found] == [(value, None) for value in values]


@pytest.mark.parametrize(
    ("name", "content", "line", "problem"),
    [
        ("a.jsonl", b'{"a": 1}\n{"a": }\n', 2, "not JSON at column 7: Expecting value"),
        ("a.jsonl", b'{"a": 1}\n\n[1]\n', 3, "no JSON object"),
        ("a.jsonl", b'{"a": 1}\n{"a": "\xff"}\n', 2, "not UTF-8 at byte 7"),
        ("a.jsonl", b'{"a": 1}\n' + b"[" * 100_000 + b"\n", 2, "not JSON"),
        ("a.json", b'[{"a": 1},\n {"a": }]', 2, "not JSON at column 8: Expecting value"),
        ("a.json", b'[{"a": 1}, 2]', 2, "no JSON object"),
        ("a.json", b'{"a": 1}\n{"b"', 2, "not JSON"),
        ("a.csv", b"a,b\n1,2\n3\n", 3, "its columns are not those of the first line"),
        ("a.csv", b"a,b\n1,2,3\n", 2, "its columns are not those of the first line"),
    ],
)
def test_a_line_that_is_no_row_is_told_with_its_number(
    tmp_path: Path, name: str, content: bytes, line: int, problem: str
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    found = rows(path)
    assert found is not None
    (wrong,) = [row for row in found if row.problem]
    assert wrong.line == line
    assert problem in str(wrong.problem)


def test_what_only_pyarrow_reads_has_a_beginning_and_an_end(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    assert rows(path) is None
    for content, expected in ((b"PAR1....PAR1", False), (b"PAR1....PAR", True), (b"PAR1", True), (b"", True)):
        path.write_bytes(content)
        assert cut_short(path) is expected
