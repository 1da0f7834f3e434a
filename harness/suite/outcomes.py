"""How what happened in a test, or to a child that ran tests, becomes an outcome of DESIGN.md's list."""

import signal
from pathlib import Path

import pytest
import torch

from harness.results.record import Check, Outcome
from harness.suite.forks import BROKEN, Ended

HERE = str(Path(__file__).parent)
MESSAGE_LIMIT = 600

# The worst first: a cell ends as its worst check did.
SEVERITY = (
    Outcome.CRASHED,
    Outcome.OOM,
    Outcome.TIMEOUT,
    Outcome.ERROR,
    Outcome.FAILED,
    Outcome.XPASSED,
    Outcome.XFAILED,
)
# What torch says when an allocation fails on the CPU, where it raises a plain RuntimeError.
CPU_OOM = "can't allocate memory"
OUT_OF_MEMORY = ("MemoryError", "std::bad_alloc", CPU_OOM)
"""Last words of a process that was refused memory."""


class Unsupported(pytest.skip.Exception):  # type: ignore[name-defined]  # an attribute pytest adds
    """What was asked applies to the model but cannot run here; the text is the reason."""


class Elsewhere(AssertionError):
    """What another process came to for us: its outcome, and a sentence of its own."""

    def __init__(self, outcome: Outcome, message: str) -> None:
        super().__init__(message)
        self.outcome = outcome


def misses_library(error: BaseException) -> bool:
    """The library says of another one, which the image does not hold, that it is needed."""
    return isinstance(error, ImportError) and " requires " in str(error)


def of_exception(error: BaseException) -> Outcome:
    """`failed` where the model or the library broke, `error` where this harness did."""
    if isinstance(error, Elsewhere):
        return error.outcome
    if isinstance(error, Unsupported) or misses_library(error):
        return Outcome.UNSUPPORTED
    if isinstance(error, pytest.skip.Exception):
        return Outcome.SKIPPED
    if isinstance(error, MemoryError | torch.OutOfMemoryError) or CPU_OOM in str(error):
        return Outcome.OOM
    if isinstance(error, AssertionError):
        return Outcome.FAILED
    trace = error.__traceback__
    while trace and trace.tb_next:
        trace = trace.tb_next
    ours = trace is not None and trace.tb_frame.f_code.co_filename.startswith(HERE)
    return Outcome.ERROR if ours else Outcome.FAILED


def failed(error: BaseException) -> bool:
    """The model or the library broke, and neither memory ran out nor this harness."""
    return of_exception(error) is Outcome.FAILED


def of_cell(checks: list[Check]) -> Outcome:
    """The worst of the checks; where none is bad, passed if any check passed."""
    outcomes = {check.outcome for check in checks}
    for outcome in (*SEVERITY, Outcome.PASSED, Outcome.UNSUPPORTED, Outcome.SKIPPED):
        if outcome in outcomes:
            return outcome
    return Outcome.SKIPPED


def message_of(error: BaseException) -> str:
    """The error in one line, with its kind where its text alone, or no text at all, would not tell."""
    text = " ".join(str(error).split())
    if misses_library(error):
        return text.split(". ")[0]  # what follows is how to install it, which is the image's concern
    if not text:
        return type(error).__name__
    if not isinstance(error, AssertionError | pytest.skip.Exception):
        text = f"{type(error).__name__}: {text}"
    return text if len(text) <= MESSAGE_LIMIT else text[: MESSAGE_LIMIT - 1] + "…"


def of_ending(ended: Ended, timeout_s: float, *, starved: bool) -> tuple[Outcome, str]:
    """The outcome of a child that has left no report, and a sentence for it.

    `starved`: the kernel has killed a process for want of memory while it ran.
    """
    if ended.late:
        return Outcome.TIMEOUT, f"past its deadline of {timeout_s:g} s, and stopped"
    refused = ended.code != 0 and any(sign in ended.output for sign in OUT_OF_MEMORY)
    if refused or (starved and ended.code == -signal.SIGKILL):
        return Outcome.OOM, "out of memory: raise the memory limit, or ask for less"
    if ended.code == BROKEN:
        last = ended.output.strip().rpartition("\n")[2]
        return Outcome.ERROR, f"broke outside of any check: {last[:MESSAGE_LIMIT]}"
    if ended.code == 0:
        return Outcome.ERROR, "ended as if all were well, and left no report"
    return Outcome.CRASHED, f"crashed: {described(ended.code)}"


def described(code: int) -> str:
    """An exit code in words: -n stands for signal n."""
    try:
        which = signal.Signals(-code)
    except ValueError:
        return f"exit code {code}"
    return f"{(signal.strsignal(which) or 'signal').lower()} ({which.name})"
