"""A file is replaced whole or not at all."""

import os
from pathlib import Path

import pytest

from harness.files import replace


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "kept.json"
    path.write_bytes(b"old")
    return path


def test_the_new_content_stands_alone(path: Path) -> None:
    replace(path, b"new")
    assert path.read_bytes() == b"new"
    assert list(path.parent.iterdir()) == [path]


def test_a_mode_stands_whatever_the_umask(path: Path) -> None:
    umask = os.umask(0o077)
    try:
        replace(path, b"new", mode=0o644)
        assert path.stat().st_mode & 0o777 == 0o644
        replace(path, b"new")
        assert path.stat().st_mode & 0o777 == 0o600
    finally:
        os.umask(umask)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_a_full_disk_leaves_the_old_content(path: Path) -> None:
    (path.parent / f".{path.name}.{os.getpid()}").symlink_to("/dev/full")
    with pytest.raises(OSError, match="No space left"):
        replace(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(path.parent.iterdir()) == [path]
