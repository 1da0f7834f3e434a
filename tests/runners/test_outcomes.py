"""Endings and what they mean, row by row of the table."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.results.record import Outcome
from harness.runners.outcomes import by_signal, classify, describe
from harness.runners.protocol import Ending, Stop

LATE = Stop(outcome=Outcome.TIMEOUT, message="past its deadline")


@pytest.mark.parametrize(
    ("ending", "outcome", "words"),
    [
        (Ending(exit_code=137, seconds=1, oom_killed=True), Outcome.OOM, "out of memory"),
        (Ending(exit_code=0, seconds=1, oom_killed=True), Outcome.OOM, "out of memory"),
        (Ending(exit_code=137, seconds=1, oom_killed=True, stopped=LATE), Outcome.OOM, "out of memory"),
        (Ending(exit_code=137, seconds=1), Outcome.CRASHED, "crashed: killed (SIGKILL)"),
        (Ending(exit_code=-9, seconds=1), Outcome.CRASHED, "crashed: killed (SIGKILL)"),
        (Ending(exit_code=139, seconds=1), Outcome.CRASHED, "crashed: segmentation fault (SIGSEGV)"),
        (Ending(exit_code=-6, seconds=1), Outcome.CRASHED, "crashed: aborted (SIGABRT)"),
        (Ending(exit_code=1, seconds=1), Outcome.CRASHED, "crashed: exit code 1"),
        (Ending(exit_code=137, seconds=1, stopped=LATE), Outcome.TIMEOUT, "past its deadline"),
        (Ending(exit_code=0, seconds=1), Outcome.ERROR, "left no result"),
        (Ending(exit_code=None, seconds=1), Outcome.ERROR, "removed from outside"),
        (Ending(exit_code=None, seconds=1, engine_lost=True), Outcome.ERROR, "engine went away"),
    ],
)
def test_each_sign_has_its_outcome(ending: Ending, outcome: Outcome, words: str) -> None:
    found, message = classify(ending)
    assert found is outcome
    assert words in message
    assert ending.timed_out == (ending.stopped is LATE)


@given(code=st.integers(min_value=-300, max_value=300))
def test_every_exit_code_has_words(code: int) -> None:
    assert ("SIG" in describe(code)) == by_signal(code)
    assert by_signal(code) or str(code) in describe(code)
