"""What passes out through the door: lines that are whole, flushed, and fit their schema."""

import json
import resource
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from harness.matrix.cells import Cell
from harness.matrix.records import Suite
from harness.matrix.schema import validate
from harness.results.record import Check, Metric, Outcome, Report
from harness.suite.door import Attempt, Journal, Order

GOOD = {Outcome.PASSED, Outcome.XPASSED, Outcome.UNSUPPORTED}
"""Outcomes that leave no doubt of what the model puts out."""
METRIC = Metric.of("load_time", "s", "load", [1.0, 2.0, 4.0])


def check(outcome: Outcome, name: str = "forward") -> Check:
    return Check(name=name, outcome=outcome, seconds=0.1, message=f"because of {outcome}")


@pytest.fixture
def cell(make_cell: Callable[..., Cell]) -> Cell:
    return make_cell("bert")


@pytest.fixture
def timed(make_cell: Callable[..., Cell]) -> Cell:
    return make_cell("bert", suite=Suite.THROUGHPUT)


def lines(out: Path, name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (out / name).read_text().splitlines()]


def report(out: Path, cell: Cell, checks: list[Check], *metrics: Metric) -> dict[str, Any]:
    """What a journal leaves of a cell that ended so."""
    journal = Journal(out)
    attempt = journal.start(cell)
    attempt.checks += checks
    attempt.metrics += metrics
    returned = journal.finish(attempt)
    found = lines(out, "results.jsonl")[-1]
    assert returned == Report.from_json(found)
    return found


