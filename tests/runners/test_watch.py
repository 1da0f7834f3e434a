"""Who is in flight, and when it is late: told by a file that anyone in the container may write."""

import json
import time
from collections.abc import Callable

import pytest

from harness.matrix.cells import Batch
from harness.results.record import Outcome
from harness.runners import door
from harness.runners.protocol import Event, Order
from harness.runners.watch import PROGRESS_BYTES, Watch

Make = Callable[..., tuple[Order, Watch, list[Event]]]
FIRST, SECOND = "0-passes", "1-passes"


@pytest.fixture
def make(make_order: Callable[..., Order], batch: Callable[..., Batch]) -> Make:
    """Makes a watch over two cells, given their timeout and the grace, in seconds."""

    def watch(timeout_s: float, grace_s: float, slack_s: float = 0.0) -> tuple[Order, Watch, list[Event]]:
        order = make_order()
        cells = batch("passes", "passes", timeout_s=timeout_s).cells
        door.open_door(order, cells)
        told: list[Event] = []
        return order, Watch(order, cells, told.append, grace_s, slack_s), told

    return watch


def write(order: Order, *rows: tuple[str, str, str | None], end: str = "\n") -> None:
    lines = [json.dumps({"event": kind, "cell": cell, "name": name, "at": 0}) for kind, cell, name in rows]
    with (order.out / "progress.jsonl").open("a") as file:
        file.write("\n".join(lines) + end)


def test_the_work_is_stopped_before_the_disk_is_full(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    _, watch, _ = make(60, 60)
    # No disk has an exabyte: the floor is raised to it rather than a disk filled down to the floor.
    monkeypatch.setattr("harness.runners.watch.LEAST_FREE_BYTES", 2**60)
    stop = watch.tick()
    assert stop is not None
    assert (stop.outcome, "of the disk" in stop.message) == (Outcome.ERROR, True)


def test_cells_are_in_flight_from_start_to_finish_several_at_once(make: Make) -> None:
    order, watch, told = make(60, 60)
    assert (watch.tick(), watch.in_flight, watch.named) == (None, {}, False)
    write(order, ("start", FIRST, None), ("start", SECOND, None), ("check", SECOND, "kv"))
    assert (watch.tick(), list(watch.in_flight), watch.doing) == (None, [FIRST, SECOND], {SECOND: "kv"})
    write(order, ("finish", SECOND, None), ("check", SECOND, "kv"))
    assert (watch.tick(), list(watch.in_flight), watch.doing) == (None, [FIRST], {})
    write(order, ("finish", FIRST, None))
    assert (watch.tick(), watch.in_flight, watch.named) == (None, {}, True)
    assert [event.kind for event in told] == ["start", "start", "check", "finish", "check", "finish"]


def test_each_cell_has_its_own_clock(make: Make) -> None:
    order, watch, _ = make(0.4, 60)
    write(order, ("start", FIRST, None))
    watch.read()
    time.sleep(0.3)
    write(order, ("start", SECOND, None))
    assert watch.tick() is None
    time.sleep(0.15)
    stop = watch.tick()
    assert stop is not None
    assert watch.late == (FIRST,)
    assert watch.waited_s(FIRST) > watch.waited_s(SECOND)


def test_the_inside_has_some_time_to_end_a_late_cell_itself(make: Make) -> None:
    order, watch, _ = make(1e-6, 60, 60.0)
    write(order, ("start", FIRST, None))
    watch.read()
    assert (watch.tick(), watch.late) == (None, ())


def test_the_grace_begins_anew_when_the_last_cell_has_finished(make: Make) -> None:
    order, watch, _ = make(60, 0.3)
    write(order, ("start", FIRST, None))
    watch.read()
    time.sleep(0.35)
    write(order, ("finish", FIRST, None))
    assert watch.tick() is None
    time.sleep(0.35)
    assert watch.tick() is not None


def test_a_line_is_taken_once_and_when_it_is_whole(make: Make) -> None:
    order, watch, told = make(60, 60)
    write(order, ("start", FIRST, None), end="")
    watch.read()
    assert told == []
    write(order, end="\n")
    watch.read()
    watch.read()
    assert told == [Event(kind="start", cell=FIRST)]


@pytest.mark.parametrize(
    "line",
    ["rubbish", "[]", "{}", '{"event": [], "cell": {}}', '{"event": "start", "cell": "nobody"}',
     '{"event": "dance", "cell": "0-passes"}', '{"event": "start", "cell": "0-passes", "name": 7}'],
)  # fmt: skip
def test_what_makes_no_sense_is_passed_over(make: Make, line: str) -> None:
    order, watch, told = make(60, 60)
    (order.out / "progress.jsonl").write_text(line + "\n")
    assert watch.tick() is None
    assert (told, watch.named) == ([], False)


def test_names_are_fit_to_be_shown(make: Make) -> None:
    order, watch, told = make(60, 60)
    write(order, ("check", FIRST, "\x1b[2Jfor\nward"))
    watch.read()
    assert told[0].name == "[2Jforward"


def test_nobody_in_flight_past_the_grace(make: Make) -> None:
    stop = make(60, 0)[1].tick()
    assert stop is not None
    assert (stop.outcome, "no cell was in flight" in stop.message) == (Outcome.TIMEOUT, True)


def test_repeating_an_event_buys_no_time(make: Make) -> None:
    order, watch, _ = make(0.2, 60)
    write(order, ("start", FIRST, None))
    assert watch.tick() is None
    time.sleep(0.25)
    write(order, ("start", FIRST, None))
    stop = watch.tick()
    assert stop is not None
    assert "past its deadline of 0.2 s" in stop.message


def test_too_much_output_stops_it(make: Make) -> None:
    order, watch, _ = make(60, 60)
    (order.out / "rubbish").write_bytes(b"x" * (order.limits.output_bytes + 1))
    stop = watch.tick()
    assert stop is not None
    assert stop.outcome is Outcome.ERROR


def test_a_link_or_a_flood_of_events_is_not_followed(make: Make) -> None:
    order, watch, told = make(60, 60)
    progress = order.out / "progress.jsonl"
    (order.work / "elsewhere").write_text('{"event": "start", "cell": "0-passes"}\n')
    progress.symlink_to(order.work / "elsewhere")
    watch.read()
    progress.unlink()
    progress.write_bytes(b"\n" * (PROGRESS_BYTES + 1))
    watch.read()
    assert told == []
