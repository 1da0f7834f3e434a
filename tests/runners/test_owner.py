"""A process is told apart from another of the same number, and from what nothing is known of."""

import dataclasses
import os
import subprocess

from hypothesis import given
from hypothesis import strategies as st

from harness.runners.owner import Owner


def test_a_process_lives_until_it_ends() -> None:
    process = subprocess.Popen(["sleep", "60"])
    owner = Owner.of(process.pid)
    assert (owner.alive(), owner.gone()) == (True, False)
    process.kill()
    process.wait()
    assert (owner.alive(), owner.gone()) == (False, True)


def test_a_process_that_is_not_reaped_has_ended() -> None:
    process = subprocess.Popen(["true"])
    owner = dataclasses.replace(Owner.of(os.getpid()), pid=process.pid)
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    assert not owner.alive()
    process.wait()


def test_the_same_number_later_is_another() -> None:
    later = dataclasses.replace(Owner.of(os.getpid()), started="1")
    assert (later.alive(), later.gone()) == (False, True)


def test_of_another_boot_nothing_is_known() -> None:
    other = dataclasses.replace(Owner.of(os.getpid()), boot="elsewhere")
    assert (other.alive(), other.gone()) == (False, False)


@given(
    boot=st.from_regex(r"[0-9a-f/-]{1,50}", fullmatch=True), pid=st.integers(min_value=0), started=st.text()
)
def test_a_label_says_who_it_is(boot: str, pid: int, started: str) -> None:
    owner = Owner(boot=boot, pid=pid, started=started)
    assert Owner.parse(str(owner)) == owner


@given(st.text())
def test_any_label_can_be_read(text: str) -> None:
    owner = Owner.parse(text)
    assert owner is None or owner.pid >= 0
