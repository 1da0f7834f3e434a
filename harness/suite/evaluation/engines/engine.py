"""What an evaluation needs of whatever answers."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Protocol

from lm_eval.api.model import LM
from lm_eval.api.task import Task

from harness.results.record import Metric
from harness.results.scored import Costs

PARTS_OF_CONTEXT = 2
"""An answer takes at most half of what the model can hold: the question needs the rest."""


class Watched(Protocol):
    """What was seen of a model while it answered."""

    def metrics(self, dataset: str) -> list[Metric]:
        """As metrics of the dataset."""

    def facts(self) -> Mapping[str, Any]:
        """As facts."""


class Engine(Protocol):
    """Answers, and tells what that takes."""

    @property
    def longest_answer(self) -> int:
        """Most tokens that it can be asked for."""

    def model(self, tasks: Mapping[str, Task], seconds: float | None = None) -> LM:
        """As lm_eval asks it what is in these tasks; an answer may take so many seconds, None is no limit."""

    def fewer_at_once(self) -> bool:
        """Halve the batch; whether there was anything to halve."""

    def watched(self) -> AbstractContextManager[Watched]:
        """While it is open, what the model does is seen."""

    def costs(self) -> Costs:
        """What answering has taken since the last time."""

    def facts(self) -> Mapping[str, Any]:
        """What is known of it."""

    def close(self) -> None:
        """Let go of whatever it holds."""


class Unseen:
    """Of a model that cannot be looked into nothing was seen."""

    def metrics(self, dataset: str) -> list[Metric]:  # noqa: ARG002 — the protocol's
        """None."""
        return []

    def facts(self) -> Mapping[str, Any]:
        """None."""
        return {}


class Blind:
    """An engine that tells nothing but its answers: a base for those that are far away, or made up."""

    def __init__(self, make: Callable[[Mapping[str, Task]], LM]) -> None:
        self._make = make

    @property
    def longest_answer(self) -> int:
        """No number of tokens is too many."""
        return 1 << 20

    def model(self, tasks: Mapping[str, Task], seconds: float | None = None) -> LM:  # noqa: ARG002 — it takes no time
        """As lm_eval asks it."""
        return self._make(tasks)

    def fewer_at_once(self) -> bool:
        """There is no batch."""
        return False

    @contextmanager
    def watched(self) -> Iterator[Watched]:
        """Nothing is seen."""
        yield Unseen()

    def costs(self) -> Costs:
        """Nothing is known."""
        return Costs()

    def facts(self) -> Mapping[str, Any]:
        """Nothing is known."""
        return {}

    def close(self) -> None:
        """It holds nothing."""
