"""What an evaluation gives."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from harness.results.record import Metric

Progress = Callable[[int, int], None]
"""Hears how many answers there are, and of how many."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What an evaluation gave."""

    metrics: tuple[Metric, ...]
    facts: Mapping[str, Any]

    def to_json(self) -> dict[str, Any]:
        """As a child tells it."""
        return {"metrics": [asdict(row) for row in self.metrics], "facts": dict(self.facts)}
