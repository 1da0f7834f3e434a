"""A model's weights as safetensors files in the temp folder, and which of their pages memory still holds."""

import ctypes
import mmap
import os
import shutil
import sys
import tempfile
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from harness.suite.outcomes import Unsupported

MOUNTS = Path("/proc/self/mountinfo")
IN_MEMORY = frozenset({"tmpfs", "ramfs", "devtmpfs"})
SPARE = 1.05
"""Room asked for beside the weights: of headers, the configuration, and blocks half filled."""
COLD = 0.01
"""Share of the pages that may be in memory for a read to be called cold."""


class Saved:
    """Files that the library's own `save_pretrained` has written; gone when this object is."""

    def __init__(self, model: Any, size: int) -> None:
        """Write the model, of `size` bytes; `Unsupported` where the temp folder has no room for it."""
        where = Path(tempfile.gettempdir())
        free = shutil.disk_usage(where).free
        if size * SPARE > free:
            raise Unsupported(
                f"a load cannot be timed: {size / 1e9:.1f} GB of weights do not fit into the temp folder "
                f"{where}, which has {free / 1e9:.1f} GB free"
            )
        self.path = Path(tempfile.mkdtemp(prefix="harness-weights-", dir=where))
        self.close = weakref.finalize(self, shutil.rmtree, self.path, ignore_errors=True)
        """Remove the files; a process that ends without Python's own end has to."""
        model.save_pretrained(self.path)

    @property
    def filesystem(self) -> str:
        """The kind that the files are in; empty where the kernel does not tell."""
        return filesystem(self.path)

    def make_cold(self) -> None:
        """Have the next read come from the disk; `Unsupported` where that cannot be had, and why."""
        if self.filesystem in IN_MEMORY:
            raise Unsupported(
                f"a cold load cannot be timed: the temp folder is memory itself ({self.filesystem}); "
                "set TMPDIR to a folder on a disk"
            )
        if not hasattr(os, "posix_fadvise"):
            raise Unsupported(f"a cold load cannot be timed: {sys.platform} keeps the pages of files")
        for path in self._files():
            with path.open("rb") as file:
                os.fsync(file.fileno())  # what is not on the disk yet is not let go of
                os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
        kept = self.resident()
        if kept > COLD:
            raise Unsupported(
                f"a cold load cannot be timed: the kernel keeps {kept:.0%} of the files in memory"
            )

    def make_warm(self) -> None:
        """Have the next read come from memory."""
        for path in self._files():
            with path.open("rb") as file:
                while file.read(1 << 24):
                    pass

    def resident(self) -> float:
        """Share of the files' pages that are in memory (mincore(2))."""
        pages = [flag & 1 for path in self._files() for flag in _pages(path)]
        return sum(pages) / max(1, len(pages))

    def _files(self) -> Iterator[Path]:
        return self.path.glob("*.safetensors")


def filesystem(path: Path) -> str:
    """The kind of filesystem that holds the path; empty where the kernel does not tell (proc(5))."""
    try:
        rows = [line.split(" - ") for line in MOUNTS.read_text().splitlines()]
    except OSError:
        return ""
    real = path.resolve()
    mounts = [(Path(left.split()[4]), right.split()[0]) for left, right in rows]
    holding = [(len(point.parts), kind) for point, kind in mounts if real.is_relative_to(point)]
    return max(holding, default=(0, ""), key=lambda entry: entry[0])[1]


def _pages(path: Path) -> bytes:
    """A byte for each page of the file, odd where it is in memory."""
    size = path.stat().st_size
    flags = (ctypes.c_ubyte * -(-size // mmap.PAGESIZE))()
    with _mapped(path) as mapped:
        start = ctypes.c_void_p(ctypes.addressof(ctypes.c_char.from_buffer(mapped)))
        if ctypes.CDLL(None, use_errno=True).mincore(start, ctypes.c_size_t(size), flags):
            raise OSError(ctypes.get_errno(), "mincore", str(path))
    return bytes(flags)


@contextmanager
def _mapped(path: Path) -> Iterator[mmap.mmap]:
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY) as mapped:
        yield mapped
