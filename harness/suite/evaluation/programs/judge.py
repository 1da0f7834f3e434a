"""Two confined processes a program, so many programs at a time, and a verdict for each.

The verdict is the examiner's. Where there is none in time, or the examiner is gone, the program has failed.
Whatever happens, here or to whoever waits for the verdicts, both processes are ended and waited for; neither
can have started another.
"""

import io
import json
import os
import selectors
import signal
import site
import socket
import subprocess
import sys
import time
from collections.abc import Generator, Iterable
from contextlib import ExitStack, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO, Any

from harness.suite.evaluation.programs.confine import Unconfined
from harness.suite.evaluation.programs.records import Limits, Submission, Verdict

ROOT = Path(__file__).parents[4]
BOOT = (
    f"import sys; sys.path.insert(0, {str(ROOT)!r}); "
    "from harness.suite.evaluation.programs.{module} import main; del sys.path[0]; main()"
)
REFUSAL = "generated programs are not run here"
START_S = 30.0
"""For both processes to start: not the program's time, and more than a busy machine needs."""
END_S = 2.0
"""For the examiner to say that the time is over."""
ENDED = b"the program ended"
DEATHS: dict[int, str] = {
    signal.SIGXCPU: "timed out: it used all its time of the processor",
    signal.SIGKILL: "killed: out of its time of the processor, or of the machine's memory",
    signal.SIGSEGV: "crashed: segmentation fault (SIGSEGV)",
    signal.SIGABRT: "crashed: aborted (SIGABRT)",
}
"""What it means that a candidate ended by a signal; of others the examiner says that it ended."""
VERDICT_BYTES = 4096
EXAMINER_BYTES = 2 << 30
WORKERS = 4
ENVIRONMENT = {
    "PATH": "/usr/bin:/bin",
    "LANG": "C.UTF-8",
    "HOME": "/nonexistent",
    "PYTHONHASHSEED": "0",  # the same program has the same verdict
    "PYTHONDONTWRITEBYTECODE": "1",
    "OMP_NUM_THREADS": "1",  # there is one thread
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
}


@dataclass(slots=True)
class _Examination:
    """One program's two processes."""

    place: int
    candidate: subprocess.Popen[bytes]
    examiner: subprocess.Popen[bytes]
    deadline: float
    began: float = field(default_factory=time.monotonic)
    said: bytearray = field(default_factory=bytearray)
    died_of: int = 0
    """The signal that ended the candidate before we did; 0 is none."""

    @property
    def descriptor(self) -> int:
        assert self.examiner.stdout is not None
        return self.examiner.stdout.fileno()

    def hear(self) -> bool:
        """Take in what the examiner says; False once it has said all."""
        chunk = os.read(self.descriptor, VERDICT_BYTES)
        self.said += chunk
        return bool(chunk) and len(self.said) <= VERDICT_BYTES

    def end(self) -> None:
        """Leave nothing of it."""
        if ENDED in self.said:
            with suppress(subprocess.TimeoutExpired):  # it has closed its end, and is about to be gone
                self.died_of = -min(0, self.candidate.wait(END_S))
        for process in (self.candidate, self.examiner):
            _end(process)
        if self.examiner.stdout is not None:
            self.examiner.stdout.close()

    def verdict(self) -> Verdict:
        """Raises Unconfined."""
        try:
            said: dict[str, Any] = json.loads(self.said)
        except ValueError:
            late = self.deadline <= time.monotonic()
            said = {"passed": False, "reason": "timed out" if late else "the tests did not come to their end"}
        if "unconfined" in said:
            raise Unconfined(f"{REFUSAL}: {said['unconfined']}")
        reason = DEATHS.get(self.died_of, said["reason"])
        return Verdict(said["passed"], reason, time.monotonic() - self.began)


def judge(program: str, tests: str, *, prompt: str = "", limits: Limits | None = None) -> Verdict:
    """The verdict on one program. Raises Unconfined where the machine cannot confine it."""
    (verdict,) = judge_all([Submission(program=program, tests=tests, prompt=prompt)], limits=limits)
    return verdict


