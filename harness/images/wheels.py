"""The files of a lock, fetched once and kept by their hashes, so that what runs needs no network."""

import hashlib
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from harness.errors import ReleaseError
from harness.images.exclusive import exclusive
from harness.images.releases import Pin
from harness.matrix.devices import Device

PLATFORMS = (
    *(f"manylinux_2_{minor}_x86_64" for minor in (28, 27, 26, 24, 17, 12, 5)),
    "manylinux2014_x86_64",
)
"""Of glibc 2.28, which any image has, and older: pip takes those that are named, and no other."""
DOWNLOAD = (
    *("-m", "pip", "download", "--no-deps", "--require-hashes", "--only-binary=:all:", "--no-input"),
    *("--quiet", "--disable-pip-version-check", "--progress-bar=off", "--implementation=cp"),
    *(f"--platform={name}" for name in PLATFORMS),
)

Tell = Callable[[str], None]


def fetch(wanted: Sequence[Pin], device: Device, root: Path, tell: Tell) -> tuple[Path, ...]:
    """The wheel of each row for the image's Python, in order, from the checkout's store or pip's sources.

    One after the other, each kept as soon as it is whole: what an interruption costs is one wheel.
    ReleaseError where no source has one.
    """
    store = root / ".harness" / "wheels"
    with exclusive(store / ".lock", tell):
        return tuple(_kept(pin, store) or _fetched(pin, device, store, tell) for pin in wanted)


def _kept(pin: Pin, store: Path) -> Path | None:
    """A file of the row that is here, whole."""
    found = (path for digest in pin.hashes for path in (store / digest).glob("*.whl"))
    return next((path for path in found if _digest(path) == path.parent.name), None)


def _fetched(pin: Pin, device: Device, store: Path, tell: Tell) -> Path:
    tell(f"fetching {pin.name} {pin.version}")
    with tempfile.TemporaryDirectory(prefix=".new-", dir=store) as name:
        folder = Path(name)
        row = folder / "requirements.txt"
        row.write_text(pin.text())
        asked = (f"--python-version={device.python}", f"--requirement={row}", f"--dest={folder}")
        command = [sys.executable, *DOWNLOAD, *asked]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        wheel = next(folder.glob("*.whl"), None)
        if done.returncode != 0 or wheel is None:
            said = [line for line in done.stderr.splitlines() if line.strip()] or ["no reason given"]
            raise ReleaseError(
                f"{pin.name} {pin.version} could not be fetched, and no earlier run has kept it: connect "
                f"this machine to a source of packages ({said[-1].strip()})"
            )
        place = store / _digest(wheel)
        place.mkdir(exist_ok=True)
        return wheel.replace(place / wheel.name)


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
