"""Memory of the control group that this process is in: what a container's limit is held against.

Version 2 has memory.current and memory.peak, version 1 memory.usage_in_bytes and memory.max_usage_in_bytes
(the kernel's documentation: admin-guide/cgroup-v2, cgroup-v1/memory). A group holds every process of the
container, and the pages of files that were read.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.suite.facts import CONTAINED

MEMBERSHIP = Path("/proc/self/cgroup")
ROOT = Path("/sys/fs/cgroup")
SECOND = ("memory.current", "memory.peak")
FIRST = ("memory.usage_in_bytes", "memory.max_usage_in_bytes")
SHARED = "the group is that of a whole session of this machine"


@dataclass(frozen=True, slots=True)
class Files:
    """Where a version of control groups tells what is used, and the most that was."""

    current: Path
    peak: Path


@dataclass(slots=True)
class Watch:
    """The group's peak from now on; its former one stands where the kernel lets nobody set it back."""

    files: Files
    descriptor: int | None
    """In version 2 a peak is set back for those who read through the same descriptor (Linux 6.12). Version 1
    has one for everybody, which is not ours to set back."""
    former: int
    """The peak when this began."""

    @classmethod
    def begin(cls, files: Files) -> "Watch":
        """Set the peak back, where that is allowed. OSError where the group tells nothing."""
        former = _read(files.peak, None)
        if files.peak.name != SECOND[1]:
            return cls(files, None, former)
        try:
            descriptor = os.open(files.peak, os.O_RDWR)
        except OSError:  # the mount is read-only, as a container's is
            return cls(files, None, former)
        try:
            os.write(descriptor, b"0")
        except OSError:  # the kernel is older
            os.close(descriptor)
            return cls(files, None, former)
        return cls(files, descriptor, _read(files.peak, descriptor))

    def end(self) -> int | None:
        """The most bytes that were in use since it began; None where they came below a former peak."""
        peak = _read(self.files.peak, self.descriptor)
        known = self.descriptor is not None or peak > self.former
        if self.descriptor is not None:
            os.close(self.descriptor)
            self.descriptor = None
        return peak if known else None


def find(membership: Sequence[str], root: Path = ROOT) -> Files | None:
    """The files of the group, by the lines of `/proc/self/cgroup`; None where no version tells of memory.

    Inside a container the group may be mounted as if it were the root.
    """
    for line in membership:
        _, controllers, path = line.split(":", 2)
        second = controllers == ""
        if not second and "memory" not in controllers.split(","):
            continue
        names, top = (SECOND, root) if second else (FIRST, root / "memory")
        for folder in (top / path.strip("/"), top):
            files = Files(*(folder / name for name in names))
            if files.current.exists() and files.peak.exists():
                return files
    return None


def own() -> tuple[Files | None, str]:
    """The files of this container's group; None, and why, where its figures would be others' too."""
    if not CONTAINED.exists():
        return None, SHARED
    try:
        files = find(MEMBERSHIP.read_text().splitlines())
    except OSError as error:
        return None, str(error)
    return files, "" if files else "the kernel tells of no group's memory"


def used(files: Files) -> int:
    """Bytes in use now."""
    return _read(files.current, None)


def _read(path: Path, descriptor: int | None) -> int:
    return int(path.read_text() if descriptor is None else os.pread(descriptor, 32, 0))
