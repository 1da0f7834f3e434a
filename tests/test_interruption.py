"""A run that ends early: how to go on is said, and signals and full disks become what they should."""

import errno
import os
import signal
from pathlib import Path

import pytest

from harness.errors import EngineError, ResultsError
from harness.interruption import resumable, terminable
from harness.results.store import RunStore

STORE = RunStore(Path("results/20261121T031500Z-functional-cpu-0000"))


@pytest.mark.parametrize("error", [KeyboardInterrupt(), EngineError("the engine went away")])
def test_an_early_end_says_how_to_go_on(error: BaseException) -> None:
    told: list[str] = []
    with pytest.raises(type(error)), resumable(STORE, told.append):
        raise error
    assert len(told) == 1
    assert f"--resume {STORE.run}" in told[0]


def test_a_full_disk_is_one_sentence() -> None:
    told: list[str] = []
    sentence = pytest.raises(ResultsError, match=r"order.json cannot be written: No space left.*; free some")
    with sentence, resumable(STORE, told.append):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "order.json")
    assert len(told) == 1


def test_an_error_of_the_harness_itself_stays_what_it_is() -> None:
    told: list[str] = []
    with pytest.raises(OSError, match="Bad file descriptor") as caught, resumable(STORE, told.append):
        raise OSError(errno.EBADF, os.strerror(errno.EBADF))
    assert caught.value.errno == errno.EBADF
    assert not told


def test_a_run_that_ends_well_is_silent() -> None:
    told: list[str] = []
    with resumable(STORE, told.append):
        pass
    assert not told


def test_sigterm_ends_a_run_as_ctrl_c_does() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(KeyboardInterrupt), terminable():
        os.kill(os.getpid(), signal.SIGTERM)
    assert signal.getsignal(signal.SIGTERM) is before
