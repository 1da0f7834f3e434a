"""The host runner: processes with resource limits, where there is no engine or none is wanted."""

import os
import resource
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, suppress
from copy import copy
from pathlib import Path
from typing import Self, final

from harness.errors import HostEnvironmentError
from harness.machine import visibility
from harness.machine.records import Accelerator
from harness.matrix.records import Suite
from harness.results.record import Isolation
from harness.runners import door
from harness.runners.owner import Owner
from harness.runners.protocol import Ending, Limits, Order, Stop, Ticking

TICK_S = 1.0
ROUNDS = 100
"""Times that a session is looked through for processes that have to be killed."""
KEPT_VARIABLES = (
    "PATH", "LANG", "LC_ALL", "TZ", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "CUDA_VISIBLE_DEVICES",
    "HIP_VISIBLE_DEVICES", "ROCR_VISIBLE_DEVICES", "ONEAPI_DEVICE_SELECTOR", "ZE_AFFINITY_MASK",
)  # fmt: skip
"""What the work sees of the caller's environment: where things are, and no token."""
OUT_OF_MEMORY = (b"MemoryError", b"std::bad_alloc", b"can't allocate memory")
"""How a program says that RLIMIT_DATA has refused it memory."""
LAST_WORDS = 4096
LOOSENED = (
    "network: the host's",
    "files: all that the user may read and write",
    "processes: not counted",
    "devices: all that the user may open",
)


@final
class HostRunner:
    """Runs each attempt as a process of this machine, in the interpreter of a locked environment."""

    name = "host"

    def __init__(self, python: Path, package: Path) -> None:
        """`package` is the folder of the harness's own code."""
        self._python = python
        self._package = package
        self._accelerators: tuple[Accelerator, ...] = ()

    def given(self, accelerators: Sequence[Accelerator]) -> Self:
        """The same runner, whose processes see these accelerators and no others of their vendor."""
        given = copy(self)
        given._accelerators = tuple(accelerators)  # noqa: SLF001 — of its own copy
        return given

    def one_cell_each(self, suite: Suite) -> bool:  # noqa: ARG002 — the protocol's
        """A process a cell: on Linux the suites see to that themselves."""
        return sys.platform != "linux"

    def isolation(self, limits: Limits) -> Isolation:
        """What will stand between the work and the machine: limits of one process, and its own group."""
        confined = sys.platform == "linux"
        memory = limits.memory_bytes if confined else None
        unlimited = () if memory else ("memory: no limit",)
        return Isolation(
            runner="host",
            network="host",
            user=f"{os.getuid()}:{os.getgid()}",
            read_only=False,
            memory_bytes=memory,
            cpus=limits.cpus if confined else None,
            pids=None,
            loosened=LOOSENED + unlimited,
        )

    def attempt(self, order: Order, watch: Ticking) -> Ending:
        """Run the suite on `order.cells`; HostEnvironmentError where its interpreter cannot be started."""
        began = time.monotonic()
        process = self._start(order)
        try:
            confine(process.pid, order.limits)
            door.write_order(order, Owner.of(process.pid))
            stopped = _follow(process, watch)
        finally:
            # The leader is not reaped before this, so its number cannot be another group's yet.
            end_group(process.pid)
            code = process.wait()
        return Ending(
            exit_code=code,
            oom_killed=code != 0 and _ran_out_of_memory(order.log),
            stopped=stopped,
            seconds=time.monotonic() - began,
        )

    def _start(self, order: Order) -> subprocess.Popen[bytes]:
        home = order.work / "home"
        home.mkdir()
        environment = kept_environment(self._accelerators) | {
            "HOME": str(home),
            "TMPDIR": str(home),
            "HF_HUB_OFFLINE": "1",
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONPATH": str(self._package.parent),
            **{row.variable: row.below(row.folder) for row in order.given},
        }
        command = [str(self._python), "-m", "harness.suite", str(order.cells), str(order.out)]
        try:
            with order.log.open("wb") as log:
                return subprocess.Popen(
                    command,
                    cwd=home,
                    env=environment,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )
        except OSError as problem:
            raise HostEnvironmentError(f"{self._python} cannot be started: {problem.strerror}") from problem


def kept_environment(accelerators: Sequence[Accelerator]) -> dict[str, str]:
    """What the work sees of the caller's environment, and which accelerators it sees."""
    kept = {name: os.environ[name] for name in KEPT_VARIABLES if name in os.environ}
    return visibility.environment(accelerators, kept)


def confine(pid: int, limits: Limits) -> None:
    """Limit a process that has just begun; what it starts inherits the limits.

    From outside rather than between fork and exec, where Python code is not safe beside other threads; the
    interpreter takes longer to come up than this takes.
    """
    if sys.platform != "linux":
        return
    rows = [(resource.RLIMIT_CORE, 0), (resource.RLIMIT_FSIZE, limits.tmp_bytes)]
    if limits.memory_bytes is not None:
        rows.append((resource.RLIMIT_DATA, limits.memory_bytes))
    with suppress(ProcessLookupError):  # it ended at once, and its exit code says why
        for kind, value in rows:
            resource.prlimit(pid, kind, (value, value))
        if limits.cpus is not None:
            os.sched_setaffinity(pid, limits.cpu_set())


def end_group(pid: int) -> None:
    """Kill the process, which leads a session, and all that it started and that did not leave it."""
    with suppress(ProcessLookupError, PermissionError):  # macOS refuses a group of zombies
        os.killpg(pid, signal.SIGKILL)
    for _ in range(ROUNDS):  # the suite's children lead groups of their own, and may still be forking
        members = [member for member in _session(pid) if member != pid]
        for member in members:
            with suppress(ProcessLookupError, PermissionError):
                os.kill(member, signal.SIGKILL)
        if not members:
            return


def _session(leader: int) -> Iterator[int]:
    """The processes of a session that still run, as Linux lists them; elsewhere nothing tells."""
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            # pid (name) state parent group session …, and a name may hold blanks and brackets
            state, _, _, session, *_ = path.read_text(errors="replace").rpartition(")")[2].split()
            if int(session) == leader and state != "Z":
                yield int(path.parent.name)


def _follow(process: subprocess.Popen[bytes], watch: Ticking) -> Stop | None:
    """Wait until the process has ended; why it has to be killed, or None if it ended by itself."""
    if sys.platform != "linux":
        return _follow_by_asking(process, watch)
    descriptor = os.pidfd_open(process.pid)
    with closing(os.fdopen(descriptor, "rb", buffering=0)):
        poll = select.poll()
        poll.register(descriptor, select.POLLIN)
        while not poll.poll(TICK_S * 1000):  # asleep: Popen.wait would look up to 20 times a second
            stop = watch.tick()
            if stop is not None:
                return stop
    return None


def _follow_by_asking(process: subprocess.Popen[bytes], watch: Ticking) -> Stop | None:
    while True:
        try:
            process.wait(timeout=TICK_S)
        except subprocess.TimeoutExpired:
            stop = watch.tick()
            if stop is not None:
                return stop
        else:
            return None


def _ran_out_of_memory(log: Path) -> bool:
    with log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - LAST_WORDS))
        words = file.read()
    return any(sign in words for sign in OUT_OF_MEMORY)
