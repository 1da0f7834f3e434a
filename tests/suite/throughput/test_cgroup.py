"""A group's peak is what it says: kept apart from a former one, or left out where that cannot be."""

import os
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.suite.throughput import cgroup
from harness.suite.throughput.cgroup import Files, Watch

MOUNTED = Path("/sys/fs/cgroup")
BLOCK = 64 << 20


@pytest.fixture
def group() -> Iterator[Files]:
    """A group of this test's own, which a child is put into."""
    root = MOUNTED / "memory" if (MOUNTED / "memory").exists() else MOUNTED
    folder = root / f"harness-test-{uuid.uuid4().hex}"
    try:
        folder.mkdir()
    except OSError as error:
        pytest.skip(f"no group can be made here: {error}")
    try:
        names = cgroup.SECOND if (folder / cgroup.SECOND[1]).exists() else cgroup.FIRST
        files = Files(*(folder / name for name in names))
        if not files.peak.exists():
            pytest.skip("this kernel tells of no group's peak")
        yield files
    finally:
        folder.rmdir()


def allocate(files: Files, size: int) -> None:
    """In a child of the group, for a moment."""
    child = os.fork()
    if child == 0:
        (files.peak.parent / "cgroup.procs").write_text(str(os.getpid()))
        block = bytearray(size)
        block[::4096] = b"x" * (size // 4096)
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_a_peak_above_the_former_is_told(group: Files) -> None:
    watch = Watch.begin(group)
    allocate(group, BLOCK)
    assert BLOCK <= (watch.end() or 0) < 2 * BLOCK


def test_a_peak_below_one_that_cannot_be_set_back_is_not_made_up(group: Files) -> None:
    allocate(group, 2 * BLOCK)
    watch = Watch.begin(group)
    allocate(group, BLOCK // 4)
    peak = watch.end()
    assert peak is None or peak < BLOCK


def test_nobody_else_s_peak_is_set_back(group: Files) -> None:
    allocate(group, BLOCK)
    Watch.begin(group).end()
    assert int(group.peak.read_text()) >= BLOCK


def test_what_is_in_use_is_no_more_than_the_peak(group: Files) -> None:
    allocate(group, BLOCK)
    assert cgroup.used(group) <= int(group.peak.read_text())


@pytest.mark.parametrize(
    ("lines", "folder", "names"),
    [
        (["0::/a/b"], "a/b", cgroup.SECOND),
        (["0::/somewhere/else"], ".", cgroup.SECOND),
        (["5:cpu,cpuacct:/a", "4:memory:/a/b", "0::/"], "memory/a/b", cgroup.FIRST),
        (["4:memory:/outside/of/the/container"], "memory", cgroup.FIRST),
    ],
)
def test_the_group_is_found_in_both_versions(
    lines: list[str], folder: str, names: tuple[str, str], tmp_path: Path
) -> None:
    where = tmp_path / folder
    where.mkdir(parents=True, exist_ok=True)
    for name in names:
        (where / name).write_text("1\n")
    assert cgroup.find(lines, tmp_path) == Files(*(where / name for name in names))


def test_no_group_is_found_where_none_tells_of_memory(tmp_path: Path) -> None:
    assert cgroup.find(["0::/a", "4:memory:/b"], tmp_path) is None
    assert cgroup.find(["3:cpu:/"], tmp_path) is None
