"""The lock of an image: every package it holds, pinned and hashed, and made from its requirements.in."""

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from harness.errors import ImageError
from harness.files import replace
from harness.images.host import ca_bundle, is_there, pip_options
from harness.matrix.records import Device

PYTHON = "3.11"
PLATFORM = "x86_64-manylinux_2_28"
MADE_FROM = "# requirements.in sha256:"
FRESH = (
    *("--generate-hashes", "--only-binary=:all:", "--no-header", "--no-config"),
    *("--no-emit-index-url", "--no-emit-find-links"),
    *(f"--python-version={PYTHON}", f"--python-platform={PLATFORM}"),
)
BRIEFLY = {"UV_HTTP_TIMEOUT": "15", "UV_HTTP_RETRIES": "1"}


def image_folder(device: Device, root: Path) -> Path:
    """The folder that says what a device's image holds; ImageError where the device has none."""
    folder = root / "images" / (device.image or "")
    if device.image is None or not folder.is_dir():
        raise ImageError(
            f"device {device.id!r} has no image yet: write images/{device.image or device.id}/ "
            "with a Dockerfile and a requirements.in, and name it in matrix.json"
        )
    return folder


def lock_path(device: Device, root: Path) -> Path:
    """The device's requirements.lock, made from the requirements.in beside it; ImageError where it is not."""
    folder = image_folder(device, root)
    path = folder / "requirements.lock"
    if not path.is_file():
        raise ImageError(f"images/{device.image}/requirements.lock is not there: make it with 'nox -s lock'")
    if _made_from(folder) not in path.read_text(encoding="utf-8").splitlines()[:5]:
        raise ImageError(
            f"images/{device.image}/requirements.lock does not match the requirements.in beside it: "
            "run 'nox -s lock', or undo the change to requirements.in"
        )
    return path


def lock_hash(device: Device, root: Path) -> str:
    """SHA-256 of the device's requirements.lock, in hexadecimal."""
    return hashlib.sha256(lock_path(device, root).read_bytes()).hexdigest()


def lock(device: Device, root: Path, tell: Callable[[str], None]) -> None:
    """Resolve the device's requirements.in anew and write requirements.lock; ImageError where that fails."""
    folder = image_folder(device, root)
    options = pip_options()
    attempts = [_sources(options)]
    if device.torch_index:
        # uv takes torch, and torch alone, from PyTorch's index of this name (`cpu`, `cu130`, `xpu`).
        backend = device.torch_index.rstrip("/").rpartition("/")[2]
        attempts.append([*_sources(options), f"--torch-backend={backend}"])
    for attempt in attempts:
        resolved = _compile(folder, attempt, options)
        if resolved.returncode == 0:
            break
    else:
        said = " ".join(resolved.stderr.split())
        raise ImageError(f"images/{device.image}/requirements.in cannot be locked: {said}")
    header = (
        f"# Made by 'nox -s lock': change requirements.in instead. Python {PYTHON}, {PLATFORM}.\n"
        f"{_made_from(folder)}\n"
    )
    replace(folder / "requirements.lock", (header + resolved.stdout).encode())
    count = resolved.stdout.count("==")
    tell(f"images/{device.image}/requirements.lock: {count} packages")


def compiled(folder: Path, *more: str) -> subprocess.CompletedProcess[str]:
    """Resolve the requirements.in of any folder as those of images are, with pip's sources; `more` for uv."""
    options = pip_options()
    return _compile(folder, [*_sources(options), *more], options)


def _made_from(folder: Path) -> str:
    requirements = folder / "requirements.in"
    if not requirements.is_file():
        raise ImageError(f"{requirements} does not exist: name there what the image needs")
    return MADE_FROM + hashlib.sha256(requirements.read_bytes()).hexdigest()


def _compile(
    folder: Path, sources: list[str], options: Mapping[str, str]
) -> subprocess.CompletedProcess[str]:
    """Run uv in the image's folder, so that no path of this machine gets into the lock."""
    environment = os.environ | BRIEFLY
    if certificates := ca_bundle(options):
        environment["SSL_CERT_FILE"] = str(certificates)
    command = [_uv(), "pip", "compile", *FRESH, *sources, "requirements.in"]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def _sources(options: Mapping[str, str]) -> list[str]:
    """Pip's sources in uv's words.

    Extra indexes are left out: a mirror of a few files would give the lock only those files' hashes.
    """
    found = [f"--find-links={place}" for place in options.get("find-links", "").split() if is_there(place)]
    if index := options.get("index-url"):
        found.append(f"--default-index={index}")
    if options.get("no-index", "").lower() in {"1", "true", "yes", "on"}:
        found.append("--no-index")
    return found


def _uv() -> str:
    beside = Path(sys.executable).with_name("uv")
    found = str(beside) if beside.is_file() else shutil.which("uv")
    if found is None:
        raise ImageError("uv, which makes the locks, is not installed: 'python -m pip install uv'")
    return found
