"""Time as the device sees it: nothing is read before queued work has finished."""

import time
from collections.abc import Callable
from typing import Any

import torch
from transformers.generation.streamers import BaseStreamer

now = time.perf_counter
"""Monotonic seconds in float64; the difference of two readings is an interval."""


def synchronise(device: str) -> None:
    """Wait until the accelerator has done what was queued; at once on the CPU."""
    module = getattr(torch, device.split(":", maxsplit=1)[0], None)
    wait = getattr(module, "synchronize", None)
    if wait is not None and device != "cpu":
        wait()


def timed(run: Callable[..., Any], *arguments: Any) -> float:
    """Seconds that `run` takes; it synchronises itself."""
    start = now()
    run(*arguments)
    return now() - start


class Marks(BaseStreamer):
    """The moment each new token reaches the host, for one generation of any batch size.

    `generate` hands a streamer the prompt first, then each step's tokens once they are on the CPU,
    so a mark is taken after the device has finished that step.
    """

    def __init__(self, prompt_first: bool = True) -> None:  # noqa: FBT001, FBT002 — read at one call site
        self.times: list[float] = []
        self._skip = prompt_first

    def put(self, _: torch.Tensor) -> None:
        """Mark a step; the prompt is not one."""
        if self._skip:
            self._skip = False
        else:
            self.times.append(now())

    def end(self) -> None:
        """The end of generation is not a token, and is not marked."""
