"""Time as the device sees it: nothing is read before queued work has finished."""

import time

import torch
from transformers.generation.streamers import BaseStreamer

from harness.suite.outcomes import Unsupported

now = time.perf_counter
"""Monotonic seconds in float64; the difference of two readings is an interval."""


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
        self._prompt_seen = False

    def put(self, _: torch.Tensor) -> None:
        """Mark a step; the prompt is not one."""
        if self._prompt_seen:
            self.times.append(now())
        self._prompt_seen = True

    def end(self) -> None:
        """The end of generation is not a token, and is not marked."""
