"""The kernel's own figures of this process, moved by real allocations."""

from pathlib import Path

import pytest
import torch

from harness.suite.latest import release
from harness.suite.throughput import memory

MIB = 2**20
BLOCK = 64 * MIB
SLACK = 16 * MIB
"""What else may come or go in this process meanwhile."""


@pytest.fixture(autouse=True)
def settled() -> None:
    """Nothing is left to be freed that another test left."""
    release()
    if not memory.reset_peak("cpu"):
        pytest.skip("this kernel does not let a process reset its peak memory")


def allocate(size: int) -> torch.Tensor:
    return torch.ones(size, dtype=torch.uint8)


def test_a_block_raises_the_peak_by_its_size_even_when_it_is_gone() -> None:
    before = memory.used("cpu") or 0
    block = allocate(BLOCK)
    del block
    assert abs((memory.peak("cpu") or 0) - before - BLOCK) < SLACK


def test_after_a_reset_the_peak_is_what_is_resident() -> None:
    block = allocate(BLOCK)
    del block
    high = memory.peak("cpu") or 0
    memory.reset_peak("cpu")
    assert high - (memory.peak("cpu") or 0) > BLOCK - SLACK
    assert abs((memory.peak("cpu") or 0) - (memory.used("cpu") or 0)) < SLACK


def test_a_smaller_block_does_not_move_a_peak_that_stands() -> None:
    block = allocate(BLOCK)
    del block
    high = memory.peak("cpu")
    smaller = allocate(BLOCK // 4)
    assert memory.peak("cpu") == high
    del smaller


def test_what_is_freed_goes_back_to_the_kernel() -> None:
    """Else a phase's peak would begin at the garbage of the one before."""
    before = memory.used("cpu") or 0
    scraps = [torch.ones(1 << 16) for _ in range(512)]  # each below what the allocator maps by itself
    held = (memory.used("cpu") or 0) - before
    scraps.clear()
    release()
    assert held > BLOCK
    assert (memory.used("cpu") or 0) - before < SLACK


def test_libraries_are_what_the_process_has_mapped_of_them(tmp_path: Path) -> None:
    maps = tmp_path / "smaps"
    maps.write_text(
        """7f00-7f10 r-xp 00000000 08:01 12 /lib/libtorch_cpu.so
Size:               1000 kB
KernelPageSize:        4 kB
Rss:                 600 kB
Pss:                  10 kB
VmFlags: rd ex mr mw me
7f10-7f20 rw-p 00000000 08:01 12 /lib/libgomp.so.1.0.0
Size:                  8 kB
Rss:                   4 kB
7f20-7f30 rw-p 00000000 00:00 0 [heap]
Size:               9000 kB
Rss:                8000 kB
7f30-7f40 r--p 00000000 08:01 13 /models/model.safetensors
Size:               9000 kB
Rss:                9000 kB
"""
    )
    assert memory.libraries(maps) == 604 * 1024
    assert memory.libraries(tmp_path / "none") == 0


def test_the_libraries_of_this_process_are_part_of_what_it_uses() -> None:
    assert 10 * MIB < memory.libraries() < (memory.used("cpu") or 0)


def test_what_can_be_had_is_more_than_nothing_and_less_than_everything() -> None:
    assert BLOCK < (memory.available() or 0) < 2**60
