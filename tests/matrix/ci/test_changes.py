"""What differs from another revision, in a repository of its own."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import SelectionError
from harness.matrix.ci.changes import changes, rows_changed

Git = Callable[..., str]
BERT, T5 = {"id": "bert", "classes": ["A"]}, {"id": "t5", "classes": ["B"]}


@pytest.fixture
def git(tmp_path: Path) -> Git:
    """A command in a new repository with one commit, on the branch main."""

    def call(*arguments: str) -> str:
        identity = ("-c", "user.name=a", "-c", "user.email=a@b", "-c", "commit.gpgsign=false")
        command = ["git", "-C", str(tmp_path), *identity, *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout

    call("init", "--quiet", "--initial-branch=main")
    write(tmp_path, models=[BERT])
    (tmp_path / "old.py").touch()
    (tmp_path / ".gitignore").write_text("ignored\n")
    call("add", ".")
    call("commit", "--quiet", "--message=one")
    return call


def write(root: Path, **lists: Any) -> None:
    (root / "matrix.json").write_text(json.dumps(lists))


def test_nothing_differs_from_itself(tmp_path: Path, git: Git) -> None:
    assert changes(tmp_path, "main").paths == ()


def test_what_is_committed_changed_new_or_gone_differs(tmp_path: Path, git: Git) -> None:
    git("switch", "--quiet", "--create", "work")
    (tmp_path / "committed é.py").touch()
    git("add", ".")
    git("commit", "--quiet", "--message=two")
    (tmp_path / "old.py").unlink()
    (tmp_path / "new.py").touch()
    (tmp_path / "ignored").touch()
    assert changes(tmp_path, "main").paths == ("committed é.py", "new.py", "old.py")


def test_what_the_other_has_done_since_does_not_count(tmp_path: Path, git: Git) -> None:
    git("branch", "work")
    (tmp_path / "theirs.py").touch()
    git("add", ".")
    git("commit", "--quiet", "--message=theirs")
    git("switch", "--quiet", "work")
    assert changes(tmp_path, "main").paths == ()


def test_rows_of_the_matrix_are_told_from_one_another(tmp_path: Path, git: Git) -> None:
    write(tmp_path, models=[BERT, T5], versions=["5.9.0"])
    found = changes(tmp_path, "HEAD")
    assert found.paths == ("matrix.json",)
    assert found.rows == (("models", T5),)


def test_of_a_matrix_that_was_broken_every_row_differs(tmp_path: Path, git: Git) -> None:
    (tmp_path / "matrix.json").write_text("{")
    git("commit", "--quiet", "--all", "--message=broken")
    write(tmp_path, models=[BERT, T5], transformers="5")
    assert changes(tmp_path, "HEAD").rows == (("models", BERT), ("models", T5))


@pytest.mark.parametrize("reference", ["nope", "--help", "main:matrix.json", ""])
def test_a_revision_that_git_does_not_know_is_one_sentence(tmp_path: Path, git: Git, reference: str) -> None:
    with pytest.raises(SelectionError, match=f"git knows no revision '{reference}' in "):
        changes(tmp_path, reference)


def test_a_history_of_its_own_has_nothing_to_compare(tmp_path: Path, git: Git) -> None:
    git("switch", "--quiet", "--orphan", "alone")
    git("commit", "--quiet", "--allow-empty", "--message=alone")
    with pytest.raises(SelectionError, match="that this one has a common past with"):
        changes(tmp_path, "main")


def test_without_a_repository_there_is_no_revision(tmp_path: Path) -> None:
    with pytest.raises(SelectionError, match="git knows no revision 'main'"):
        changes(tmp_path, "main")


row = st.fixed_dictionaries({"id": st.sampled_from("abcd"), "x": st.integers(0, 2)})
tables = st.dictionaries(
    st.sampled_from(["models", "devices"]), st.lists(row, max_size=4, unique_by=lambda row: row["id"])
)


@given(tables, tables)
def test_rows_that_both_have_do_not_differ(before: Any, now: Any) -> None:
    assert rows_changed(now, now) == ()
    for name, row in rows_changed(before, now):
        assert (row in before.get(name, [])) != (row in now.get(name, []))
    for name in {*before, *now}:
        ids = {row["id"] for row in before.get(name, []) + now.get(name, [])}
        changed = {row["id"] for kind, row in rows_changed(before, now) if kind == name}
        for each in ids - changed:
            same = [[row for row in rows.get(name, []) if row["id"] == each] for rows in (before, now)]
            assert all(row in same[1] for row in same[0])
            assert all(row in same[0] for row in same[1])