def judge_all(
    submissions: Iterable[Submission], *, limits: Limits | None = None, workers: int = WORKERS
) -> Generator[Verdict]:
    """The verdicts, in the order of the submissions, each as soon as it and those before it are there.

    `workers` programs are judged at a time. Closing the iterator, or an interruption, ends what is running.
    Raises Unconfined where the machine cannot confine a process: then nothing generated has run.
    """
    waiting = enumerate(submissions)
    running: dict[int, _Examination] = {}
    finished: dict[int, Verdict] = {}
    place = 0
    with selectors.DefaultSelector() as selector:
        try:
            while True:
                while len(running) < workers and (job := next(waiting, None)) is not None:
                    one = _begin(*job, limits or Limits())
                    running[one.descriptor] = one
                    selector.register(one.descriptor, selectors.EVENT_READ)
                if not running:
                    return
                for descriptor in _over(running, selector):
                    selector.unregister(descriptor)
                    running[descriptor].end()
                    one = running.pop(descriptor)
                    finished[one.place] = one.verdict()
                while place in finished:
                    yield finished.pop(place)
                    place += 1
        finally:
            for one in running.values():
                one.end()


def _over(running: dict[int, _Examination], selector: selectors.BaseSelector) -> set[int]:
    """Wait; the descriptors of those that have said all, or are late."""
    patience = max(0.0, min(one.deadline for one in running.values()) - time.monotonic())
    silent = {key.fd for key, _ in selector.select(patience) if not running[key.fd].hear()}
    return silent | {place for place, one in running.items() if one.deadline <= time.monotonic()}


def _begin(place: int, submission: Submission, limits: Limits) -> _Examination:
    if sys.platform != "linux":
        raise Unconfined(f"{REFUSAL}: a process is confined on Linux only")
    times = {"start_s": START_S, "call_s": limits.call_s, "seconds": limits.seconds}
    confined = _confinement(limits.memory_bytes, limits.cpu_s)
    confined_too = _confinement(EXAMINER_BYTES, int(limits.seconds) + 1)
    deadline = time.monotonic() + START_S + limits.seconds + END_S
    theirs, ours = socket.socketpair()
    with theirs, ours, _file(submission) as task, ExitStack() as stack:
        candidate = _start("candidate", theirs, {"confine": confined})
        stack.callback(_end, candidate)
        settings = {"confine": confined_too, "times": times}
        examiner = _start("examiner", ours, settings, stdin=task, stdout=subprocess.PIPE)
        stack.pop_all()
    return _Examination(place, candidate, examiner, deadline)


def _file(submission: Submission) -> io.BufferedRandom:
    """A file in memory: a pipe's end would wait for a reader that may never come."""
    file = os.fdopen(os.memfd_create("submission"), "w+b")
    file.write(json.dumps(asdict(submission)).encode())
    file.seek(0)
    return file


def _confinement(memory_bytes: int, cpu_s: int) -> dict[str, Any]:
    """What `confine` is given."""
    packages = site.getsitepackages()
    return {"parent": os.getpid(), "packages": packages, "memory_bytes": memory_bytes, "cpu_s": cpu_s}


def _start(
    module: str,
    channel: socket.socket,
    settings: dict[str, Any],
    *,
    stdin: IO[bytes] | int = subprocess.DEVNULL,
    stdout: int = subprocess.DEVNULL,
) -> subprocess.Popen[bytes]:
    """A fresh interpreter with no file of ours open but its end of the channel and the streams."""
    argument = json.dumps({"channel": channel.fileno(), **settings})
    return subprocess.Popen(
        [sys.executable, "-s", "-P", "-S", "-c", BOOT.format(module=module), argument],
        stdin=stdin,
        stdout=stdout,
        stderr=subprocess.DEVNULL,
        cwd="/",
        env=ENVIRONMENT,
        pass_fds=(channel.fileno(),),
        start_new_session=True,
    )


def _end(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.wait()
