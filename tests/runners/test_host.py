"""The host runner: real processes, each misdeed, its outcome, and nothing left."""

from collections.abc import Callable
from pathlib import Path

import pytest

from harness.errors import HostEnvironmentError
from harness.results.record import Outcome, Result
from harness.results.store import RunStore
from harness.runners.host import HostRunner
from harness.runners.owner import Owner
from harness.runners.protocol import Limits

Perform = Callable[..., dict[str, Result]]


@pytest.mark.parametrize(
    ("deed", "outcome", "words"),
    [
        ("passes", Outcome.PASSED, ""),
        ("eats", Outcome.OOM, "out of memory"),
        ("eats_and_says_so", Outcome.OOM, "the model does not fit"),
        ("segfaults", Outcome.CRASHED, "crashed: segmentation fault (SIGSEGV)"),
        ("kills_itself", Outcome.CRASHED, "crashed: killed (SIGKILL)"),
        ("gives_up", Outcome.CRASHED, "crashed: exit code 3"),
        ("leaves", Outcome.ERROR, "left no result"),
        ("litters", Outcome.PASSED, ""),
        ("floods", Outcome.ERROR, "wrote more than 8,388,608 bytes"),
        ("invents_a_cell", Outcome.ERROR, "which is no cell of this attempt"),
        ("links", Outcome.ERROR, "is a symbolic link"),
        ("pipes", Outcome.ERROR, "is not a regular file"),
        ("balloons", Outcome.ERROR, "more than the 8,388,608 allowed"),
        ("tears", Outcome.CRASHED, "killed (SIGKILL)"),
    ],
)
def test_a_deed_has_its_outcome(
    deed: str, outcome: Outcome, words: str, host_runner: HostRunner, perform: Perform
) -> None:
    report = perform(host_runner, deed)[f"0-{deed}"].report
    assert report.outcome is outcome, report.message
    assert words in report.message


@pytest.mark.parametrize("deed", ["hangs", "buys_time"])
def test_past_the_deadline(deed: str, host_runner: HostRunner, perform: Perform) -> None:
    report = perform(host_runner, deed, timeout_s=1)[f"0-{deed}"].report
    assert report.outcome is Outcome.TIMEOUT
    assert "past its deadline of 1 s" in report.message


def test_what_it_started_ends_with_it(host_runner: HostRunner, perform: Perform) -> None:
    child = perform(host_runner, "orphans")["0-orphans"].report.facts["child"]
    assert not Owner.of(child).alive()


def test_no_token_reaches_the_work(
    host_runner: HostRunner, perform: Perform, monkeypatch: pytest.MonkeyPatch, store: RunStore
) -> None:
    monkeypatch.setenv("HF_TOKEN", "secret")
    facts = perform(host_runner, "tells_its_environment")["0-tells_its_environment"].report.facts
    assert "HF_TOKEN" not in facts["names"]
    assert "HF_HUB_OFFLINE" in facts["names"]
    assert facts["cpus"] == [0]
    assert facts["cwd"].startswith(str(store.folder))


def test_its_isolation_says_what_is_missing(host_runner: HostRunner) -> None:
    limited = host_runner.isolation(Limits(memory_bytes=1, cpus="0"))
    assert limited.memory_bytes == 1
    assert any(row.startswith("network:") for row in limited.loosened)
    assert "memory: no limit" not in limited.loosened
    assert "memory: no limit" in host_runner.isolation(Limits()).loosened


def test_an_interpreter_that_is_not_there(package: Path, perform: Perform) -> None:
    with pytest.raises(HostEnvironmentError, match="cannot be started: No such file"):
        perform(HostRunner(Path("/no/such/python"), package), "passes")
