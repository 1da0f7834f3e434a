"""Processors and memory: what they are, how many, and which lie near one another."""

import os
import platform
import subprocess
import sys
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from harness.machine import tree

UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Core:
    """A processor core: the CPUs that share it, and the memory node it is near."""

    cpus: tuple[int, ...]
    node: int = 0


def model(root: Path = tree.ROOT) -> str:
    """The CPU's model, as it names itself."""
    if sys.platform == "darwin":
        return sysctl("machdep.cpu.brand_string") or UNKNOWN
    lines = tree.text(root / "proc/cpuinfo").splitlines()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return next(iter(names), "") or platform.processor() or platform.machine() or UNKNOWN


def usable() -> tuple[int, ...]:
    """The CPUs that this process may use; empty where the system does not tell."""
    return tuple(sorted(os.sched_getaffinity(0))) if hasattr(os, "sched_getaffinity") else ()


def count() -> int:
    """How many CPUs this process may use; where the system does not tell, how many there are."""
    return len(usable()) or os.cpu_count() or 1


def cores(cpus: Iterable[int], root: Path = tree.ROOT) -> tuple[Core, ...]:
    """The cores of these CPUs, in order, with those of them that share it."""
    wanted = set(cpus)
    near = {
        cpu: int(path.parent.name.removeprefix("node"))
        for path in tree.below(root, "sys/devices/system/node/node[0-9]*/cpulist")
        for cpu in parse(tree.text(path))
    }
    found: dict[tuple[int, ...], Core] = {}
    for cpu in sorted(wanted):
        path = root / f"sys/devices/system/cpu/cpu{cpu}/topology/thread_siblings_list"
        together = tuple(sorted((parse(tree.text(path)) & wanted) | {cpu}))
        found.setdefault(together, Core(cpus=together, node=near.get(cpu, 0)))
    return tuple(found.values())


def parse(text: str) -> frozenset[int]:
    """CPUs as the kernel lists them: `0-3,8`."""
    ranges = [part.partition("-") for part in text.split(",") if part]
    return frozenset(cpu for first, _, last in ranges for cpu in range(int(first), int(last or first) + 1))


def memory(root: Path = tree.ROOT) -> tuple[int | None, int | None]:
    """Bytes in all, and bytes that can be had without swapping; None where nothing tells."""
    if sys.platform == "darwin":
        return int(sysctl("hw.memsize") or 0) or None, None
    said = tree.table(root / "proc/meminfo")
    sizes = [said.get(name, "").removesuffix(" kB") for name in ("MemTotal", "MemAvailable")]
    total, available = (int(size) * 1024 if size.isdecimal() else None for size in sizes)
    return total, available


def sysctl(name: str) -> str:
    """What macOS answers; empty where it does not."""
    with suppress(OSError, subprocess.SubprocessError):
        asked = subprocess.run(["sysctl", "-n", name], capture_output=True, check=True, timeout=10)
        return asked.stdout.decode(errors="replace").strip()
    return ""
