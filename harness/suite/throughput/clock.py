"""Time as the device sees it: nothing is read before queued work has finished."""

import functools
import time
from itertools import pairwise

import torch
from transformers.generation.streamers import BaseStreamer

from harness.suite.outcomes import Unsupported

now = time.perf_counter
"""Monotonic seconds in float64; the difference of two readings is an interval."""


@functools.cache
def resolution() -> float:
    """The least step between successive readings, in seconds: the clock's own, or what a reading takes."""
    readings = [now() for _ in range(1000)]
    while len(set(readings)) < 2:  # a clock so coarse that a thousand readings fall into one step
        readings.append(now())
    return min(later - earlier for earlier, later in pairwise(readings) if later > earlier)


def synchronise(device: str) -> None:
    """Wait until the accelerator has done what was queued; at once on the CPU.

    Raises `Unsupported` where torch cannot wait for the device: its times would be of queueing alone.
    """
    if device == "cpu":
        return
    wait = getattr(getattr(torch, device.partition(":")[0], None), "synchronize", None)
    if wait is None:
        raise Unsupported(f"torch cannot wait for {device}, so nothing on it can be timed")
    wait()


class Marks(BaseStreamer):
    """The moment each new token reaches the host, for one generation of any batch size.

    `generate` hands a streamer the prompt first, then each step's tokens once they are on the CPU,
    so a mark is taken after the device has finished that step.
    """

    def __init__(self) -> None:
        self.times: list[float] = []
        self.began = self.ended = 0.0
        """The request's own moments, which its caller sets."""
        self._prompt_seen = False

    def put(self, _: torch.Tensor) -> None:
        """Mark a step; the prompt is not one."""
        if self._prompt_seen:
            self.times.append(now())
        self._prompt_seen = True

    @property
    def gaps(self) -> list[float]:
        """Seconds between successive tokens: one fewer than tokens, and none to the end of the request."""
        return [later - earlier for earlier, later in pairwise(self.times)]

    def end(self) -> None:
        """The end of generation is not a token, and is not marked."""
