"""Memory of this process, above what importing the libraries costs."""

import re
from pathlib import Path

STATUS = Path("/proc/self/status")
RESET = Path("/proc/self/clear_refs")
MEMINFO = Path("/proc/meminfo")

RESET_PEAK = "5"
"""Written to clear_refs this sets the peak back to the present resident size (proc(5))."""


def resident() -> int | None:
    """Bytes resident now; None where there is no procfs."""
    return _field(STATUS, "VmRSS")


def peak() -> int | None:
    """Largest resident size in bytes since the last reset."""
    return _field(STATUS, "VmHWM")


def reset_peak() -> bool:
    """Start a new peak; False where the kernel does not let us, and the old peak stands."""
    try:
        RESET.write_text(RESET_PEAK)
    except OSError:
        return False
    return True


def available() -> int | None:
    """Bytes the kernel thinks can be had without swapping."""
    return _field(MEMINFO, "MemAvailable")


def _field(path: Path, name: str) -> int | None:
    try:
        text = path.read_text()
    except OSError:
        return None
    found = re.search(rf"^{name}:\s+(\d+) kB$", text, re.MULTILINE)
    return int(found[1]) * 1024 if found else None
