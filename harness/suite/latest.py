"""One model in memory at a time."""

import ctypes
import gc
import sys
from collections.abc import Callable
from typing import Generic, TypeVar

import pytest

from harness.matrix.cells import Cell

Built = TypeVar("Built")


class Latest(Generic[Built]):
    """Builds a cell's object when first asked, and lets go of the last cell's before it does."""

    def __init__(
        self,
        build: Callable[[Cell], Built],
        close: Callable[[Built], None] = lambda _: None,
        key: Callable[[Cell], object] = id,
        *,
        told_again: bool = False,
    ) -> None:
        """Cells of one `key` share what was built; or why it was not, where that is `told_again`."""
        self._build = build
        self._close = close
        self._key = key
        self._told_again = told_again
        self._of: object = None
        self._failed: BaseException | None = None
        self._built: Built | None = None

    def of(self, cell: Cell) -> Built:
        """The cell's object; where building it failed before, the test is skipped with that reason."""
        key = self._key(cell)
        if key != self._of:
            self.let_go()
            self._of = key
            try:
                self._built = self._build(cell)
            except BaseException as error:
                self._failed = error if self._told_again else None  # it holds on to what was built so far
                raise
        if self._failed is not None:
            raise self._failed
        if self._built is None:
            pytest.skip("the model could not be built")
        return self._built

    def let_go(self) -> None:
        """Close the last cell's object, and keep nothing of it."""
        if self._built is not None:
            self._close(self._built)
        self._of = self._built = self._failed = None
        release()


def release() -> None:
    """Give the last model's memory back to the kernel, so that the next one's peak is its own."""
    gc.collect()  # models hold reference cycles
    if sys.platform == "linux":
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # glibc's; musl has none and keeps less
        if trim is not None:
            trim(0)
