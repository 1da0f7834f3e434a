"""Where a result comes from can be told, with and without git."""

import subprocess
from pathlib import Path

from harness.images.image import Image
from harness.runners import provenance


def git(root: Path, *arguments: str) -> None:
    identity = ["-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", "-C", root, *identity, *arguments], check=True, capture_output=True)


def checkout(root: Path) -> Path:
    (root / "harness").mkdir(parents=True)
    (root / "harness" / "a.py").write_text("a = 1\n")
    git(root, "init")
    git(root, "add", ".")
    git(root, "commit", "-m", "first")
    return root


def test_a_clean_checkout_is_its_commit(tmp_path: Path) -> None:
    root = checkout(tmp_path / "clean")
    revision = provenance.harness_revision(root)
    assert len(revision) == 40
    assert set(revision) <= set("0123456789abcdef")


def test_only_a_change_of_the_harness_makes_it_dirty(tmp_path: Path) -> None:
    beside, inside = checkout(tmp_path / "beside"), checkout(tmp_path / "inside")
    (beside / "notes").write_text("x")
    (inside / "harness" / "b.py").write_text("b = 1\n")
    assert not provenance.harness_revision(beside).endswith("+dirty")
    assert provenance.harness_revision(inside).endswith("+dirty")


def test_without_git_it_is_unknown(tmp_path: Path) -> None:
    assert provenance.harness_revision(tmp_path / "none") == "unknown"


def test_an_image_and_a_host_tell_apart(tmp_path: Path) -> None:
    image = Image(device="cpu", tag="t:1", id="sha256:1", lock_hash="2", base="b")
    inside = provenance.of_image(tmp_path, image, "docker 1")
    outside = provenance.of_host(tmp_path, "2")
    assert (inside.image, inside.image_id, inside.engine, inside.base) == ("t:1", "sha256:1", "docker 1", "b")
    assert (outside.image, outside.image_id, outside.engine, outside.base) == (None, None, None, None)
    assert inside.lock_hash == outside.lock_hash == "2"
    assert inside.cpu == outside.cpu != ""
