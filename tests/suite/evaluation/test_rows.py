"""Rows that are broken are named: which file, which row, which field."""

import json
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from harness.matrix.datasets import Dataset
from harness.suite.evaluation.problems import DataProblem
from harness.suite.evaluation.rows import check

TEST = "openai/gsm8k/main/test-00000-of-00001.jsonl"
Copy = Callable[[str], Path]


@pytest.fixture
def gsm8k(datasets: dict[str, Dataset]) -> Dataset:
    """The dataset that the tests spoil."""
    return datasets["gsm8k"]


@pytest.fixture
def spoilt(copied: Copy) -> Callable[[int, str], Path]:
    """A function that replaces a line (from 1) of GSM8K's test split and gives the data root."""

    def spoil(number: int, line: str) -> Path:
        root = copied("openai/gsm8k")
        lines = (root / TEST).read_text().splitlines()
        lines[number - 1] = line
        (root / TEST).write_text("\n".join(lines) + "\n")
        return root

    return spoil


def problem(root: Path, dataset: Dataset) -> str:
    with pytest.raises(DataProblem) as raised:
        check(root, dataset)
    assert "\n" not in str(raised.value)
    return str(raised.value).replace(str(root), "ROOT")


def test_the_sample_is_whole(sample: Path, datasets: dict[str, Dataset]) -> None:
    whole = [row for row in datasets.values() if row.source]
    assert len(whole) >= 17
    for dataset in whole:
        check(sample, dataset)


def test_a_broken_line(spoilt: Callable[[int, str], Path], gsm8k: Dataset) -> None:
    said = problem(spoilt(3, '{"question": "How'), gsm8k)
    assert said.startswith(f"ROOT/{TEST}, line 3, is broken (not JSON at column ")
    assert said.endswith("mend it, or fetch it anew with `harness data fetch`")


def test_a_line_that_is_no_row(spoilt: Callable[[int, str], Path], gsm8k: Dataset) -> None:
    assert problem(spoilt(2, "17"), gsm8k).startswith(f"ROOT/{TEST}, line 2, is broken (no JSON object): ")


@pytest.mark.parametrize("line", ['{"question": "How many?"}', '{"question": "How many?", "answer": null}'])
def test_a_field_that_is_missing(spoilt: Callable[[int, str], Path], gsm8k: Dataset, line: str) -> None:
    assert problem(spoilt(5, line), gsm8k).startswith(f"ROOT/{TEST}, row 5, has no answer: ")


def test_a_field_that_is_null_where_it_does_not_apply(sample: Path, datasets: dict[str, Dataset]) -> None:
    file = sample / "Xnhyacinth/LongBench/qasper/test-00000-of-00001.jsonl"
    assert json.loads(file.read_text().splitlines()[0])["all_classes"] is None
    check(sample, datasets["longbench"])


def test_text_of_another_encoding(copied: Copy, gsm8k: Dataset) -> None:
    root = copied("openai/gsm8k")
    (root / TEST).write_bytes('{"question": "Fünf?"}\n'.encode("latin-1"))
    assert problem(root, gsm8k).startswith(f"ROOT/{TEST}, line 1, is broken (not UTF-8 at byte 15): ")


def test_a_missing_file_and_a_missing_folder(copied: Copy, gsm8k: Dataset, tmp_path: Path) -> None:
    root = copied("openai/gsm8k")
    (root / TEST).unlink()
    fetch = "fetch it with `harness data fetch gsm8k`"
    assert problem(root, gsm8k) == f"ROOT/openai/gsm8k has no file main/test*: {fetch}"
    assert problem(tmp_path, gsm8k) == f"ROOT/openai/gsm8k has no file main/train*: {fetch}"


def test_an_empty_split(copied: Copy, gsm8k: Dataset) -> None:
    root = copied("openai/gsm8k")
    (root / TEST).write_text("")
    assert problem(root, gsm8k).startswith(f"ROOT/{TEST} has no rows: ")


def test_a_line_separator_of_unicode_within_a_text(
    spoilt: Callable[[int, str], Path], gsm8k: Dataset
) -> None:
    check(spoilt(1, '{"question": "One\u2028two?", "answer": "#### 2"}'), gsm8k)


def test_a_list_of_rows(copied: Copy, gsm8k: Dataset) -> None:
    root = copied("openai/gsm8k")
    rows = [json.loads(line) for line in (root / TEST).read_text().splitlines()]
    (root / TEST).unlink()
    path = (root / TEST).with_suffix(".json")
    path.write_text(json.dumps(rows, indent=1))
    check(root, gsm8k)
    path.write_text(json.dumps([*rows, {"question": "?"}], indent=1))
    assert ".json, row 7, has no answer: " in problem(root, gsm8k)


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (
            [{"question": "?", "answer": "#### 1"}, {"question": "?", "answer": None}],
            ", row 2, has no answer",
        ),
        ([{"question": "?"}], ", row 1, has no answer"),
        ([{"question": "?", "answer": "#### 1"}], None),
    ],
)
def test_parquet(copied: Copy, gsm8k: Dataset, rows: list[dict[str, str]], said: str | None) -> None:
    root = copied("openai/gsm8k")
    (root / TEST).unlink()
    path = (root / TEST).with_suffix(".parquet")
    pq.write_table(pa.Table.from_pylist(rows), path)
    if said is None:
        check(root, gsm8k)
    else:
        assert said in problem(root, gsm8k)


def test_a_broken_parquet_file(copied: Copy, gsm8k: Dataset) -> None:
    root = copied("openai/gsm8k")
    (root / TEST).with_suffix(".parquet").write_bytes(b"PAR1 and then no more")
    assert " is no Parquet file that can be read (" in problem(root, gsm8k)
