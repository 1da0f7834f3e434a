"""A list of the system calls that computing and reading take; the kernel refuses every other one.

No process and no thread is started, no signal sent, no socket opened, no file written, owned or renamed, no
limit raised. A list of what is allowed, not of what is refused, holds for calls that are yet to be invented.
The filter is a program for the kernel's packet filter ("Seccomp BPF" in the kernel's documentation).
"""

import ctypes
import errno
import os
from collections.abc import Iterator
from typing import NamedTuple

LOAD, AND, EQUAL, RETURN = 0x20, 0x54, 0x15, 0x06
"""BPF_LD|W|ABS, BPF_ALU|AND|K, BPF_JMP|JEQ|K, BPF_RET|K of linux/bpf_common.h."""
ALLOW, KILL, REFUSE = 0x7FFF0000, 0x80000000, 0x00050000 | errno.EPERM
"""SECCOMP_RET_ALLOW, _KILL_PROCESS and _ERRNO of linux/seccomp.h."""
NUMBER_AT, MACHINE_AT, ARGUMENTS_AT = 0, 4, 16
"""Offsets in struct seccomp_data; both machines keep the low word of an argument first."""
PR_SET_SECCOMP, MODE_FILTER = 22, 2

MACHINES = {"x86_64": (0xC000003E, 0), "aarch64": (0xC00000B7, 1)}
"""Machine → AUDIT_ARCH of linux/audit.h, and the column of `CALLS`."""

CALLS: dict[str, tuple[int | None, int | None]] = {
    "access": (21, None),
    "alarm": (37, None),
    "brk": (12, 214),
    "clock_getres": (229, 114),
    "clock_gettime": (228, 113),
    "clock_nanosleep": (230, 115),
    "close": (3, 57),
    "dup": (32, 23),
    "exit": (60, 93),
    "exit_group": (231, 94),
    "faccessat": (269, 48),
    "faccessat2": (439, 439),
    "fcntl": (72, 25),
    "fstat": (5, 80),
    "futex": (202, 98),
    "getcwd": (79, 17),
    "getdents64": (217, 61),
    "getegid": (108, 177),
    "geteuid": (107, 175),
    "getgid": (104, 176),
    "getitimer": (36, 102),
    "getpid": (39, 172),
    "getppid": (110, 173),
    "getrandom": (318, 278),
    "getrlimit": (97, 163),
    "getrusage": (98, 165),
    "gettid": (186, 178),
    "gettimeofday": (96, 169),
    "getuid": (102, 174),
    "ioctl": (16, 29),
    "lseek": (8, 62),
    "lstat": (6, None),
    "madvise": (28, 233),
    "mmap": (9, 222),
    "mprotect": (10, 226),
    "mremap": (25, 216),
    "munmap": (11, 215),
    "nanosleep": (35, 101),
    "newfstatat": (262, 79),
    "openat": (257, 56),
    "poll": (7, None),
    "ppoll": (271, 73),
    "pread64": (17, 67),
    "prlimit64": (302, 261),
    "pselect6": (270, 72),
    "read": (0, 63),
    "readlink": (89, None),
    "readlinkat": (267, 78),
    "readv": (19, 65),
    "restart_syscall": (219, 128),
    "rseq": (334, 293),
    "rt_sigaction": (13, 134),
    "rt_sigprocmask": (14, 135),
    "rt_sigreturn": (15, 139),
    "sched_getaffinity": (204, 123),
    "sched_yield": (24, 124),
    "select": (23, None),
    "setitimer": (38, 103),
    "sigaltstack": (131, 132),
    "stat": (4, None),
    "statx": (332, 291),
    "sysinfo": (99, 179),
    "time": (201, None),
    "times": (100, 153),
    "uname": (63, 160),
    "write": (1, 64),
    "writev": (20, 66),
}
"""Name → its number on x86_64 (asm/unistd_64.h) and on aarch64 (asm-generic/unistd.h), where it exists."""


class Condition(NamedTuple):
    """The 32-bit word of the arguments, two an argument, must be one of `values` where `mask` has bits."""

    word: int
    mask: int
    values: tuple[int, ...]


ANY_BIT = 0xFFFFFFFF
CONDITIONS: dict[str, tuple[Condition, ...]] = {
    # O_ACCMODE, O_CREAT, O_TRUNC: to read what is there.
    "openat": (Condition(4, 0o3 | 0o100 | 0o1000, (0,)),),
    # F_DUPFD, F_GETFD, F_SETFD, F_GETFL, F_SETFL, F_DUPFD_CLOEXEC: an owner could be sent signals.
    "fcntl": (Condition(2, ANY_BIT, (0, 1, 2, 3, 4, 1030)),),
    # TCGETS, TIOCGWINSZ, FIONREAD, FIONCLEX, FIOCLEX: what Python asks of a file that it opens.
    "ioctl": (Condition(2, ANY_BIT, (0x5401, 0x5413, 0x541B, 0x5450, 0x5451)),),
    # The process itself, and no new limit: to ask.
    "prlimit64": tuple(Condition(word, ANY_BIT, (0,)) for word in (0, 4, 5)),
}


class Instruction(NamedTuple):
    """struct sock_filter: what to do, how many to skip if equal and if not, and a constant."""

    code: int
    equal: int
    unequal: int
    constant: int


class NoFilter(Exception):
    """No filter for this machine, or the kernel takes none; the text says which."""


class _Filter(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.c_char_p))


def instructions(machine: str) -> Iterator[Instruction]:
    """The filter for a machine. Raises NoFilter."""
    if machine not in MACHINES:
        raise NoFilter(f"no filter of system calls for {machine}")
    audit, column = MACHINES[machine]
    yield Instruction(LOAD, 0, 0, MACHINE_AT)
    yield Instruction(EQUAL, 1, 0, audit)
    yield Instruction(RETURN, 0, 0, KILL)
    yield Instruction(LOAD, 0, 0, NUMBER_AT)
    for name, numbers in CALLS.items():
        if (number := numbers[column]) is not None:
            body = [*_conditions(name), Instruction(RETURN, 0, 0, ALLOW)]
            yield Instruction(EQUAL, 0, len(body), number)
            yield from body
    yield Instruction(RETURN, 0, 0, REFUSE)


def _conditions(name: str) -> Iterator[Instruction]:
    for condition in CONDITIONS.get(name, ()):
        yield Instruction(LOAD, 0, 0, ARGUMENTS_AT + 4 * condition.word)
        yield Instruction(AND, 0, 0, condition.mask)
        for place, value in enumerate(condition.values):
            yield Instruction(EQUAL, len(condition.values) - place, 0, value)
        yield Instruction(RETURN, 0, 0, REFUSE)


def compute_only() -> None:
    """Refuse this process, for good, all calls but those listed.

    The caller has given up new privileges and has one thread. Raises NoFilter.
    """
    rows = [
        row.code.to_bytes(2, "little") + bytes((row.equal, row.unequal)) + row.constant.to_bytes(4, "little")
        for row in instructions(os.uname().machine)
    ]
    libc = ctypes.CDLL(None, use_errno=True)
    program = _Filter(len(rows), b"".join(rows))
    if libc.prctl(PR_SET_SECCOMP, MODE_FILTER, ctypes.byref(program), 0, 0):
        raise NoFilter("the kernel takes no filter of system calls")
