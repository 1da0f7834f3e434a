"""The hub's cache on this machine: where it is, and which models of it are whole; nothing is asked."""

import hashlib
import os
from pathlib import Path

from harness.errors import CheckpointError
from harness.matrix.checkpoint import CONFIG, cached_configs, inspect

ENDS = 1 << 20
"""Bytes of the beginning and of the end of a file that tell it from another: a header, and values."""
SHOWN = 12
"""Letters of a hash that name a checkpoint."""


def home() -> Path:
    """The folder of the hub's library."""
    caches = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(os.environ.get("HF_HOME") or Path(caches) / "huggingface")


def cache() -> Path:
    """The hub's cache."""
    return Path(os.environ.get("HF_HUB_CACHE") or home() / "hub")


def snapshot(hub_id: str) -> Path | None:
    """A snapshot of it in the cache that has all its weights; None where there is none."""
    for config in cached_configs(hub_id, cache()):
        try:
            inspect(config.parent, allow_pickle=True)
        except CheckpointError:
            continue
        return config.parent
    return None


def digest(folder: Path) -> str:
    """What tells the checkpoint in a folder from another: a hash of its configuration and its weights' ends.

    Gigabytes are not read: two whose weights differ in the middle alone have one digest. CheckpointError
    where it is not whole.
    """
    found = hashlib.sha256((folder / CONFIG).read_bytes())
    for name in inspect(folder, allow_pickle=True).weights:
        with (folder / name).open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(0)
            found.update(f"\0{name}\0{size}\0".encode() + file.read(ENDS))
            file.seek(max(0, size - ENDS))
            found.update(file.read())
    return found.hexdigest()[:SHOWN]
