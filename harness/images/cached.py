"""The hub's cache on this machine: where it is, and which models of it are whole; nothing is asked."""

import os
from pathlib import Path

from harness.errors import CheckpointError
from harness.matrix.checkpoint import cached_configs, inspect


def home() -> Path:
    """The folder of the hub's library."""
    return Path(os.environ.get("HF_HOME") or Path.home() / ".cache" / "huggingface")


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
