"""Whether a dataset is whole, and each way in which it is not."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from harness.data.check import LISTED, check
from harness.data.manifest import Manifest
from harness.data.root import DataRoot, data_root
from harness.data.state import State, holding
from harness.errors import DataError
from harness.matrix.datasets import Dataset
from harness.matrix.records import Matrix
from harness.matrix.select import find_dataset

Put = Callable[..., DataRoot]
TEST = "openai/gsm8k/main/test-0.jsonl"


@pytest.mark.parametrize("manifest", ["own", None])
def test_what_is_whole_is_counted(put: Put, gsm8k: Dataset, manifest: str | None) -> None:
    found = check(gsm8k, put(manifest=manifest))
    assert found.whole
    assert found.rows == {"train": 2, "test": 3}


def test_published_rows_are_as_many_as_their_makers_give(put: Put, gsm8k: Dataset) -> None:
    found = check(gsm8k, put(manifest="hub"))
    assert not found.whole
    assert found.problems == (
        "openai/gsm8k train has 2 rows where its makers give 7,473",
        "openai/gsm8k test has 3 rows where its makers give 1,319",
    )


SPOILT: dict[str, tuple[Callable[[Path], object], list[str]]] = {
    "another row": (
        lambda path: path.write_bytes(path.read_bytes() + b'{"question": "", "answer": ""}\n'),
        [
            f"{TEST} is not what manifest.json says: its checksum differs",
            f"{TEST} has 4 rows where manifest.json says 3",
        ],
    ),
    "a broken line": (
        lambda path: path.write_bytes(path.read_bytes()[:-5]),
        [
            f"{TEST} is not what manifest.json says: its checksum differs",
            f"{TEST} line 3: not JSON at column 34: Unterminated string starting at",
            f"{TEST} has 2 rows where manifest.json says 3",
        ],
    ),
    "a field missing": (
        lambda path: path.write_bytes(path.read_bytes().replace(b'"answer"', b'"solution"', 1)),
        [
            f"{TEST} is not what manifest.json says: its checksum differs",
            f"{TEST} line 1: it has no field answer",
        ],
    ),
    "nothing in it": (
        lambda path: path.write_bytes(b""),
        [
            f"{TEST} is not what manifest.json says: its checksum differs",
            f"{TEST} has no rows",
            f"{TEST} has 0 rows where manifest.json says 3",
        ],
    ),
}


@pytest.mark.parametrize(("spoil", "problems"), SPOILT.values(), ids=SPOILT)
def test_what_is_wrong_is_told_with_its_file_and_line(
    put: Put, gsm8k: Dataset, spoil: Callable[[Path], object], problems: list[str]
) -> None:
    root = put()
    spoil(root.path / TEST)
    found = check(gsm8k, root)
    assert not found.whole
    assert list(found.problems) == problems


def test_a_file_that_is_gone_is_missed(put: Put, gsm8k: Dataset) -> None:
    root = put()
    (root.path / "openai/gsm8k/main/train-0.jsonl").unlink()
    assert holding(gsm8k, root).state is State.PRESENT
    (problem,) = check(gsm8k, root).problems
    assert problem == "openai/gsm8k/main/train-0.jsonl cannot be read: No such file or directory"
    (root.path / TEST).unlink()
    assert check(gsm8k, root).holding.state is State.ABSENT


def test_of_a_file_full_of_broken_lines_not_all_are_told(put: Put, gsm8k: Dataset) -> None:
    root = put(manifest=None)
    (root.path / TEST).write_bytes(b"no\n" * 1000)
    problems = check(gsm8k, root).problems
    assert len(problems) == LISTED + 1
    assert problems[-1] == f"{TEST}: {1000 - LISTED} more lines like these"


def test_a_configuration_that_is_missing_is_named(put: Put, matrix: Matrix) -> None:
    math = find_dataset(matrix, "math")
    root = put()
    file = replace(root.manifest.files[TEST], config="algebra") if root.manifest else None
    path = "EleutherAI/hendrycks_math/algebra/test-0.jsonl"
    (root.path / path).parent.mkdir(parents=True)
    (root.path / path).write_bytes((root.path / TEST).read_bytes())
    assert file is not None
    root = replace(root, manifest=Manifest(name="own", files={path: file}))
    held = holding(math, root)
    assert (held.state, held.rows, len(held.missing)) == (State.PARTIAL, 3, 6)
    problems = check(math, root).problems
    assert "no question of EleutherAI/hendrycks_math geometry is here" in problems
    assert f"{path} line 1: it has no field problem, solution" in problems


def test_a_dataset_without_a_task_is_neither_here_nor_missing(put: Put, matrix: Matrix) -> None:
    assert holding(find_dataset(matrix, "ddi"), put()).state is State.NO_TASK


def test_what_asks_who_one_is_says_so_where_it_is_absent(put: Put, gsm8k: Dataset, tmp_path: Path) -> None:
    assert gsm8k.source is not None
    gated = replace(gsm8k, source=replace(gsm8k.source, gated=True))
    assert holding(gated, put()).state is State.PRESENT
    assert holding(gated, DataRoot(path=tmp_path / "nothing", manifest=None)).state is State.GATED


def test_a_root_is_named_or_is_what_was_fetched(tmp_path: Path) -> None:
    fetched = data_root(None, tmp_path)
    assert (fetched.path, fetched.name) == (tmp_path / ".harness" / "data", "hub")
    with pytest.raises(DataError, match="there is no folder"):
        data_root("elsewhere/than/here", tmp_path)
    with pytest.raises(DataError, match="there is no folder"):
        data_root("sample", tmp_path)
    (tmp_path / "data" / "hub").mkdir(parents=True)
    assert data_root(str(tmp_path / "data" / "hub"), tmp_path).name == "own-hub"
