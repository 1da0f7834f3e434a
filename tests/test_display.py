"""What a person sees while a run goes on."""

import io
from collections.abc import Iterator
from dataclasses import replace

import pytest
from rich.console import Console

from harness.display import Bar, Lines
from harness.matrix.cells import Cell, Parameters
from harness.matrix.devices import Device
from harness.matrix.plan import plan
from harness.matrix.records import Matrix, Suite
from harness.results.record import Isolation, Outcome, Provenance, Report, Result
from harness.runners.protocol import Event

ISOLATION = Isolation(
    runner="host", network="host", user="0:0", read_only=False, memory_bytes=None, cpus=None, pids=None
)
PROVENANCE = Provenance(
    image=None,
    image_id=None,
    lock_hash=None,
    base=None,
    engine=None,
    revision="unknown",
    host="here",
    kernel="Linux 6",
    cpu="a CPU",
)


@pytest.fixture
def cells(matrix: Matrix, cpu: Device) -> tuple[Cell, ...]:
    return plan(matrix, matrix.models[:3], cpu, Suite.FUNCTIONAL, [Parameters()])[:3]


@pytest.fixture
def screen() -> io.StringIO:
    return io.StringIO()


@pytest.fixture
def lines(screen: io.StringIO, cells: tuple[Cell, ...]) -> Lines:
    shown = Lines(Console(file=screen, width=200, highlight=False))
    shown.begin(cells)
    return shown


@pytest.fixture
def bar(screen: io.StringIO, cells: tuple[Cell, ...]) -> Iterator[Bar]:
    shown = Bar(Console(file=screen, width=200, force_terminal=True, highlight=False))
    shown.begin(cells)
    yield shown
    shown.close()


def ended(cell: Cell, message: str, outcome: Outcome = Outcome.CRASHED) -> Result:
    report = Report(cell=cell.id, outcome=outcome, message=message, started="2026-11-21T03:15:00Z", seconds=1)
    return Result(
        run="run", cell=cell.to_json(), attempt=1, report=report, isolation=ISOLATION, provenance=PROVENANCE
    )


def test_a_line_a_cell_counts_what_ends(lines: Lines, screen: io.StringIO, cells: tuple[Cell, ...]) -> None:
    for kind in ("start", "finish"):
        lines.event(Event(kind=kind, cell=cells[0].id))
    lines.event(Event(kind="finish", cell=cells[1].id))
    shown = screen.getvalue().splitlines()
    assert shown[0] == "3 cells"
    assert [row.split(",")[0] for row in shown[1:]] == [f"[1/3] {cells[0].id}", f"[2/3] {cells[1].id}"]


def test_a_phase_is_told_as_it_begins_and_once(screen: io.StringIO, matrix: Matrix, cpu: Device) -> None:
    (cell,) = plan(matrix, matrix.models[:1], cpu, Suite.THROUGHPUT, [Parameters()])
    shown = Lines(Console(file=screen, width=200, highlight=False))
    shown.begin((cell,))
    for name in ("fill", "fill", "no phase of its", "fill, process 2", "fill, process 2x"):
        shown.event(Event(kind="phase", cell=cell.id, name=name))
    assert screen.getvalue().splitlines() == [
        "1 cell",
        f"[0/1] {cell.id}: fill",
        f"[0/1] {cell.id}: fill, process 2",
    ]


def test_an_end_told_twice_is_counted_once(
    lines: Lines, screen: io.StringIO, cells: tuple[Cell, ...]
) -> None:
    for _ in range(2):
        lines.event(Event(kind="finish", cell=cells[0].id))
    lines.result(ended(cells[0], "", Outcome.PASSED))
    assert screen.getvalue().count(cells[0].id) == 1


def test_a_cell_that_died_is_counted_and_says_why(
    lines: Lines, screen: io.StringIO, cells: tuple[Cell, ...]
) -> None:
    lines.result(ended(cells[0], "segmentation fault"))
    lines.event(Event(kind="finish", cell=cells[1].id))
    assert f"[1/3] {cells[0].id}: crashed; segmentation fault" in screen.getvalue()
    assert f"[2/3] {cells[1].id}" in screen.getvalue()


def test_what_a_container_wrote_cannot_steer_the_terminal(
    lines: Lines, screen: io.StringIO, cells: tuple[Cell, ...]
) -> None:
    lines.result(ended(cells[0], "\x1b]0;owned\x07[red]and more\nsecond line"))
    assert "\x1b" not in screen.getvalue()
    assert "[red]and more" in screen.getvalue()
    assert "second line" not in screen.getvalue()


def test_of_many_cells_a_log_has_a_line_a_hundredth_and_every_death(
    screen: io.StringIO, cells: tuple[Cell, ...]
) -> None:
    many = tuple(replace(cells[0], id=f"cell-{number}") for number in range(1000))
    shown = Lines(Console(file=screen, width=200, highlight=False))
    shown.begin(many)
    for cell in many[:994]:
        shown.event(Event(kind="finish", cell=cell.id))
    shown.result(ended(many[994], "segmentation fault"))
    for cell in many[995:]:
        shown.event(Event(kind="finish", cell=cell.id))
    rows = screen.getvalue().splitlines()
    assert len(rows) == 1 + 100 + 1
    assert rows[1].startswith("[10/1000] cell-9,")
    assert "[995/1000] cell-994: crashed; segmentation fault" in rows[-2]
    assert rows[-1].startswith("[1000/1000] cell-999")


def test_one_cell_is_no_plural(screen: io.StringIO, cells: tuple[Cell, ...]) -> None:
    Lines(Console(file=screen)).begin(cells[:1])
    assert screen.getvalue() == "1 cell\n"


def test_the_bar_counts_cells_however_they_ended(
    bar: Bar, screen: io.StringIO, cells: tuple[Cell, ...]
) -> None:
    bar.event(Event(kind="finish", cell=cells[0].id))
    bar.event(Event(kind="finish", cell=cells[0].id))
    bar.result(ended(cells[1], "killed"))
    bar.close()
    assert "2/3" in screen.getvalue()


def test_the_bar_takes_names_as_text(bar: Bar, screen: io.StringIO, cells: tuple[Cell, ...]) -> None:
    bar.event(Event(kind="check", cell=cells[0].id, name="[/forward]"))
    bar.tell("[/built]")
    bar.close()
    assert "[/forward]" in screen.getvalue()
    assert "[/built]" in screen.getvalue()


def test_results_that_passed_add_nothing(lines: Lines, screen: io.StringIO, cells: tuple[Cell, ...]) -> None:
    lines.event(Event(kind="finish", cell=cells[0].id))
    before = screen.getvalue()
    result = ended(cells[0], "", Outcome.PASSED)
    lines.result(replace(result, attempt=2))
    lines.close()
    assert screen.getvalue() == before
