"""What a process gives up, for good, before it runs code that is not ours."""

import ctypes
import os
import resource
import signal
import sys
import time
from collections.abc import Sequence
from contextlib import suppress

from harness.suite.evaluation.programs.landlock import NoLandlock, read_only
from harness.suite.evaluation.programs.seccomp import NoFilter, compute_only

PR_SET_PDEATHSIG, PR_SET_NO_NEW_PRIVS = 1, 38

READABLE = (
    "/lib",
    "/lib64",
    "/usr/lib",
    "/usr/lib64",
    "/usr/local/lib",
    "/usr/share/zoneinfo",
    "/etc/ld.so.cache",
    "/etc/localtime",
    "/dev/null",
    "/dev/urandom",
    "/dev/zero",
)
"""Beside Python's own folders: shared libraries, clocks, and devices that hold nothing."""
NONE_OF = (
    resource.RLIMIT_CORE,
    resource.RLIMIT_FSIZE,
    resource.RLIMIT_MEMLOCK,
    resource.RLIMIT_MSGQUEUE,
    resource.RLIMIT_NPROC,
)
OPEN_FILES = 64


class Unconfined(Exception):
    """This kernel, machine or engine cannot confine a process, so nothing generated is run; says why."""


def confine(parent: int, packages: Sequence[str], memory_bytes: int, cpu_s: int) -> None:
    """Leave this process its processor, its memory, its open files, and Python's folders to read.

    From here on it ends with `parent`; it may use `cpu_s` more seconds of a processor and `memory_bytes` of
    addresses; `packages` are folders of modules that it may import beside the standard library.
    Raises Unconfined, and then may have given up some and not all.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it was gone before we asked to go with it
        raise SystemExit
    _die_first()
    os.chdir("/")
    sys.path += packages
    _limit(memory_bytes, cpu_s)
    if libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0):
        raise Unconfined("the kernel does not let a process give up privileges")
    try:
        read_only((*sys.path, *READABLE))
        compute_only()
    except (NoLandlock, NoFilter) as error:
        raise Unconfined(str(error)) from None


def _die_first() -> None:
    """Where memory runs out, let the kernel choose this process, and not one that has results."""
    with suppress(OSError):
        score = os.open("/proc/self/oom_score_adj", os.O_WRONLY)
        os.write(score, b"1000")
        os.close(score)


def _limit(memory_bytes: int, cpu_s: int) -> None:
    """At the first limit of its time it is told, a second later it is killed."""
    soft = int(time.process_time()) + 1 + cpu_s
    rows = {resource.RLIMIT_CPU: (soft, soft + 1), resource.RLIMIT_AS: (memory_bytes, memory_bytes)}
    rows |= {resource.RLIMIT_NOFILE: (OPEN_FILES, OPEN_FILES)}
    for kind, (wanted, most) in (rows | dict.fromkeys(NONE_OF, (0, 0))).items():
        _, hard = resource.getrlimit(kind)
        allowed = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(kind, (min(wanted, allowed), allowed))