@contextmanager
def files_of_at_most(size: int) -> Iterator[None]:
    """A disk that is full once a file has that many bytes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_an_event_can_be_read_before_the_journal_is_closed(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    journal.event("start", "a")
    assert [row["event"] for row in lines(tmp_path, "progress.jsonl")] == ["start"]
    journal.event("check", "a", "forward")
    assert (tmp_path / "progress.jsonl").read_text().endswith("\n")
    assert [(row["event"], row["name"]) for row in lines(tmp_path, "progress.jsonl")] == [
        ("start", None),
        ("check", "forward"),
    ]


def test_lines_are_appended_whole_whoever_else_appends(tmp_path: Path) -> None:
    journals = [Journal(tmp_path) for _ in range(8)]
    with ThreadPoolExecutor(len(journals)) as pool:
        list(pool.map(lambda at: journals[at % 8].event("check", "x" * 5000, str(at)), range(400)))
    assert sorted(int(row["name"]) for row in lines(tmp_path, "progress.jsonl")) == list(range(400))


def test_a_full_disk_is_said_and_no_line_follows_a_torn_one(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    journal.event("start", "whole")
    size = (tmp_path / "progress.jsonl").stat().st_size
    with files_of_at_most(size + 10), pytest.raises(OSError, match="No space left"):
        journal.event("start", "torn")
    assert (tmp_path / "progress.jsonl").stat().st_size == size + 10


def test_a_cell_is_started_reported_and_finished_in_that_order(tmp_path: Path, cell: Cell) -> None:
    report(tmp_path, cell, [check(Outcome.PASSED)])
    assert [row["event"] for row in lines(tmp_path, "progress.jsonl")] == ["start", "finish"]
    assert [row["cell"] for row in lines(tmp_path, "results.jsonl")] == [cell.id]


def test_cells_may_be_under_way_side_by_side(tmp_path: Path, cell: Cell, timed: Cell) -> None:
    journal = Journal(tmp_path)
    first, second = journal.start(cell), journal.start(timed)
    second.checks.append(check(Outcome.FAILED))
    journal.finish(second)
    journal.finish(first)
    found = lines(tmp_path, "results.jsonl")
    assert [(row["cell"], len(row["checks"])) for row in found] == [(timed.id, 1), (cell.id, 0)]


def test_what_befell_a_cell_goes_before_what_its_checks_say(tmp_path: Path, cell: Cell) -> None:
    journal = Journal(tmp_path)
    attempt = journal.start(cell)
    attempt.checks.append(check(Outcome.PASSED))
    journal.finish(attempt, (Outcome.CRASHED, "crashed: aborted"))
    (found,) = lines(tmp_path, "results.jsonl")
    assert validate("report", found) == []
    assert (found["outcome"], found["message"]) == ("crashed", "crashed: aborted")
    assert [row["outcome"] for row in found["checks"]] == ["passed"]


@pytest.mark.parametrize("outcome", Outcome)
def test_a_report_of_any_outcome_fits_the_schema_and_says_why(
    tmp_path: Path, cell: Cell, outcome: Outcome
) -> None:
    found = report(tmp_path, cell, [check(Outcome.PASSED, "construct"), check(outcome)])
    assert validate("report", found) == []
    assert Report.from_json(found).checks[1].outcome is outcome
    if outcome not in {Outcome.PASSED, Outcome.SKIPPED, Outcome.UNSUPPORTED}:
        assert (found["outcome"], found["message"]) == (outcome, f"forward: because of {outcome}")


def test_a_cell_without_checks_is_skipped_and_says_so(tmp_path: Path, cell: Cell) -> None:
    found = report(tmp_path, cell, [])
    assert validate("report", found) == []
    assert (found["outcome"], found["message"]) == ("skipped", "nothing applied to this model")


@pytest.mark.parametrize("outcome", Outcome)
def test_the_gate_is_closed_by_what_leaves_the_outputs_in_doubt(timed: Cell, outcome: Outcome) -> None:
    attempt = Attempt(timed, checks=[check(Outcome.PASSED, "construct"), check(outcome)])
    reason = attempt.closed_gate()
    assert (reason is None) == (outcome in GOOD)
    if reason:
        assert f"forward {outcome}" in reason


@pytest.mark.parametrize("outcome", Outcome)
def test_metrics_are_kept_only_of_a_cell_that_is_right(tmp_path: Path, timed: Cell, outcome: Outcome) -> None:
    found = report(tmp_path, timed, [check(Outcome.PASSED, "construct"), check(outcome)], METRIC)
    assert validate("report", found) == []
    assert bool(found["metrics"]) == (outcome in GOOD)


def test_what_was_measured_is_kept_when_a_later_phase_goes_wrong(tmp_path: Path, timed: Cell) -> None:
    found = report(tmp_path, timed, [check(Outcome.PASSED), check(Outcome.OOM, "phase.decode")], METRIC)
    assert (found["outcome"], len(found["metrics"])) == (Outcome.OOM, 1)


def test_after_a_phase_that_went_wrong_nothing_more_is_timed(timed: Cell) -> None:
    attempt = Attempt(timed, checks=[check(Outcome.PASSED), check(Outcome.OOM, "phase.load")])
    assert attempt.closed_gate() == "not timed after phase.load oom"


@pytest.mark.parametrize("outcome", [Outcome.UNSUPPORTED, Outcome.SKIPPED])
def test_a_throughput_cell_of_which_nothing_was_timed_has_not_passed(
    tmp_path: Path, timed: Cell, outcome: Outcome
) -> None:
    found = report(tmp_path, timed, [check(Outcome.PASSED), check(outcome, "phase.load")])
    assert (found["outcome"], found["message"]) == (outcome, f"phase.load: because of {outcome}")


def test_a_number_that_json_has_not_is_refused_before_a_byte_is_written(tmp_path: Path, timed: Cell) -> None:
    with pytest.raises(ValueError, match="JSON"):
        report(tmp_path, timed, [check(Outcome.PASSED)], Metric.of("load_time", "s", "load", [float("nan")]))
    assert not (tmp_path / "results.jsonl").exists()


def test_an_order_is_read_back_as_it_was_written(tmp_path: Path, cell: Cell, timed: Cell) -> None:
    order = {
        "version": 1,
        "run": "run",
        "limits": {"memory_bytes": 2**30, "cpus": None},
        "cells": [cell.to_json(), timed.to_json()],
    }
    assert validate("cells", order) == []
    path = tmp_path / "cells.json"
    path.write_text(json.dumps(order))
    assert Order.read(path) == Order((cell, timed), 2**30)
