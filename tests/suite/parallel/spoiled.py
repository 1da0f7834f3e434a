"""Models that ranks cannot do anything with: each class ends in a way of its own when it is loaded."""

import os
import signal
import time
from pathlib import Path
from typing import Any

PIDS = "PIDS"
"""Environment variable: the folder in which each rank leaves a file of its process's id."""


def sign_in() -> int:
    """Leave the process's id; the rank."""
    rank = int(os.environ["RANK"])
    (Path(os.environ[PIDS]) / str(os.getpid())).touch()
    return rank


def wait_for_ever() -> None:
    """As one that waits for another rank does."""
    while True:
        time.sleep(1)


class Waits:
    """Every rank waits for what never comes."""

    @classmethod
    def from_pretrained(cls, *_: Any, **__: Any) -> None:
        """Never returns."""
        sign_in()
        wait_for_ever()


class Crashes:
    """Rank 1 dies of a signal, and rank 0 waits for it."""

    @classmethod
    def from_pretrained(cls, *_: Any, **__: Any) -> None:
        """Never returns."""
        if sign_in() == 1:
            os.kill(os.getpid(), signal.SIGSEGV)
        wait_for_ever()


class Starves:
    """Rank 1 is refused memory, and rank 0 waits for it."""

    @classmethod
    def from_pretrained(cls, *_: Any, **__: Any) -> None:
        """Never returns."""
        if sign_in() == 1:
            raise MemoryError("no room for 4 GiB")
        wait_for_ever()
