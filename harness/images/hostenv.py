"""The host runner's environment: a virtual environment that holds what the device's image holds.

It is made from the same lock by the same script, and named after the lock's hash. Virtual environments
cannot be moved, so it is made in place and a marker, written last, says that it is complete.
"""

import platform
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from harness.errors import HostEnvironmentError
from harness.images.exclusive import exclusive
from harness.images.lock import lock_hash, lock_path
from harness.images.log import log_file, reason
from harness.matrix.devices import Device

COMPLETE = "complete"
PLATFORM = ("linux", "x86_64")
"""What the wheels of a lock are for."""
TOLD = "install: "
"""Begins the lines of images/install.py that are meant for people."""

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class HostEnvironment:
    """A Python that has every package of a device's lock."""

    python: Path
    lock_hash: str
    """SHA-256 of the lock: equal to `Image.lock_hash` where the packages are the same."""


def ensure(device: Device, root: Path, tell: Tell) -> HostEnvironment:
    """The device's locked environment, made unless a complete one exists.

    Raises HostEnvironmentError where it cannot be made, ImageError where the device has no matching lock.
    """
    digest = lock_hash(device, root)
    environments = root / ".harness" / "envs"
    folder = environments / f"{device.image}-{digest[:12]}"
    environment = HostEnvironment(python=folder / "bin" / "python", lock_hash=digest)
    try:
        with exclusive(environments / f"{folder.name}.lock", tell):
            if not (folder / COMPLETE).is_file() or not environment.python.exists():
                tell(f"making the locked environment {folder}")
                _make(device, root, folder, tell)
    except OSError as error:
        raise HostEnvironmentError(
            f"the environment {folder} cannot be made ({error.strerror}): check the disk and its permissions"
        ) from error
    return environment


def possible(device: Device) -> bool:
    """Whether the device's can be made here: with this Python, on this platform."""
    same = platform.python_version_tuple()[:2] == tuple(device.python.split("."))
    return same and (sys.platform, platform.machine()) == PLATFORM


def install(device: Device, root: Path, python: Path, tell: Tell) -> None:
    """Install the device's lock into an existing environment; HostEnvironmentError where that fails."""
    lock = lock_path(device, root)
    command = [str(python), str(root / "images" / "install.py"), str(lock)]
    if device.torch_index:
        command.append(f"--torch-index={device.torch_index}")
    if device.torch_build:
        command.append(f"--torch-build={device.torch_build}")
    log = log_file(root, f"env-{device.image}")
    with (
        log.open("w", encoding="utf-8") as output,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process,
    ):
        assert process.stdout is not None
        for line in process.stdout:
            output.write(line)
            if line.startswith(TOLD):
                tell(line.removeprefix(TOLD).strip())
    if process.returncode != 0:
        raise HostEnvironmentError(f"{lock} could not be installed: {reason(log)} (all of it is in {log})")


def _make(device: Device, root: Path, folder: Path, tell: Tell) -> None:
    """Make the environment; nothing is left of one that could not be completed."""
    if platform.python_version_tuple()[:2] != tuple(device.python.split(".")):
        raise HostEnvironmentError(
            f"images/{device.image}/requirements.lock is for Python {device.python} and this is Python "
            f"{platform.python_version()}: run harness with Python {device.python}, or use a container engine"
        )
    if (sys.platform, platform.machine()) != PLATFORM:
        raise HostEnvironmentError(
            f"images/{device.image}/requirements.lock is for Linux on x86-64 and this is {sys.platform} on "
            f"{platform.machine()}: name a Python that has them with --python"
        )
    shutil.rmtree(folder, ignore_errors=True)
    try:
        _make_empty(folder)
        install(device, root, folder / "bin" / "python", tell)
        (folder / COMPLETE).touch()
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def _make_empty(folder: Path) -> None:
    command = [sys.executable, "-m", "venv", str(folder)]
    made = subprocess.run(command, capture_output=True, text=True, check=False)
    if made.returncode != 0:
        said = " ".join((made.stdout + made.stderr).split())
        raise HostEnvironmentError(f"{sys.executable} cannot make a virtual environment: {said}")
