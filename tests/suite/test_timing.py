"""Cells of a sweep: what one of them leaves for the others, and what it costs them."""

import json
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from harness.matrix.cells import Cell, Parameters
from harness.matrix.records import Suite
from harness.results.record import Check, Outcome, Report
from harness.suite.door import Attempt, Journal
from harness.suite.forks import Ended, Say
from harness.suite.throughput.timed import TOTAL, Figure, Timed, rounds_of
from harness.suite.timing import Part, Timing

SMALL = Parameters(batch=1, threads=1, processes=6, budget_s=1000)
TIME = Figure(name="decode_step_time", unit="s", series=TOTAL, rate=False, factor=1.0, whole=1.0)


class Scripted:
    """A crew whose children say what they are told to, in real processes."""

    def __init__(
        self, seconds: Callable[[int], float] = lambda _: 1.0, starved: int = 1 << 30, refused: int = 1 << 30
    ) -> None:
        self.seconds = seconds
        self.refused = refused
        """Process from which on decoding is unsupported."""
        self.starved = starved
        """Batch from which on a child runs out of memory."""
        self.ran: list[tuple[str, str]] = []

    def work(self, cell: Cell, part: Part, say: Say) -> None:
        say({"ran": [cell.id, part.kind]})
        if part.kind == "check":
            say({"check": "forward"})
            return
        if cell.parameters.batch >= self.starved:
            raise MemoryError
        Path(tempfile.gettempdir(), "left").touch()
        if part.process >= self.refused:
            say({"unsupported": "no room is left"})
            return
        rounds = rounds_of({TOTAL: {None: [self.seconds(part.process)]}})
        say({"timed": Timed(phase="decode", layers=None, rounds=rounds, figures=(TIME,)).to_json()})

    def hear(self, attempt: Attempt, message: dict[str, Any]) -> None:
        match message:
            case {"ran": [cell, kind]}:
                self.ran.append((cell, kind))
            case {"check": name}:
                attempt.checks.append(Check(name=name, outcome=Outcome.PASSED, seconds=0.1))
            case {"unsupported": why}:
                attempt.checks.append(
                    Check(name="phase.decode", outcome=Outcome.UNSUPPORTED, seconds=0.1, message=why)
                )
            case {"timed": row}:
                attempt.timed.append(Timed.from_json(row))

    def ended(self, _: Attempt, ended: Ended) -> tuple[Outcome, str] | None:
        return None if ended.code == 0 else (Outcome.OOM, "out of memory")


@pytest.fixture
def cells(make_cell: Callable[..., Cell]) -> Callable[..., Iterator[Cell]]:
    """A function from batches to the cells of a sweep over them."""

    def make(*batches: int, **changed: Any) -> Iterator[Cell]:
        for batch in batches:
            asked = replace(SMALL, batch=batch, **changed)
            yield make_cell("gpt2", None, Suite.THROUGHPUT, asked)

    return make


def timed(folder: Path, crew: Scripted, cells: Iterator[Cell]) -> list[Report]:
    timing = Timing(crew, Journal(folder), None)
    for cell in cells:
        timing.run(cell)
    return [
        Report.from_json(json.loads(line)) for line in (folder / "results.jsonl").read_text().splitlines()
    ]


def test_a_steady_cell_stops_after_the_fewest_processes_and_says_why(
    tmp_path: Path, cells: Callable[..., Iterator[Cell]]
) -> None:
    (report,) = timed(tmp_path, Scripted(), cells(1))
    assert report.outcome is Outcome.PASSED
    assert report.facts["stopped"] == "every interval is within 5% after 5 processes"
    assert {m.processes for m in report.metrics if m.phase == "decode"} == {(1,) * 5}


def test_an_unsteady_cell_goes_on_to_the_most_processes(
    tmp_path: Path, cells: Callable[..., Iterator[Cell]]
) -> None:
    (report,) = timed(tmp_path, Scripted(lambda process: 1.0 + process), cells(1))
    assert report.facts["stopped"] == "all 6 processes were run"


