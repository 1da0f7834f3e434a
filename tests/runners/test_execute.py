"""The attempts at a batch: each costs at least one cell, and what is finished is stored whatever happens."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.errors import ResultsError
from harness.matrix.cells import Batch
from harness.results.record import Outcome, Provenance, Result
from harness.results.store import RunStore
from harness.runners.execute import Execution, execute
from harness.runners.host import HostRunner
from harness.runners.protocol import Event, Limits
from harness.runners.reaper import reap

Perform = Callable[..., dict[str, Result]]


def test_each_crash_costs_an_attempt(host_runner: HostRunner, perform: Perform) -> None:
    results = perform(host_runner, "segfaults", "gives_up", "passes")
    assert [(result.outcome, result.attempt) for result in results.values()] == [
        (Outcome.CRASHED, 1),
        (Outcome.CRASHED, 2),
        (Outcome.PASSED, 3),
    ]


def test_a_cell_that_leaves_early_costs_itself(host_runner: HostRunner, perform: Perform) -> None:
    results = perform(host_runner, "passes", "leaves", "passes")
    assert [(result.outcome, result.attempt) for result in results.values()] == [
        (Outcome.PASSED, 1),
        (Outcome.ERROR, 1),
        (Outcome.PASSED, 2),
    ]


def test_where_several_were_in_flight_each_is_run_alone_to_tell(
    host_runner: HostRunner, perform: Perform
) -> None:
    results = perform(host_runner, "takes_others_with_it", "passes", "quick", "passes")
    assert {name: (result.outcome, result.attempt) for name, result in results.items()} == {
        "2-quick": (Outcome.PASSED, 1),  # it has a result, and keeps it
        "0-takes_others_with_it": (Outcome.CRASHED, 2),
        "1-passes": (Outcome.PASSED, 3),
        "3-passes": (Outcome.PASSED, 4),
    }


def test_of_several_in_flight_the_late_one_is_blamed(host_runner: HostRunner, perform: Perform) -> None:
    results = perform(host_runner, "hangs_beside_others", "passes", "passes", timeout_s=4)
    assert [(result.outcome, result.attempt) for result in results.values()] == [
        (Outcome.TIMEOUT, 1),
        (Outcome.PASSED, 2),
        (Outcome.PASSED, 2),
    ]


def test_a_suite_that_thinks_it_is_done_is_not_asked_again(
    host_runner: HostRunner, perform: Perform, package: Path
) -> None:
    (package / "suite" / "__main__.py").write_text("")
    results = perform(host_runner, "passes", "passes")
    assert [(result.outcome, result.attempt) for result in results.values()] == [(Outcome.ERROR, 1)] * 2


def test_a_suite_that_does_not_start_is_not_tried_for_each_cell(
    host_runner: HostRunner, perform: Perform, package: Path
) -> None:
    (package / "suite" / "__main__.py").write_text("import no_such_module\n")
    results = perform(host_runner, "passes", "passes")
    assert [(result.outcome, result.attempt) for result in results.values()] == [(Outcome.CRASHED, 1)] * 2
    assert "see logs/b0-1.log" in results["0-passes"].report.message


def test_a_suite_that_never_names_a_cell(host_runner: HostRunner, perform: Perform, package: Path) -> None:
    (package / "suite" / "__main__.py").write_text("import time\ntime.sleep(3600)\n")
    report = perform(host_runner, "passes", grace_s=0.5)["0-passes"].report
    assert report.outcome is Outcome.TIMEOUT
    assert "no cell was in flight for 0.5 s" in report.message


def test_a_lie_without_a_cell_is_told_with_the_result(host_runner: HostRunner, perform: Perform) -> None:
    told: list[str] = []
    report = perform(host_runner, "invents_a_cell", tell=told.append)["0-invents_a_cell"].report
    assert told
    assert told[0] in report.message


def test_ctrl_c_keeps_what_is_finished(host_runner: HostRunner, perform: Perform, store: RunStore) -> None:
    def interrupt(event: Event) -> None:
        if event.name == "generate":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        perform(host_runner, "passes", "hangs", "passes", progress=interrupt)
    assert [result.report.cell for result in store.read().results] == ["0-passes"]


def test_what_could_not_be_stored_waits_for_the_reaper(
    host_runner: HostRunner,
    store: RunStore,
    limits: Limits,
    provenance: Provenance,
    batch: Callable[..., Batch],
) -> None:
    def full(_: Result) -> None:
        raise ResultsError("the disk is full")

    execution = Execution(run=store.run, folder=store.folder, limits=limits, provenance=provenance, keep=full)
    with pytest.raises(ResultsError, match="full"):
        execute(batch("passes"), host_runner, execution)
    assert (store.folder / "work" / "b0-1").exists()
    assert reap(store.folder.parent, None) == []  # we still live
    path = store.folder / "work" / "b0-1" / "order.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"deadline": 1.0}))
    assert len(reap(store.folder.parent, None)) == 1
    assert [result.report.cell for result in store.read().results] == ["0-passes"]
