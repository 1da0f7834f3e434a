"""Watching an attempt from outside: which cell is in flight, and when it must be stopped."""

import shutil
import time
from collections.abc import Callable, Sequence
from typing import final

from harness.matrix.records import Cell
from harness.results.record import Outcome
from harness.runners import hostile
from harness.runners.protocol import GIB, MIB, Event, Order, Stop

GRACE_S = 120.0
"""How long the work may go on with no cell in flight: starting, importing torch, ending."""
PROGRESS_BYTES = 4 * MIB
LEAST_FREE_BYTES = GIB
"""Of the disk; with less, other runs and the machine itself would suffer."""
KINDS = ("collect", "start", "check", "phase", "finish")


@final
class Watch:
    """Follows `progress.jsonl`, which is as hostile as anything else the container writes.

    The clock of a cell starts when the host sees its first `collect` and again at its first `start`, so
    that no number of events buys more time.
    """

    def __init__(
        self, order: Order, cells: Sequence[Cell], tell: Callable[[Event], None], grace_s: float = GRACE_S
    ) -> None:
        self.in_flight: str | None = None
        """Id of the cell that was last collected or started and has not finished."""
        self.doing = ""
        """The check or phase of it that was last named."""
        self.named = False
        """Whether any cell was ever in flight."""
        self._order = order
        self._timeouts = {cell.id: cell.timeout_s for cell in cells}
        self._tell = tell
        self._grace_s = grace_s
        self._offset = 0
        self._seen: set[tuple[str, str]] = set()
        self._since = time.monotonic()

    @property
    def waited_s(self) -> float:
        """How long the cell in flight has been, or how long there has been none."""
        return time.monotonic() - self._since

    def tick(self) -> Stop | None:
        """Read what is new; why the work must be killed now, or None."""
        self.read()
        limit = self._order.limits.output_bytes
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
        if event.kind in ("check", "phase"):
            self.doing = event.name if event.cell == self.in_flight else self.doing
        elif key not in self._seen:
            self._seen.add(key)
            self._turn(event)
        self._tell(event)

    def _turn(self, event: Event) -> None:
        """A cell is taken up, or laid down."""
        self.named = True
        self.doing = ""
        if event.kind != "finish":
            self.in_flight = event.cell
        elif self.in_flight == event.cell:
            self.in_flight = None
        self._since = time.monotonic()

    def _overdue(self) -> Stop | None:
        if self.in_flight is None:
            limit = self._grace_s
            message = f"no cell was in flight for {limit:g} s, and the work was stopped"
        else:
            limit = self._timeouts[self.in_flight]
            message = f"past its deadline of {limit:g} s, and stopped"
        return Stop(outcome=Outcome.TIMEOUT, message=message) if self.waited_s > limit else None
