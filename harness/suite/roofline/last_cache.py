"""The last caches before memory, and how much must be moved so that they cannot hold it."""

import re
from dataclasses import dataclass
from pathlib import Path

import torch

from harness.suite.throughput import memory
from harness.suite.throughput.counters import usable

SYS = Path("/sys")
BEYOND = 4
"""Memory's rate is asked of buffers this many times the last cache: STREAM's run rule (McCalpin 1995, "Memory
bandwidth and machine balance in current high performance computers")."""
LEAST = {"cpu": 1 << 26}
LEAST_ELSEWHERE = 1 << 30
"""Bytes moved at the least. An accelerator may tell of one cache and have another before its memory: this is
four times the 256 MiB of AMD's MI300X ("CDNA 3 architecture", white paper, 2023)."""
UNKNOWN_SHARE = 16
"""Where nobody tells of a cache: this part of the free memory. Large caches come with large memories."""
UNKNOWN_MOST = 1 << 32
"""4 GiB: three times the last caches of the processor that has the most, 1.1 GiB in AMD's EPYC 9684X."""
ROOM = 8
"""The part of the free memory that a buffer may take: a copy has two, and the model's may be there."""
UNITS = {"K": 1 << 10, "M": 1 << 20, "G": 1 << 30}


@dataclass(frozen=True, slots=True)
class Beyond:
    """Bytes from which on a load is taken to be memory's."""

    size: int
    sure: bool
    """False where nobody tells of the caches, or memory is too short to get past them."""


def last_cache(device: str, sys: Path = SYS, cpus: frozenset[int] | None = None) -> int:
    """Bytes of the device's last caches together; 0 where neither the kernel nor the device tells.

    On the CPU those of the `cpus` (None: that this process may use), each once however many share it.
    """
    if device == "cpu":
        return _of_cpus(sys, usable() if cpus is None else cpus)
    module = getattr(torch, device.partition(":")[0], None)
    if module is None or not module.is_available():
        return 0
    properties = getattr(module, "get_device_properties", lambda _: None)(device)
    return int(getattr(properties, "L2_cache_size", 0))


def beyond(device: str, cache: int | None = None, free: int | None = None) -> Beyond:
    """What must be moved to measure memory past a `cache` (None: what is told here; 0: nothing tells).

    On the CPU no more than a part of the `free` bytes (None: of what the kernel says).
    """
    cache = last_cache(device) if cache is None else cache
    least = max(BEYOND * cache, LEAST.get(device, LEAST_ELSEWHERE))
    free = memory.available() if free is None else free
    if device != "cpu" or free is None:
        return Beyond(least, sure=bool(cache))
    if not cache:
        least = max(least, min(free // UNKNOWN_SHARE, UNKNOWN_MOST))
    size = min(least, free // ROOM)
    return Beyond(size, sure=bool(cache) and size >= BEYOND * cache)


def _of_cpus(sys: Path, cpus: frozenset[int]) -> int:
    """Sum over the distinct caches of the highest level, as sysfs-devices-system-cpu (ABI) tells of them."""
    found: dict[tuple[int, str], int] = {}
    for cpu in cpus:
        for index in (sys / f"devices/system/cpu/cpu{cpu}/cache").glob("index*"):
            level, size = _text(index / "level"), _bytes(_text(index / "size"))
            if level.isdigit() and size and _text(index / "type") != "Instruction":
                found[int(level), _text(index / "shared_cpu_list") or str(cpu)] = size
    highest = max((level for level, _ in found), default=0)
    return sum(size for (level, _), size in found.items() if level == highest)


def _text(path: Path) -> str:
    try:
        return path.read_text().strip()
    except OSError:
        return ""


def _bytes(size: str) -> int:
    found = re.fullmatch(r"(\d+)([KMG]?)", size)
    return int(found[1]) * UNITS.get(found[2], 1) if found else 0
