"""Which versions a run would have, told without importing anything."""

import re
import subprocess
from pathlib import Path

from harness.errors import LibraryError
from harness.images.lock import lock_path
from harness.matrix.devices import Device

PINNED = re.compile(r"^([a-z0-9._-]+)==([^ \\;]+)", re.MULTILINE)
ASKED = "from importlib.metadata import version; print(version('transformers'))"


def pinned(device: Device, root: Path) -> dict[str, str]:
    """Package → version, of the device's lock; ImageError where it has none, or one that lacks something."""
    return dict(PINNED.findall(lock_path(device, root).read_text("utf-8")))


def transformers_of(device: Device, root: Path, python: Path | None) -> str:
    """The release in the device's lock, or in the Python that is named instead.

    ImageError where the device has no lock, LibraryError where neither has the library.
    """
    if python is None:
        release = pinned(device, root).get("transformers")
        if release is None:
            path = lock_path(device, root)
            raise LibraryError(f"{path} holds no transformers: add it to the requirements.in beside it")
        return release
    try:
        asked = subprocess.run([python, "-c", ASKED], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise LibraryError(
            f"--python {python} has no transformers: install it there, or leave out --python for the locked "
            "one"
        ) from error
    return asked.stdout.strip()
