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
def spoilt(copied: Copy) -> Callable[[int, str], Path]:
    """A function that replaces a line (from 1) of GSM8K's test split and gives the data root."""

    def spoil(number: int, line: str) -> Path:
        root = copied("openai/gsm8k")
        lines = (root / TEST).read_text().splitlines()
        lines[number - 1] = line
        (root / TEST).write_text("\n".join(lines) + "\n")
        return root

    return spoil


def checked(root: Path) -> None:
    check(root / "openai/gsm8k", "main", ("question", "answer"))


def problem(root: Path) -> str:
    with pytest.raises(DataProblem) as raised:
        checked(root)
    assert "\n" not in str(raised.value)
    return str(raised.value).replace(str(root), "ROOT")


def test_the_sample_is_whole(sample: Path, datasets: dict[str, Dataset]) -> None:
    sources = [row.source for row in datasets.values() if row.source]
    assert len(sources) >= 17
    for source in sources:
        for config in source.configs:
            check(sample / source.repo, config, source.fields)


def test_only_the_configuration_is_read(copied: Copy) -> None:
    root = copied("openai/gsm8k")
    (root / "openai/gsm8k/socratic").mkdir()
    (root / "openai/gsm8k/socratic/test.jsonl").write_text("{")
    checked(root)
    with pytest.raises(DataProblem, match=r"/socratic/test\.jsonl, line 1, is broken"):
        check(root / "openai/gsm8k", None)


def test_a_broken_line(spoilt: Callable[[int, str], Path]) -> None:
    said = problem(spoilt(3, '{"question": "How'))
    assert said.startswith(f"ROOT/{TEST}, line 3, is broken (not JSON at column ")
    assert said.endswith("mend it, or fetch it anew with `harness data fetch`")


def test_a_line_that_is_no_row(spoilt: Callable[[int, str], Path]) -> None:
    assert problem(spoilt(2, "17")).startswith(f"ROOT/{TEST}, line 2, is broken (no JSON object): ")


@pytest.mark.parametrize("line", ['{"question": "How many?"}', '{"question": "How many?", "answer": null}'])
def test_a_field_that_is_missing(spoilt: Callable[[int, str], Path], line: str) -> None:
    assert problem(spoilt(5, line)).startswith(f"ROOT/{TEST}, row 5, has no answer: ")


def test_a_field_that_is_null_where_it_does_not_apply(sample: Path) -> None:
    folder = sample / "Xnhyacinth/LongBench"
    file = folder / "qasper/test-00000-of-00001.jsonl"
    assert json.loads(file.read_text().splitlines()[0])["all_classes"] is None
    check(folder, "qasper", ("context", "all_classes"))


def test_text_of_another_encoding(copied: Copy) -> None:
    root = copied("openai/gsm8k")
    (root / TEST).write_bytes('{"question": "Fünf?"}\n'.encode("latin-1"))
    assert problem(root).startswith(f"ROOT/{TEST}, line 1, is broken (not UTF-8 at byte 15): ")


def test_a_folder_that_is_not_there_or_has_no_rows(tmp_path: Path) -> None:
    fetch = "fetch it with `harness data fetch`"
    assert problem(tmp_path) == f"there is no folder ROOT/openai/gsm8k: {fetch}"
    (tmp_path / "openai/gsm8k").mkdir(parents=True)
    assert problem(tmp_path) == f"ROOT/openai/gsm8k has no file of rows: {fetch}"


def test_an_empty_split(copied: Copy) -> None:
    root = copied("openai/gsm8k")
    (root / TEST).write_text("")
    assert problem(root).startswith(f"ROOT/{TEST} has no rows: ")


def test_a_line_separator_of_unicode_within_a_text(spoilt: Callable[[int, str], Path]) -> None:
    checked(spoilt(1, '{"question": "One\u2028two?", "answer": "#### 2"}'))


def test_a_list_of_rows(copied: Copy) -> None:
    root = copied("openai/gsm8k")
    rows = [json.loads(line) for line in (root / TEST).read_text().splitlines()]
    (root / TEST).unlink()
    path = (root / TEST).with_suffix(".json")
    path.write_text(json.dumps(rows, indent=1))
    checked(root)
    path.write_text(json.dumps([*rows, {"question": "?"}], indent=1))
    assert ".json, row 7, has no answer: " in problem(root)


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
def test_parquet(copied: Copy, rows: list[dict[str, str]], said: str | None) -> None:
    root = copied("openai/gsm8k")
    (root / TEST).unlink()
    path = (root / TEST).with_suffix(".parquet")
    pq.write_table(pa.Table.from_pylist(rows), path)
    if said is None:
        checked(root)
    else:
        assert said in problem(root)


def test_a_broken_parquet_file(copied: Copy) -> None:
    root = copied("openai/gsm8k")
    (root / TEST).with_suffix(".parquet").write_bytes(b"PAR1 and then no more")
    assert " is no Parquet file that can be read (" in problem(root)
