"""All the last caches that a process can use count, each once, and what is not told is not taken for none."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.suite.roofline.last_cache import BEYOND, LEAST, ROOM, UNKNOWN_MOST, Beyond, beyond, last_cache

MIB, GIB = 2**20, 2**30


def write(root: Path, *caches: tuple[int, int, str, str, str]) -> Path:
    """CPU, level, type, size and the CPUs that share it."""
    for place, (cpu, level, kind, size, shared) in enumerate(caches):
        index = root / f"devices/system/cpu/cpu{cpu}/cache/index{place}"
        index.mkdir(parents=True)
        texts = {"level": str(level), "type": kind, "size": size, "shared_cpu_list": shared}
        for name, text in texts.items():
            (index / name).write_text(f"{text}\n")
    return root


CHIPLETS = [
    (cpu, level, kind, size, shared)
    for cpu, pair in enumerate(("0-1", "0-1", "2-3", "2-3"))
    for level, kind, size, shared in (
        (1, "Instruction", "64K", str(cpu)),
        (2, "Unified", "1024K", str(cpu)),
        (3, "Unified", "32768K", pair),
    )
]
"""Four CPUs in two groups with a third-level cache each."""


@pytest.mark.parametrize(
    ("cpus", "size"), [({0, 1, 2, 3}, 64 * MIB), ({0, 1}, 32 * MIB), ({1, 2}, 64 * MIB), (set(), 0)]
)
def test_the_caches_of_the_cpus_that_may_be_used_count_once_each(
    cpus: set[int], size: int, tmp_path: Path
) -> None:
    assert last_cache("cpu", write(tmp_path, *CHIPLETS), frozenset(cpus)) == size


def test_a_machine_without_a_third_level_has_its_second_levels(tmp_path: Path) -> None:
    second = [cache for cache in CHIPLETS if cache[1] < 3]
    assert last_cache("cpu", write(tmp_path, *second), frozenset(range(4))) == 4 * MIB


def test_what_the_kernel_does_not_tell_or_cannot_be_read_is_no_cache(tmp_path: Path) -> None:
    assert last_cache("cpu", tmp_path, frozenset({0})) == 0
    write(tmp_path, *CHIPLETS)
    (tmp_path / "devices/system/cpu/cpu0/cache/index2/size").unlink()
    (tmp_path / "devices/system/cpu/cpu0/cache/index1/size").write_text("unknown\n")
    assert last_cache("cpu", tmp_path, frozenset({0})) == 0
    assert last_cache("cpu", tmp_path, frozenset({0, 1})) == 32 * MIB


@given(st.integers(1, 2 * GIB), st.integers(0, 1 << 42))
def test_what_is_moved_is_more_than_the_caches_hold_or_it_is_said(cache: int, free: int) -> None:
    found = beyond("cpu", cache, free)
    assert found.size <= free // ROOM
    assert found.sure == (found.size >= BEYOND * cache)


def test_where_no_cache_is_told_a_part_of_the_memory_is_moved_and_it_is_said() -> None:
    assert beyond("cpu", 0, 16 * GIB) == Beyond(GIB, sure=False)
    assert beyond("cpu", 0, 1 << 42) == Beyond(UNKNOWN_MOST, sure=False)
    assert beyond("cpu", 0, 512 * MIB) == Beyond(LEAST["cpu"], sure=False)


def test_an_accelerator_moves_more_than_a_cache_that_it_does_not_tell_of() -> None:
    assert beyond("cuda", 4 * MIB).size >= BEYOND * 256 * MIB
    assert beyond("cuda:1", GIB) == Beyond(BEYOND * GIB, sure=True)
    assert not beyond("cuda", 0).sure


def test_this_machine_tells_and_its_sizes_are_past_what_it_tells() -> None:
    assert beyond("cpu").size >= BEYOND * last_cache("cpu")
