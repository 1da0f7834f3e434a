"""What comes through the door: each cell's own report, or an error that says what was wrong."""

import json
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.errors import RecordError
from harness.matrix import schema
from harness.matrix.cells import Batch
from harness.results.record import Isolation, Outcome
from harness.runners import door
from harness.runners.protocol import Limits, Order

NAMES = ("0-passes", "1-passes")


@pytest.fixture
def order(make_order: Callable[..., Order], limits: Limits, batch: Callable[..., Batch]) -> Order:
    """An open door for two cells."""
    isolation = Isolation(
        runner="docker",
        network="none",
        user="10001:10001",
        read_only=True,
        memory_bytes=limits.memory_bytes,
        cpus="0",
        pids=limits.pids,
        loosened=("a: b",),
    )
    order = make_order(isolation=isolation)
    door.open_door(order, batch("passes", "passes").cells)
    return order


def row(cell: str, **more: Any) -> bytes:
    report = {"cell": cell, "outcome": "passed", "started": "2026-11-21T03:15:00Z", "seconds": 0.1}
    return json.dumps(report | more).encode()


def take(order: Order, text: bytes) -> tuple[dict[str, Outcome], door.Intake]:
    (order.out / "results.jsonl").write_bytes(text)
    found = door.intake(order.work)
    return {result.report.cell: result.outcome for result in found.results}, found


def test_code_goes_in_as_files_that_others_may_read(
    order: Order, batch: Callable[..., Batch], limits: Limits
) -> None:
    assert not order.code.exists()
    other = replace(order, attempt=2)
    door.open_door(other, batch("passes").cells, {"config.json": b"{}", "m.py": b"1"})
    assert {path.name: path.read_bytes() for path in other.code.iterdir()} == {
        "config.json": b"{}",
        "m.py": b"1",
    }
    assert {oct(path.stat().st_mode & 0o777) for path in other.code.iterdir()} == {"0o644"}
    assert other.code.stat().st_mode & 0o777 == 0o755
    assert door.close_door(other) == ()
    assert not other.work.exists()


def test_what_goes_in_passes_the_schema_and_cannot_be_written(order: Order) -> None:
    data = json.loads(order.cells.read_text())
    assert schema.validate("cells", data) == []
    assert data["limits"] == {"memory_bytes": order.limits.memory_bytes, "cpus": 1}
    assert order.out.stat().st_mode & 0o077 == 0
    assert order.out.stat().st_uid == (10001 if os.getuid() == 0 else os.getuid())


def test_an_order_is_read_as_it_was_written(order: Order) -> None:
    read, owner, process = door.read_order(order.work)
    assert read == order
    assert owner.alive()
    assert owner.pid == os.getpid()
    assert process is None


def test_results_carry_the_outsides_half(order: Order) -> None:
    _, found = take(order, row(NAMES[0]) + b"\n")
    (result,) = found.results
    assert (result.isolation, result.provenance) == (order.isolation, order.provenance)
    assert schema.validate("result", result.to_json()) == []


def test_nothing_written_is_no_result(order: Order) -> None:
    assert door.intake(order.work) == door.Intake()


def test_a_torn_last_line_costs_only_itself(order: Order) -> None:
    outcomes, found = take(order, row(NAMES[0]) + b"\n" + row(NAMES[1])[:-5])
    assert outcomes == {NAMES[0]: Outcome.PASSED}
    assert found.problems == ("the last line of results.jsonl of b0-1 is torn, and was left out",)
    assert found.stray == ()


def test_a_last_line_without_its_newline_counts(order: Order) -> None:
    outcomes, found = take(order, row(NAMES[0]) + b"\n" + row(NAMES[1]))
    assert outcomes == dict.fromkeys(NAMES, Outcome.PASSED)
    assert found.problems == ()


@pytest.mark.parametrize(
    ("lie", "words"),
    [
        (row(NAMES[1], seconds=-1), "line 2 of results.jsonl of b0-1 is no report record: $.seconds"),
        (row(NAMES[1], invented=1), "invented"),
        (row(NAMES[0]), f"line 2 of results.jsonl of b0-1 reports {NAMES[0]} a second time"),
    ],
)
def test_a_lie_costs_its_cell(order: Order, lie: bytes, words: str) -> None:
    outcomes, found = take(order, row(NAMES[0]) + b"\n" + lie + b"\n")
    liar = json.loads(lie)["cell"]
    assert outcomes == {NAMES[0]: Outcome.PASSED} | {liar: Outcome.ERROR}
    (error,) = [result.report for result in found.results if result.report.cell == liar]
    assert words in error.message


@pytest.mark.parametrize("lie", [row("nobody"), b"rubbish", b"[]", b"", b'{"cell": []}'])
def test_a_lie_without_a_cell_falls_on_those_without_a_result(order: Order, lie: bytes) -> None:
    outcomes, found = take(order, row(NAMES[0]) + b"\n" + lie + b"\n")
    assert outcomes == {NAMES[0]: Outcome.PASSED}
    assert len(found.stray) == 1


def test_a_lie_without_a_cell_falls_on_all_where_all_have_a_result(order: Order) -> None:
    outcomes, found = take(order, b"\n".join([row(NAMES[0]), row("nobody"), row(NAMES[1]), b""]))
    assert outcomes == dict.fromkeys(NAMES, Outcome.ERROR)
    assert all("cannot be told" in result.report.message for result in found.results)


LINES = st.one_of(
    st.binary(max_size=40),
    st.sampled_from([row(NAMES[0]), row(NAMES[1]), row("nobody"), row(NAMES[0], seconds=None)]),
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(LINES, max_size=6), st.booleans())
def test_whatever_is_written_a_cell_has_at_most_one_result(
    order: Order, lines: list[bytes], end: bool
) -> None:
    _, found = take(order, b"\n".join(lines) + (b"\n" if end else b""))
    cells = [result.report.cell for result in found.results]
    assert len(cells) == len(set(cells))
    assert set(cells) <= set(NAMES)
    for result in found.results:
        assert schema.validate("result", result.to_json()) == []
        if result.outcome is Outcome.PASSED:
            assert lines.count(row(result.report.cell)) == 1


def test_closing_leaves_no_folder(order: Order) -> None:
    order.log.write_bytes(b"x" * (order.limits.log_bytes + 5) + b"end")
    assert door.close_door(order) == ()
    assert not order.work.parent.exists()
    log = (order.folder / "logs" / "b0-1.log").read_bytes()
    assert len(log) == order.limits.log_bytes
    assert log.endswith(b"end")


def test_doors_open_and_close_side_by_side(order: Order, batch: Callable[..., Batch]) -> None:
    """Whoever closes the last removes the folder that another is about to use."""
    door.close_door(order)
    cells = batch("passes").cells

    def use(slot: int) -> None:
        for attempt in range(25):
            mine = replace(order, batch=f"part{slot}", attempt=attempt)
            door.open_door(mine, cells)
            door.close_door(mine)

    with ThreadPoolExecutor(max_workers=4) as pool:
        list(pool.map(use, range(4)))
    assert not order.work.parent.exists()


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"process": null, "run": 1}'])
def test_an_order_that_is_none_is_refused(tmp_path: Path, text: str) -> None:
    work = tmp_path / "run" / "work" / "b0-1"
    work.mkdir(parents=True)
    (work / "order.json").write_text(text)
    with pytest.raises(RecordError, match="no order of a runner"):
        door.intake(work)
