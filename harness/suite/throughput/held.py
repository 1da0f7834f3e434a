"""Whether memory was given back between rounds: then each pays again for what it would have found there.

An allocator keeps what a round has freed for the next. Where something empties it in between (`empty_cache`,
`malloc_trim`), each round begins with less than the one before had ended with, and takes as much again.

On the CPU rounds whose state grows (decoding, with its cache) are not judged: the C library gives large
blocks back by itself, and the copy that the next round begins with takes what is left.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from harness.suite.models.cached import tensors
from harness.suite.throughput import memory

LEAST = 8 * 2**20
"""Bytes that a C library's allocator may give and take by itself: 2000 faults of less than 1 µs each."""
SHARE = 0.5
"""Of the rounds after the first, those that must have taken anew: one may follow a collection of garbage."""


@dataclass(slots=True)
class Held:
    """What the allocator of a device held when each round began and when it ended, in bytes."""

    device: str
    began: list[int] = field(default_factory=list)
    ended: list[int] = field(default_factory=list)
    grew: bool = False
    _bytes: int = 0

    def begin(self, state: Any) -> None:
        """Right before a round, with what it is about to work on."""
        self._bytes = _bytes(state)
        self.began.append(memory.reserved(self.device) or 0)

    def end(self, state: Any) -> None:
        """Right after it, with the same object."""
        self.ended.append(memory.reserved(self.device) or 0)
        self.grew |= _bytes(state) != self._bytes

    @property
    def words(self) -> str:
        """What disturbed, with its amount; empty where nothing did."""
        anew = taken_anew(self.began, self.ended)
        if not anew or (self.grew and self.device == "cpu"):
            return ""
        usual = sorted(anew, reverse=True)[int(SHARE * len(anew))]
        return f"each round took {usual / 2**20:.0f} MiB anew that were given back before it" * (
            usual > LEAST
        )


def taken_anew(began: Sequence[int], ended: Sequence[int]) -> list[int]:
    """Of each round after the first: bytes that went after the one before it and came again in it.

    `began` and `ended` are what was held before and after each.
    """
    gone = [max(0, end - begin) for end, begin in zip(ended, began[1:], strict=False)]
    come = [max(0, end - begin) for begin, end in zip(began[1:], ended[1:], strict=True)]
    return [min(one, other) for one, other in zip(gone, come, strict=True)]


def _bytes(state: Any) -> int:
    return sum(tensor.nbytes for _, tensor in tensors(state))
