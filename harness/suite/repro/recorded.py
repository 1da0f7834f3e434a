"""A source of inputs that was written down: what a reproduction has in place of the makers of inputs."""

from collections.abc import Mapping
from typing import Any

from harness.suite.functional.subject import Source

Call = tuple[int, int, int]
"""Batch, tokens and seed that rows were asked for with."""


class Recorder:
    """Passes another source's rows on, and remembers them."""

    def __init__(self, source: Source) -> None:
        self.pins = source.pins
        self.calls: dict[Call, list[dict[str, Any]]] = {}
        self._source = source

    def rows(self, batch: int, tokens: int, seed: int) -> list[dict[str, Any]]:
        """Inputs row by row."""
        rows = self._source.rows(batch, tokens, seed)
        self.calls[batch, tokens, seed] = rows
        return rows


class Recorded:
    """Gives the rows that were remembered."""

    def __init__(self, pins: Mapping[str, Any], calls: Mapping[Call, list[dict[str, Any]]]) -> None:
        self.pins = pins
        self._calls = calls

    def rows(self, batch: int, tokens: int, seed: int) -> list[dict[str, Any]]:
        """Inputs row by row; KeyError for rows that were not asked for when they were remembered."""
        return [dict(row) for row in self._calls[batch, tokens, seed]]
