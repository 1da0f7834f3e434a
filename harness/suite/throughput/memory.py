"""Memory of this process where its model is: resident on the CPU, allocated on an accelerator."""

import re
from pathlib import Path
from typing import Any

import torch

STATUS = Path("/proc/self/status")
RESET = Path("/proc/self/clear_refs")
MEMINFO = Path("/proc/meminfo")

MAPS = Path("/proc/self/smaps")
LIBRARY = re.compile(
    r"^[0-9a-f]+-[0-9a-f]+ .*\.so(?:\.[\d.]+)?\n(?:\w+: .*\n)*?Rss: +(\d+) kB$", re.MULTILINE
)
"""A mapping of a file named as a library, and its resident kB (proc_pid_smaps(5))."""

RESET_PEAK = "5"
"""Written to clear_refs this sets the peak back to the present resident size (proc(5))."""


def used(device: str) -> int | None:
    """Bytes in use now; None where neither the kernel nor the device's allocator tells."""
    if device == "cpu":
        return _field(STATUS, "VmRSS")
    return _allocator(device, "memory_allocated")


def reserved(device: str) -> int | None:
    """Bytes that the device's allocator keeps, in use or not; of the process on the CPU, as `used`."""
    return used(device) if device == "cpu" else _allocator(device, "memory_reserved")


def peak(device: str) -> int | None:
    """Most bytes in use since the last reset."""
    if device == "cpu":
        return _field(STATUS, "VmHWM")
    return _allocator(device, "max_memory_allocated")


def reserved_peak(device: str) -> int | None:
    """Most bytes that an accelerator's allocator held of it, in use or not; None on the CPU."""
    return None if device == "cpu" else _allocator(device, "max_memory_reserved")


def reset_peak(device: str) -> bool:
    """Start a new peak; False where that cannot be done, and the old peak stands."""
    if device != "cpu":
        reset = getattr(_module(device), "reset_peak_memory_stats", None)
        if reset is not None:
            reset()
        return reset is not None
    try:
        RESET.write_text(RESET_PEAK)
    except OSError:
        return False
    return True


def libraries(maps: Path = MAPS) -> int:
    """Resident bytes of the shared libraries that this process has mapped; 0 where nobody tells."""
    try:
        text = maps.read_text()
    except OSError:
        return 0
    return 1024 * sum(int(resident) for resident in LIBRARY.findall(text))


def available(device: str = "cpu") -> int | None:
    """Bytes that can be had: without swapping, as the kernel thinks, or as the device says are free."""
    if device == "cpu":
        return _field(MEMINFO, "MemAvailable")
    read = getattr(_module(device), "mem_get_info", None)
    return None if read is None else int(read()[0])


def _module(device: str) -> Any:
    """The module of torch for the device's kind: `torch.cuda` for `cuda:1`."""
    return getattr(torch, device.partition(":")[0], None)


def _allocator(device: str, figure: str) -> int | None:
    read = getattr(_module(device), figure, None)
    return None if read is None else int(read())


def _field(path: Path, name: str) -> int | None:
    try:
        text = path.read_text()
    except OSError:
        return None
    found = re.search(rf"^{name}:\s+(\d+) kB$", text, re.MULTILINE)
    return int(found[1]) * 1024 if found else None
