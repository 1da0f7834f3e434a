"""How matrix.json is written: the same again, whole or not at all."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import MatrixError
from harness.matrix.layout import compact, text, write
from harness.matrix.load import find_root, load, load_data

ROOT = find_root(Path(__file__))
Data = dict[str, Any]

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


def test_the_real_matrix_is_as_it_would_be_written() -> None:
    assert text(load_data(ROOT)) == (ROOT / "matrix.json").read_text("utf-8")


@given(values)
def test_what_is_written_on_a_line_is_read_back_the_same(value: Any) -> None:
    line = compact(value)
    assert json.loads(line) == value
    assert "\n" not in line
    assert compact(json.loads(line)) == line


@pytest.mark.parametrize(
    ("number", "written"),
    [(0.00001, "0.00001"), (1e6, "1000000.0"), (0.12, "0.12"), (3, "3"), (1e22, "10000000000000000000000.0")],
)
def test_numbers_are_written_as_people_write_them(number: float, written: str) -> None:
    assert compact(number) == written


def test_rows_are_put_in_order_and_say_nothing_twice(
    data: Data, checkout: Callable[[Data | str], Path]
) -> None:
    shuffled = data | {
        "models": [row | {"priority": row.get("priority", "low")} for row in data["models"][::-1]]
    }
    root = checkout(shuffled)
    write(root, shuffled)
    assert (root / "matrix.json").read_text("utf-8") == (ROOT / "matrix.json").read_text("utf-8")
    assert load(root) == load(ROOT)


def test_a_file_that_cannot_be_replaced_stays_and_nothing_lies_beside_it(data: Data, tmp_path: Path) -> None:
    (tmp_path / "matrix.json").mkdir()
    with pytest.raises(MatrixError, match=r"matrix\.json cannot be written: Is a directory"):
        write(tmp_path, data)
    assert [path.name for path in tmp_path.iterdir()] == ["matrix.json"]
