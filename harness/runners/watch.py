"""Watching an attempt from outside: which cells are in flight, and when it must be stopped."""

import shutil
import time
from collections.abc import Callable, Sequence
from typing import final

from harness.matrix.cells import Cell
from harness.results.record import Outcome
from harness.runners import answers, hostile
from harness.runners.protocol import GIB, MIB, Event, Order, Stop
from harness.runners.references import CELL_BYTES

GRACE_S = 120.0
"""How long the work may go on with no cell in flight: starting, importing torch, ending."""
SLACK_S = 15.0
"""Past its deadline the inside ends a cell itself: this much later it has shown that it cannot."""
PROGRESS_BYTES = 16 * MIB
"""Three times what every cell of the library with every check takes."""
LEAST_FREE_BYTES = GIB
"""Of the disk; with less, other runs and the machine itself would suffer."""
STEPS = ("check", "phase", "count", "ceiling", "dataset")
"""Kinds of what a cell is at."""
KINDS = ("start", *STEPS, "finish")


@final
class Watch:
    """Follows `progress.jsonl`, which is as hostile as anything else the container writes.

    Each cell has a clock of its own, which starts when the host sees its first `start`, so that no number of
    events buys more time.
    """

    def __init__(
        self,
        order: Order,
        cells: Sequence[Cell],
        tell: Callable[[Event], None],
        grace_s: float = GRACE_S,
        slack_s: float = SLACK_S,
        *,
        go_on: Callable[[], None] = lambda: None,
    ) -> None:
        self.in_flight: dict[str, float] = {}
        """Cells that have started and not finished, and when they did."""
        self.doing: dict[str, str] = {}
        """The check or phase that each of them was last at."""
        self.named = False
        """Whether any cell was ever in flight."""
        self.late: tuple[str, ...] = ()
        """The cells that the work had to be stopped for."""
        self._order = order
        self._timeouts = {cell.id: cell.timeout_s for cell in cells}
        self._tell = tell
        self._grace_s = grace_s
        self._slack_s = slack_s
        self._go_on = go_on
        self._offset = 0
        self._seen: set[tuple[str, str]] = set()
        self._idle_since = time.monotonic()

    def waited_s(self, cell: str) -> float:
        """How long the cell has been in flight, or how long there has been none."""
        return time.monotonic() - self.in_flight.get(cell, self._idle_since)

    def tick(self) -> Stop | None:
        """Read what is new; why the work must be killed now, or None. Raises what `go_on` does."""
        self._go_on()
        self.read()
        limit = self._order.limits.output_bytes
        if self._order.references is not None:
            limit += len(self._timeouts) * CELL_BYTES
        limit += answers.allowance(self._order, len(self._timeouts))
        if hostile.usage(self._order.out, limit) > limit:
            message = f"wrote more than {limit:,} bytes of output, and was stopped"
            return Stop(outcome=Outcome.ERROR, message=message)
        if shutil.disk_usage(self._order.out).free < LEAST_FREE_BYTES:
            # A file that was unlinked while it is written is in no folder, and fills the disk all the same.
            message = "stopped: less than 1 GiB was left of the disk that results are written to"
            return Stop(outcome=Outcome.ERROR, message=message)
        return self._overdue()

    def read(self) -> None:
        """Take in the events written since the last time."""
        path = self._order.out / "progress.jsonl"
        try:
            text = hostile.read(path, PROGRESS_BYTES, self._offset)
        except (FileNotFoundError, hostile.Refused):
            return
        whole, newline, _ = text.rpartition(b"\n")
        self._offset += len(whole) + len(newline)
        for row in whole.splitlines():
            self._take(row)

    def _take(self, row: bytes) -> None:
        try:
            data = hostile.parse(row)
            event = Event(kind=data["event"], cell=data["cell"], name=hostile.line(data.get("name") or ""))
            known = event.kind in KINDS and event.cell in self._timeouts
        except (hostile.Refused, KeyError, TypeError, AttributeError):
            return
        if not known:
            return
        key = (event.kind, event.cell)
        if event.kind in STEPS:
            if event.cell in self.in_flight:
                self.doing[event.cell] = event.name
        elif key not in self._seen:
            self._seen.add(key)
            self._turn(event)
        self._tell(event)

    def _turn(self, event: Event) -> None:
        """A cell is taken up, or laid down."""
        self.named = True
        self.doing.pop(event.cell, None)
        if event.kind == "start":
            self.in_flight[event.cell] = time.monotonic()
        elif self.in_flight.pop(event.cell, None) is not None and not self.in_flight:
            self._idle_since = time.monotonic()

    def _overdue(self) -> Stop | None:
        """Past its deadline by more than what the inside may take to end it, or nothing going on at all."""
        self.late = tuple(
            cell for cell in self.in_flight if self.waited_s(cell) > self._timeouts[cell] + self._slack_s
        )
        if self.late:
            message = f"past its deadline of {self._timeouts[self.late[0]]:g} s, and stopped"
        elif not self.in_flight and time.monotonic() - self._idle_since > self._grace_s:
            message = f"no cell was in flight for {self._grace_s:g} s, and the work was stopped"
        else:
            return None
        return Stop(outcome=Outcome.TIMEOUT, message=message)
