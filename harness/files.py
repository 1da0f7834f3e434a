"""Files that are there whole or not at all, and what folders of them hold."""

import hashlib
import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path


def digest(folders: Iterable[Path]) -> str:
    """SHA-256 of the Python files below these folders, with their names, in hexadecimal."""
    found = hashlib.sha256()
    for folder in folders:
        for path in sorted(folder.rglob("*.py")):
            found.update(path.relative_to(folder).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return found.hexdigest()


def replace(path: Path, content: bytes, *, mode: int | None = None) -> None:
    """Give the file this content; on return it is on the disk, and whatever fails leaves the old one there.

    `mode` stands whatever the caller's umask; without one the umask decides. OSError where it cannot be.
    """
    new = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with new.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        if mode is not None:
            new.chmod(mode)
        new.replace(path)
    finally:
        with suppress(OSError):
            new.unlink(missing_ok=True)
