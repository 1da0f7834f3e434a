"""What an engine tells of the batches it computes: how long each took, and of each answer how it ended."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One generation of a batch, in the words of `Answer`."""

    tokens: int | None
    stopped: str
    text: str | None = None
    thinking: int | None = None


@dataclass(slots=True)
class Meter:
    """Held by an engine's model, and read by whoever keeps its answers."""

    seconds: float = 0.0
    """Of the batches since they were last taken."""
    rows: list[Row] = field(default_factory=list)
    """Of the generations since then, in the order they are handed to lm_eval; none of log-likelihoods."""
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
