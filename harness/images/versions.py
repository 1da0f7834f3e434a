"""Which transformers a run would have, told without importing it."""

import re
import subprocess
from pathlib import Path

from harness.errors import LibraryError
from harness.images.lock import lock_path
from harness.matrix.records import Device

PINNED = re.compile(r"^transformers==([^ \\;]+)", re.MULTILINE)
ASKED = "from importlib.metadata import version; print(version('transformers'))"


def transformers_of(device: Device, root: Path, python: Path | None) -> str:
    """The release in the device's lock, or in the Python that is named instead.

    ImageError where the device has no lock, LibraryError where neither has the library.
    """
    if python is None:
        path = lock_path(device, root)
        pinned = PINNED.search(path.read_text("utf-8"))
        if pinned is None:
            raise LibraryError(f"{path} holds no transformers: add it to the requirements.in beside it")
        return pinned[1]
    try:
        asked = subprocess.run([python, "-c", ASKED], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise LibraryError(
            f"--python {python} has no transformers: install it there, or leave out --python for the locked "
            "one"
        ) from error
    return asked.stdout.strip()
