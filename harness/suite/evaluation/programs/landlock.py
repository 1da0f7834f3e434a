"""Landlock: of the whole file system a process may read what is named, and write nothing.

Constants and structures are those of linux/landlock.h, and of "Landlock: unprivileged access control" in the
kernel's documentation. A kernel is asked for its version of the interface and given all that this version
knows; what it does not know, the filter of system calls refuses in any case.
"""

import ctypes
import os
import stat
from collections.abc import Iterable

CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446
"""Numbers of the system calls, the same on every machine."""
ASK_VERSION = 1
PATH_BENEATH = 1
READ_FILE, READ_FOLDER = 1 << 2, 1 << 3

FILE_RIGHTS = {1: 13, 2: 14, 3: 15, 5: 16}
"""Version → how many rights over files it knows, the lowest bits."""
NETWORK_RIGHTS = {4: 2}
"""To bind and to connect."""
SCOPES = {6: 2}
"""Abstract sockets and signals of processes outside."""


class NoLandlock(Exception):
    """The kernel has none, or the container's engine keeps it from us; the text says which."""


class _Ruleset(ctypes.Structure):
    _fields_ = (("files", ctypes.c_uint64), ("network", ctypes.c_uint64), ("scopes", ctypes.c_uint64))


class _Beneath(ctypes.Structure):
    _pack_ = 1
    _fields_ = (("allowed", ctypes.c_uint64), ("parent", ctypes.c_int32))


def read_only(paths: Iterable[str]) -> None:
    """Refuse this process, for good, every file but `paths` and what is beneath them, and all writing.

    A path that is not there is passed over. The caller has given up new privileges. Raises NoLandlock.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    version = _call(libc, CREATE_RULESET, None, 0, ASK_VERSION)
    rules = _Ruleset(_bits(FILE_RIGHTS, version), _bits(NETWORK_RIGHTS, version), _bits(SCOPES, version))
    known = sum(version >= since for since in (1, min(NETWORK_RIGHTS), min(SCOPES)))
    ruleset = _call(libc, CREATE_RULESET, ctypes.byref(rules), known * ctypes.sizeof(ctypes.c_uint64), 0)
    for path in paths:
        try:
            parent = os.open(path, os.O_PATH | os.O_CLOEXEC)
        except OSError:
            continue
        folder = stat.S_ISDIR(os.fstat(parent).st_mode)
        allowed = READ_FILE | READ_FOLDER if folder else READ_FILE
        _call(libc, ADD_RULE, ruleset, PATH_BENEATH, ctypes.byref(_Beneath(allowed, parent)), 0)
        os.close(parent)
    _call(libc, RESTRICT_SELF, ruleset, 0)
    os.close(ruleset)


def _bits(rights: dict[int, int], version: int) -> int:
    count = max((count for since, count in rights.items() if since <= version), default=0)
    return (1 << count) - 1


def _call(libc: ctypes.CDLL, number: int, *arguments: object) -> int:
    result: int = libc.syscall(number, *arguments)
    if result < 0:
        raise NoLandlock(f"Landlock: {os.strerror(ctypes.get_errno()).lower()}")
    return result
