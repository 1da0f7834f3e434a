"""The record of an image: what a result needs to say which software it was measured with."""

from dataclasses import dataclass

PYTHON = "/opt/venv/bin/python"
"""The interpreter of every image, which has all that its lock names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """A built image of a device."""

    device: str
    tag: str
    """`harness-<image>:<first 12 digits of the key>`; the same content has the same tag."""
    id: str
    """The engine's own id (`sha256:…`); differs between machines, since builds are not bit-reproducible."""
    lock_hash: str
    """SHA-256 of `requirements.lock`: the same wheels wherever it is the same."""
    base: str
    """The base's digest where a registry gave it, else its name and local id."""
    variant: str | None = None
    """The variant of the device that it is; None for the device's own."""
