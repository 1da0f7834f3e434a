"""Is there room for what is to be fetched, and nobody else who fetches it? Asked before, not found out."""

import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from harness.data.hub import Order
from harness.errors import DataError
from harness.images.exclusive import exclusive
from harness.images.hostenv import Tell

GB = 1e9
SPARE = 100_000_000
"""Bytes that are left free: whatever else writes to the disk is not to fail."""


def left(orders: Iterable[Order]) -> int:
    """Bytes that are still to come; a file that is wanted twice is fetched once."""
    return sum(order.left() for order in {order.to: order for order in orders}.values())


def require_room(needed: int, folder: Path, remedy: str) -> None:
    """DataError where the disk of `folder`, which need not exist yet, has no room for as many bytes."""
    there = next(path for path in (folder, *folder.parents) if path.is_dir())
    free = shutil.disk_usage(there).free
    if needed + SPARE > free:
        raise DataError(
            f"{needed / GB:.1f} GB are to fetch and {there} has {free / GB:.1f} GB free: make room there, "
            f"or {remedy}"
        )


@contextmanager
def alone(lock: Path, tell: Tell) -> Iterator[None]:
    """Hold the lock, waiting for whoever fetches there; DataError where nothing can be written there."""
    try:
        lock.parent.mkdir(parents=True, exist_ok=True)
        lock.touch()
    except OSError as error:
        raise DataError(f"nothing can be fetched to {lock.parent}: {error.strerror}") from error
    with exclusive(lock, tell):
        yield