def test_a_budget_ends_it_after_the_first_process_at_the_earliest(
    tmp_path: Path, cells: Callable[..., Iterator[Cell]]
) -> None:
    def slow(_: int) -> float:
        time.sleep(0.6)
        return 1.0

    (report,) = timed(tmp_path, Scripted(slow), cells(1, budget_s=1))
    assert report.facts["processes"] == 1
    assert report.facts["stopped"] == "another process would pass the budget of 1 s after 1"


def test_a_model_is_checked_once_in_a_sweep(tmp_path: Path, cells: Callable[..., Iterator[Cell]]) -> None:
    crew = Scripted()
    first, second = timed(tmp_path, crew, cells(1, 2))
    assert [kind for _, kind in crew.ran].count("check") == 1
    assert second.facts["checked_with"] == first.cell
    assert [check.name for check in second.checks] == ["forward"]


def test_what_runs_out_of_memory_costs_itself_and_those_that_ask_for_more(
    tmp_path: Path, cells: Callable[..., Iterator[Cell]]
) -> None:
    crew = Scripted(starved=8)
    reports = timed(tmp_path, crew, cells(2, 8, 4, 16))
    assert [report.outcome for report in reports] == [
        Outcome.PASSED,
        Outcome.OOM,
        Outcome.PASSED,
        Outcome.UNSUPPORTED,
    ]
    assert reports[3].message == f"not tried: {reports[1].cell} asks for no more, and ran out of memory"


def test_the_roof_is_measured_once_and_is_in_every_cell(
    tmp_path: Path, cells: Callable[..., Iterator[Cell]]
) -> None:
    roofs = [
        [metric.samples for metric in report.metrics if metric.phase == "roof"]
        for report in timed(tmp_path, Scripted(), cells(1, 2))
    ]
    assert len(roofs[0]) == 2
    assert roofs[0] == roofs[1]


def test_what_the_first_process_cannot_time_is_not_asked_of_another(
    tmp_path: Path, cells: Callable[..., Iterator[Cell]]
) -> None:
    crew = Scripted(refused=0)
    (report,) = timed(tmp_path, crew, cells(1))
    assert [kind for _, kind in crew.ran].count("phase") == 1
    assert (report.outcome, report.message) == (Outcome.UNSUPPORTED, "phase.decode: no room is left")


def test_what_a_later_process_cannot_time_ends_the_repetition_and_not_the_cell(
    tmp_path: Path, cells: Callable[..., Iterator[Cell]]
) -> None:
    (report,) = timed(tmp_path, Scripted(refused=2), cells(1))
    assert report.outcome is Outcome.PASSED
    assert report.facts["stopped"] == ("phase.decode could not be timed again in process 3: no room is left")
    assert {m.processes for m in report.metrics if m.phase == "decode"} == {(1, 1)}


def test_a_deadline_ends_the_repetition_before_it_ends_the_cell(
    tmp_path: Path, cells: Callable[..., Iterator[Cell]]
) -> None:
    def slow(_: int) -> float:
        time.sleep(3.0)
        return 1.0

    planned = (replace(cell, timeout_s=14.0) for cell in cells(1))
    (report,) = timed(tmp_path, Scripted(slow), planned)
    assert report.outcome is Outcome.PASSED
    assert report.facts["stopped"].startswith("another process would pass the deadline of 14 s after ")


def test_files_that_a_process_leaves_are_removed_with_it(
    tmp_path: Path, cells: Callable[..., Iterator[Cell]], monkeypatch: pytest.MonkeyPatch
) -> None:
    out, temporary = tmp_path / "out", tmp_path / "tmp"
    out.mkdir()
    temporary.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    timed(out, Scripted(starved=1), cells(1))
    timed(out, Scripted(), cells(1))
    assert list(temporary.iterdir()) == []
