"""What Linux counts of a process, its CPUs and its machine; None where it does not tell.

Times are in seconds, frequencies in Hz. The files are those of proc(5) and, in the kernel's documentation,
admin-guide/cgroup-v2 (cpu.stat), accounting/psi (pressure) and admin-guide/pm/cpufreq; the counters of
throttling are those of its driver therm_throt for x86.
"""

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

TICKS_PER_S = os.sysconf("SC_CLK_TCK")
BUSY = (0, 1, 2, 5, 6)
"""Of a CPU's line in /proc/stat: user, nice, system, irq, softirq. Guests' time is in user's already."""
STEAL = 7
UTIME, STIME, MAJFLT, PPID = 11, 12, 9, 1
"""Of /proc/PID/stat, from the third field (the state) on."""


def usable() -> frozenset[int]:
    """The CPUs that this process may use; none where the system does not tell."""
    return frozenset(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where the kernel tells, and which process and CPUs it is asked about."""

    proc: Path = Path("/proc")
    sys: Path = Path("/sys")
    pid: int = field(default_factory=os.getpid)
    cpus: frozenset[int] = field(default_factory=usable)
    device: str = "cpu"
    """Of torch, where the model is."""


def others_cpu(place: Place) -> float | None:
    """What all but this process computed on its CPUs, the kernel's interrupts included."""
    own, busy = _cpu_time(place, place.pid), _ticks(place, BUSY)
    return None if own is None or busy is None else busy - own


def ancestors_cpu(place: Place) -> float | None:
    """What the processes that started this one computed: the harness, and whatever runs it."""
    spent, pid = [], _parent(place, place.pid)
    while pid is not None and pid > 1:  # the first process is the machine's, or the container's
        spent.append(_cpu_time(place, pid))
        pid = _parent(place, pid)
    known = [seconds for seconds in spent if seconds is not None]
    return sum(known) if known else None


def stolen(place: Place) -> float | None:
    """What the hypervisor gave to others while this machine's CPUs would have run."""
    return _ticks(place, (STEAL,))


def preemptions(place: Place) -> float | None:
    """Times that a thread of this process was made to leave a CPU."""
    statuses = (place.proc / str(place.pid) / "task").glob("*/status")
    return _sum(_found(path, r"^nonvoluntary_ctxt_switches:\s+(\d+)$") for path in statuses)


def throttled_by_heat(place: Place) -> float | None:
    """Times that a CPU was too hot for its speed."""
    names = ("core_throttle_count", "package_throttle_count")
    return _sum(_found(_cpu(place, cpu) / "thermal_throttle" / name) for cpu in place.cpus for name in names)


def throttled_by_quota(place: Place) -> float | None:
    """Periods in which a control group of this process had used up its CPU time; cgroup v2 or v1."""
    stats = {level / "cpu.stat" for level in _groups(place)}
    return _sum(_found(path, r"^nr_throttled (\d+)$") for path in sorted(stats))


def frequency(place: Place) -> float | None:
    """The highest of the CPUs: one that has nothing to do at the moment may be slow."""
    found = [_found(_cpu(place, cpu) / "cpufreq" / "scaling_cur_freq") for cpu in place.cpus]
    known = [1000 * kilohertz for kilohertz in found if kilohertz is not None]
    return max(known, default=None)


def swapped(place: Place) -> float | None:
    """Pages that the machine moved to or from swap."""
    return _sum(_found(place.proc / "vmstat", rf"^{name} (\d+)$") for name in ("pswpin", "pswpout"))


def major_faults(place: Place) -> float | None:
    """Times that this process had to wait for a page to be read."""
    fields = _stat(place, place.pid)
    return None if fields is None else float(fields[MAJFLT])


def memory_pressure(place: Place) -> float | None:
    """Time in which some task of the machine waited for memory."""
    micros = _found(place.proc / "pressure" / "memory", r"^some .*total=(\d+)$")
    return None if micros is None else micros / 1e6


def _text(path: Path) -> str | None:
    try:
        return path.read_text()
    except OSError:
        return None


def _found(path: Path, pattern: str = r"^(\d+)$") -> float | None:
    found = re.search(pattern, _text(path) or "", re.MULTILINE)
    return None if found is None else float(found[1])


def _sum(found: Iterable[float | None]) -> float | None:
    """Of what is told; None where nothing is."""
    known = [value for value in found if value is not None]
    return sum(known) if known else None


def _cpu(place: Place, cpu: int) -> Path:
    return place.sys / "devices" / "system" / "cpu" / f"cpu{cpu}"


def _ticks(place: Place, columns: tuple[int, ...]) -> float | None:
    """Sum of those columns over the process's CPUs."""
    lines = re.findall(r"^cpu(\d+) (.*)$", _text(place.proc / "stat") or "", re.MULTILINE)
    ours = [counts.split() for cpu, counts in lines if int(cpu) in place.cpus]
    return sum(int(counts[at]) for counts in ours for at in columns) / TICKS_PER_S if ours else None


def _stat(place: Place, pid: int) -> list[str] | None:
    """The fields after the command, which may itself hold spaces and brackets."""
    text = _text(place.proc / str(pid) / "stat")
    return None if text is None else text.rpartition(")")[2].split()


def _cpu_time(place: Place, pid: int) -> float | None:
    fields = _stat(place, pid)
    return None if fields is None else (int(fields[UTIME]) + int(fields[STIME])) / TICKS_PER_S


def _parent(place: Place, pid: int) -> int | None:
    fields = _stat(place, pid)
    return None if fields is None else int(fields[PPID])


def _groups(place: Place) -> set[Path]:
    """The process's control group for CPU time and all above it, wherever they are mounted."""
    root, levels = place.sys / "fs" / "cgroup", set()
    for line in (_text(place.proc / str(place.pid) / "cgroup") or "").splitlines():
        _, controllers, path = line.split(":", 2)
        if controllers and "cpu" not in controllers.split(","):
            continue
        group = PurePosixPath(path.lstrip("/"))
        mounts = [root / controllers, root / "cpu"] if controllers else [root, root / "unified"]
        # Inside a container the path may be the host's, and only its end, the mount itself, is there.
        levels |= {mount / above for mount in mounts for above in (group, *group.parents)}
    return {level.resolve() for level in levels}
