"""What an ending means: the table of signs, read from the top, and the words a person sees."""

import signal

from harness.results.record import Outcome
from harness.runners.protocol import Ending

SIGNALS = {
    signal.SIGSEGV: "segmentation fault",
    signal.SIGABRT: "aborted",
    signal.SIGBUS: "bus error",
    signal.SIGFPE: "arithmetic error",
    signal.SIGILL: "illegal instruction",
    signal.SIGKILL: "killed",
    signal.SIGTERM: "terminated",
    signal.SIGXFSZ: "a file grew past its limit",
}


def classify(ending: Ending) -> tuple[Outcome, str]:
    """The outcome of the cell in flight when an attempt ended so, and a sentence for it."""
    code = ending.exit_code
    if ending.oom_killed:  # first of all: a parent that survives its child ends with 0
        return Outcome.OOM, "out of memory: raise the memory limit, or ask for less"
    if ending.engine_lost:
        return Outcome.ERROR, "the container engine went away before the cell had finished"
    if ending.stopped:
        return ending.stopped.outcome, ending.stopped.message
    if code is None:
        return Outcome.ERROR, "the container was removed from outside before the cell had finished"
    if code == 0:
        return Outcome.ERROR, "the suite ended as if all were well and left no result of the cell"
    return Outcome.CRASHED, f"crashed: {describe(code)}"


def describe(code: int) -> str:
    """An exit code in words: `segmentation fault (SIGSEGV)`, `exit code 3`."""
    number = -code if code < 0 else code - 128
    try:
        which = signal.Signals(number)
    except ValueError:
        return f"exit code {code}"
    return f"{SIGNALS.get(which, 'ended by a signal')} ({which.name})"


def by_signal(code: int | None) -> bool:
    """Whether the code tells of a signal, and not of the program's own decision."""
    return code is not None and describe(code) != f"exit code {code}"
