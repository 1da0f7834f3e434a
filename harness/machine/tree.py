"""Reading the trees that a kernel shows, below a root that a test may choose."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from harness.machine.records import Node

ROOT = Path("/")


def text(path: Path) -> str:
    """What the file holds, without blanks around it; empty where it cannot be read."""
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""


def number(path: Path) -> int | None:
    """The whole number that the file holds; None where it holds none."""
    try:
        return int(text(path))
    except ValueError:
        return None


def table(path: Path) -> dict[str, str]:
    """Lines of a name and a value with blanks, or a colon and blanks, between them."""
    rows = (line.replace(":", " ", 1).split(maxsplit=1) for line in text(path).splitlines())
    return {row[0]: row[1] for row in rows if len(row) == 2}


def natural(path: Path) -> list[int | str]:
    """A key that sorts `node10` behind `node2`."""
    digits = "".join(letter if letter.isdigit() else " " for letter in path.name).split()
    return [*map(int, digits), path.name]


def below(root: Path, pattern: str) -> Iterator[Path]:
    """What matches below the root, by its numbers."""
    yield from sorted(root.glob(pattern), key=natural)


def node(root: Path, path: str) -> Node | None:
    """A device node; None where there is none."""
    here = root / path.lstrip("/")
    try:
        state = here.stat()
    except OSError:
        return None
    openable = os.access(here, os.R_OK | os.W_OK)
    return Node(path=path, mode=stat.S_IMODE(state.st_mode), gid=state.st_gid, openable=openable)


def numa_node(card: Path) -> int | None:
    """The memory node that a PCI card is near; None where the machine has one alone, or does not say."""
    found = number(card / "numa_node")
    return found if found is not None and found >= 0 else None
