"""What an engine tells of the batches it computes: how long each took, and of each answer how it ended."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One answer of a batch, in the words of `Answer`."""

    tokens: int | None
    stopped: str
    text: str | None = None
    thinking: int | None = None
    seconds: float | None = None
    """Its share of the time of answering, where that is known; else all of a batch share alike."""


@dataclass(slots=True)
class Meter:
    """Held by an engine's model, and read by whoever keeps its answers."""

    seconds: float = 0.0
    """Of the batches since they were last taken."""
    rows: list[Row] = field(default_factory=list)
    """Of the answers since then, in the order they are handed to lm_eval; log-likelihoods need none."""
    before: Callable[[], None] = lambda: None
    """Called as a batch begins: what is known of the last one can be written down."""

    @contextmanager
    def batch(self) -> Iterator[None]:
        """A batch is computed inside; what runs there has ended when it is left."""
        self.before()
        began = time.perf_counter()
        yield
        self.seconds += time.perf_counter() - began

    def take(self) -> tuple[float, list[Row]]:
        """What is known since the last time."""
        taken = self.seconds, self.rows
        self.seconds, self.rows = 0.0, []
        return taken


class Sharing:
    """The time of answers that are under way at once: each takes of every moment the share that it has then.

    So that all shares together are the time in which any was under way, as those of a batch are.
    """

    def __init__(self, clock: Callable[[], float] = time.perf_counter) -> None:
        self._clock = clock
        self._under_way = 0
        self._share = 0.0
        """Seconds that one under way since the beginning would have taken."""
        self._at = clock()

    @contextmanager
    def one(self) -> Iterator[Callable[[], float]]:
        """One is under way inside; once it is left, what is given tells its seconds."""
        began = self._turn(1)
        ended: list[float] = []
        try:
            yield lambda: ended[0]
        finally:
            ended.append(self._turn(-1) - began)

    def _turn(self, change: int) -> float:
        now = self._clock()
        if self._under_way:
            self._share += (now - self._at) / self._under_way
        self._at, self._under_way = now, self._under_way + change
        return self._share
