"""Reading what untrusted code wrote: no links, no pipes, nothing without end, no JSON that is not JSON."""

import errno
import json
import math
import os
import stat
from contextlib import suppress
from pathlib import Path
from typing import Any, NoReturn

BLOCK = 4096


class Refused(ValueError):
    """What was found is not what was agreed; its text completes '<file> …'."""


def read(path: Path, limit: int, offset: int = 0) -> bytes:
    """The bytes of a regular file from `offset` on; Refused for another kind, or over `limit` bytes in all.

    FileNotFoundError where there is none. Only the last part of the path is proof against links: its
    folder must be ours.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        raise
    except OSError as problem:
        if problem.errno == errno.ELOOP:
            raise Refused("is a symbolic link") from problem
        raise Refused(f"cannot be read: {problem.strerror}") from problem
    state = os.fstat(descriptor)
    if not stat.S_ISREG(state.st_mode):
        os.close(descriptor)
        raise Refused("is not a regular file")
    with os.fdopen(descriptor, "rb") as file:
        if state.st_size > limit:
            raise Refused(f"holds {state.st_size:,} bytes, more than the {limit:,} allowed")
        file.seek(offset)
        return file.read(max(0, limit - offset))


def parse(text: bytes, limit: int | None = None) -> Any:
    """One JSON document as RFC 8259 has it; Refused where Python would be more lenient, or give up."""
    if limit is not None and len(text) > limit:
        raise Refused(f"is longer than {limit:,} bytes")
    try:
        data = json.loads(text, parse_constant=_no_constant, parse_float=_finite)
        json.dumps(data, ensure_ascii=False).encode()  # half a surrogate pair is read, but cannot be written
    except Refused:
        raise
    except (ValueError, RecursionError) as problem:
        raise Refused(f"is not JSON: {problem}") from problem
    return data


def line(text: str, limit: int = 80) -> str:
    """The text as it can be shown on a terminal: printable, one line, not long."""
    return "".join(character for character in text[:limit] if character.isprintable())


def usage(path: Path, limit: int) -> int:
    """Bytes of disk that a folder's content takes, an empty file included; counted to just past `limit`."""
    total = 0
    waiting = [path]
    while waiting:
        with suppress(OSError), os.scandir(waiting.pop()) as entries:  # it may go while we look
            for entry in entries:
                total += max(BLOCK, entry.stat(follow_symlinks=False).st_blocks * 512)
                if total > limit:
                    return total
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(Path(entry.path))
    return total


def _no_constant(name: str) -> NoReturn:
    raise Refused(f"is not JSON: holds {name}")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise Refused(f"is not JSON: {line(text)} is beyond any number")
    return number
