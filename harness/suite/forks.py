"""A fork server: jobs in children of one warm process, so many at a time; a bad end costs one job.

The parent has imported what the jobs need and computes nothing itself: threads do not survive a fork, and
a pool of them that the parent had started would hang every child. A child is limited in memory and time,
leads a process group of its own, dies with the parent, and is the kernel's first choice where memory runs
out. What it prints goes into a pipe, of which the end is kept. Linux only.
"""

import contextlib
import ctypes
import faulthandler
import gc
import json
import os
import resource
import selectors
import signal
import time
import traceback
from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

LAST_WORDS = 16384
"""Bytes kept of what a child printed: the end, where the cause stands."""
CHUNK = 1 << 16
LOOK_S = 3600.0
"""Most seconds of one wait: the kernel's clock for it ends after 24 days, and deadlines may lie later."""
BROKEN = 70
"""Exit code of a child whose job raised: EX_SOFTWARE."""
PR_SET_PDEATHSIG = 1

Say = Callable[[dict[str, Any]], None]
"""Tells the parent something, as JSON."""


@dataclass(frozen=True, slots=True)
class Job:
    """What one child does: `work` is called in it with the means to speak to the parent."""

    name: str
    timeout_s: float
    work: Callable[[Say], None]


@dataclass(frozen=True, slots=True)
class Said:
    """A child has spoken."""

    name: str
    message: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Ended:
    """A child is gone, and all that it started and that stayed in its group."""

    name: str
    code: int
    """-n for signal n."""
    late: bool
    """Whether it was killed for its deadline."""
    output: str
    """The end of what it printed."""
    peak_bytes: int
    """The most memory it had at once, what it shares with the parent included."""
    cpu_s: float


class Selector(Protocol):
    """What a child registers its descriptors with."""

    def register(self, fileobj: int, events: int, data: Any = None) -> Any:
        """Wait for it."""

    def unregister(self, fileobj: int) -> Any:
        """Wait for it no longer."""


@dataclass(slots=True)
class _Child:
    name: str
    pid: int
    ended: int
    """pidfd: readable once it has ended."""
    said: int
    printed: int
    deadline: float
    late: bool = False
    speech: bytearray = field(default_factory=bytearray)
    words: bytearray = field(default_factory=bytearray)

    def register(self, selector: Selector) -> None:
        for descriptor in (self.ended, self.said, self.printed):
            selector.register(descriptor, selectors.EVENT_READ, self)

    def close(self, selector: Selector) -> None:
        for descriptor in (self.ended, self.said, self.printed):
            with contextlib.suppress(KeyError):  # its pipe had ended before it
                selector.unregister(descriptor)
            os.close(descriptor)

    def take(self, descriptor: int) -> bool:
        """Read what is there of a pipe; False at its end."""
        try:
            chunk = os.read(descriptor, CHUNK)
        except BlockingIOError:
            return True
        if descriptor == self.said:
            self.speech += chunk
        else:
            self.words += chunk
            del self.words[:-LAST_WORDS]
        return bool(chunk)

    def messages(self) -> Iterator[Said]:
        """What it has said since the last time. A line that is no message is not our code's."""
        *lines, rest = self.speech.split(b"\n")
        self.speech = rest
        for line in lines:
            with contextlib.suppress(ValueError):
                message = json.loads(line)
                if isinstance(message, dict):
                    yield Said(self.name, message)

    def kill(self) -> None:
        """End it and its group."""
        for end in (os.killpg, os.kill):  # it may have left its group
            with contextlib.suppress(ProcessLookupError, PermissionError):
                end(self.pid, signal.SIGKILL)


def serve(jobs: Iterable[Job], children: int, memory_bytes: int | None = None) -> Generator[Said | Ended]:
    """Run the jobs, `children` at a time, and tell what comes of each; `jobs` is asked as a child comes free.

    A child may allocate `memory_bytes` beyond what it inherits. Closing the iterator ends the children.
    """
    waiting, held, running = iter(jobs), None, list[_Child]()
    with selectors.DefaultSelector() as selector:
        try:
            while True:
                while len(running) < children and (job := held or next(waiting, None)) is not None:
                    held = job
                    try:
                        running.append(_fork(job, memory_bytes))
                    except BlockingIOError:  # one of them has forked until there was no process left
                        if not running:
                            raise
                        break
                    held = None
                    running[-1].register(selector)
                if not running:
                    return
                for child in _over(running, selector):
                    yield from child.messages()
                    if child not in running:
                        yield _reap(child)
        finally:
            for child in running:
                child.kill()
                child.close(selector)
                os.waitpid(child.pid, 0)


