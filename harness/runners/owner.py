"""Which process started something, told apart from a later one that was given the same number."""

import os
import subprocess
import sys
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any, Self


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """A process of one boot of one machine, as labels and `order.json` record it."""

    boot: str
    """Boot id and PID namespace: a number means the same process only within both."""
    pid: int
    started: str
    """When the process began, in the kernel's own words; empty where there is no such process."""

    @classmethod
    def of(cls, pid: int) -> Self:
        """The process of that number, now."""
        return cls(boot=_boot(), pid=pid, started=_started(pid))

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """The inverse of `str`; None where the text is something else."""
        boot, _, rest = text.partition(":")
        pid, _, started = rest.partition(":")
        return cls(boot=boot, pid=int(pid), started=started) if pid.isdecimal() else None

    def __str__(self) -> str:
        return f"{self.boot}:{self.pid}:{self.started}"

    def to_json(self) -> dict[str, Any]:
        """The record as `order.json` has it."""
        return asdict(self)

    def alive(self) -> bool:
        """Whether it is known to run: the same boot, the same number, the same beginning."""
        return self.boot == _boot() and self.started != "" and _started(self.pid) == self.started

    def gone(self) -> bool:
        """Whether it is known to have ended; of another machine, boot or namespace nothing is known."""
        return self.boot == _boot() and not self.alive()


@cache
def _boot() -> str:
    if sys.platform != "linux":
        return os.uname().nodename
    boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    return f"{boot}/{Path('/proc/self/ns/pid').stat().st_ino}"


def _started(pid: int) -> str:
    if sys.platform != "linux":
        shown = subprocess.run(["ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, check=False)
        return shown.stdout.decode(errors="replace").strip()
    try:
        line = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return ""
    state, *fields = line.rpartition(")")[2].split()  # the name before it may hold anything
    return "" if state in "ZX" else fields[18]
