"""How what happened in a test becomes an outcome of DESIGN.md's list."""

from pathlib import Path

import pytest
import torch

from harness.results.record import Check, Outcome

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


class Unsupported(pytest.skip.Exception):  # type: ignore[name-defined]  # an attribute pytest adds
    """What was asked applies to the model but cannot run here; the text is the reason."""


def of_exception(error: BaseException) -> Outcome:
    """`failed` where the model or the library broke, `error` where this harness did."""
    if isinstance(error, Unsupported):
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


def of_cell(checks: list[Check]) -> Outcome:
    """The worst of the checks; where none is bad, passed if any check passed."""
    outcomes = {check.outcome for check in checks}
    for outcome in (*SEVERITY, Outcome.PASSED, Outcome.UNSUPPORTED, Outcome.SKIPPED):
        if outcome in outcomes:
            return outcome
    return Outcome.SKIPPED


def message_of(error: BaseException) -> str:
    """The error in one line, with its kind where its text alone would not tell."""
    text = " ".join(str(error).split())
    if not isinstance(error, AssertionError | pytest.skip.Exception):
        text = f"{type(error).__name__}: {text}"
    return text if len(text) <= MESSAGE_LIMIT else text[: MESSAGE_LIMIT - 1] + "…"