def _over(running: list[_Child], selector: selectors.BaseSelector) -> Iterator[_Child]:
    """Wait; the children of which there is something new, those that have ended taken from `running`."""
    patience = max(0.0, min(child.deadline for child in running) - time.monotonic())
    ready = selector.select(min(patience, LOOK_S))
    for key, _ in ready:
        child: _Child = key.data
        if key.fd == child.ended:
            _finish(child, selector)
            running.remove(child)
        elif child in running and not child.take(key.fd):
            selector.unregister(key.fd)
    for child in running:
        if child.deadline <= time.monotonic():
            child.late, child.deadline = True, float("inf")
            child.kill()
    yield from {id(key.data): key.data for key, _ in ready}.values()


def _finish(child: _Child, selector: Selector) -> None:
    """Take in what is left in the pipes, after everyone who might still write there is gone."""
    child.kill()  # the group's number is not another's yet: its leader has not been waited for
    for descriptor in (child.said, child.printed):
        held = -1
        while held != (held := len(child.speech) + len(child.words)):
            child.take(descriptor)
    child.close(selector)


def _reap(child: _Child) -> Ended:
    _, status, used = os.wait4(child.pid, 0)
    return Ended(
        name=child.name,
        code=os.waitstatus_to_exitcode(status),
        late=child.late,
        output=child.words.decode(errors="replace"),
        peak_bytes=used.ru_maxrss * 1024,
        cpu_s=used.ru_utime + used.ru_stime,
    )


def _fork(job: Job, memory_bytes: int | None) -> _Child:
    gc.freeze()  # else a collection in the child would write to every object, and so copy every page
    (heard, said), (read, printed) = os.pipe(), os.pipe()
    parent = os.getpid()
    pid = os.fork()
    if pid == 0:
        _be(job, parent, said, printed, memory_bytes)
    os.close(said)
    os.close(printed)
    for descriptor in (heard, read):
        os.set_blocking(descriptor, False)
    with contextlib.suppress(ProcessLookupError, PermissionError):  # whichever of the two comes first
        os.setpgid(pid, pid)
    deadline = time.monotonic() + job.timeout_s
    return _Child(job.name, pid, os.pidfd_open(pid), heard, read, deadline)


def _be(job: Job, parent: int, said: int, printed: int, memory_bytes: int | None) -> None:
    """The child, which never returns."""
    code = BROKEN
    try:
        _settle(parent, printed, memory_bytes)
        job.work(lambda message: _say(said, message))
        code = 0
    except BaseException:  # noqa: BLE001 — nothing of the parent's may run in the child
        os.write(2, traceback.format_exc().encode(errors="replace"))
    finally:
        os._exit(code)


def _settle(parent: int, printed: int, memory_bytes: int | None) -> None:
    """Make the fresh child one that can harm nobody but itself by accident."""
    os.setpgid(0, 0)
    die_with(parent)
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000")
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(printed, 1)
    os.dup2(printed, 2)
    faulthandler.enable(2)
    if memory_bytes is not None:
        _, hard = resource.getrlimit(resource.RLIMIT_DATA)
        limit = _data_bytes() + memory_bytes
        limit = limit if hard == resource.RLIM_INFINITY else min(limit, hard)
        resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))


def die_with(parent: int) -> None:
    """Have the kernel kill this process when its parent, of that id, is gone."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it was gone before we asked to go with it
        os._exit(BROKEN)


def _data_bytes() -> int:
    """What RLIMIT_DATA counts already: the parent's writable memory, which the child shares with it."""
    rows = (row.split() for row in Path("/proc/self/status").read_text().splitlines())
    return next(int(row[1]) * 1024 for row in rows if row[0] == "VmData:")


def _say(said: int, message: dict[str, Any]) -> None:
    line = json.dumps(message).encode() + b"\n"
    while line:
        line = line[os.write(said, line) :]
