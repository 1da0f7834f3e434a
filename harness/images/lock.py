"""The lock of an image: every package it holds, pinned and hashed, and made from its requirements.in."""

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from harness.errors import ImageError
from harness.files import replace
from harness.images.host import ca_bundle, is_there, pip_options
from harness.matrix.devices import Device

MADE_FROM = "# requirements.in sha256:"
LACKING = "# not locked: "
"""Begins the line of a lock that was made without some requirements: no image is built from it."""
FRESH = (
    *("--generate-hashes", "--only-binary=:all:", "--no-header", "--no-config"),
    *("--no-emit-index-url", "--no-emit-find-links"),
)
COMMENT = re.compile(r"(^|\s+)#.*$")
"""Of a line of requirements.in, as pip reads it."""
FROM_SOURCE = "--no-binary "
"""Begins the line of requirements.in, and of its lock, that names a package published without a wheel."""
BRIEFLY = {"UV_HTTP_TIMEOUT": "15", "UV_HTTP_RETRIES": "1"}


def image_folder(device: Device, root: Path) -> Path:
    """The folder that says what a device's image holds; ImageError where the device has none."""
    folder = root / "images" / (device.image or "")
    if device.image is None or not folder.is_dir():
        raise ImageError(
            f"device {device.id!r} has no image yet: write images/{device.image or device.id}/ "
            "with a requirements.in, and name it in matrix.json"
        )
    return folder


def lock_path(device: Device, root: Path) -> Path:
    """The device's requirements.lock; ImageError where it is not what its requirements.in asks."""
    folder = image_folder(device, root)
    path = folder / "requirements.lock"
    if not path.is_file():
        raise ImageError(f"images/{device.image}/requirements.lock is not there: make it with 'nox -s lock'")
    header = path.read_text(encoding="utf-8").splitlines()[:5]
    if _made_from(folder) not in header:
        raise ImageError(
            f"images/{device.image}/requirements.lock does not match the requirements.in beside it: "
            "run 'nox -s lock', or undo the change to requirements.in"
        )
    for line in header:
        if line.startswith(LACKING):
            raise ImageError(
                f"images/{device.image}/requirements.lock lacks {line.removeprefix(LACKING)}: run "
                f"'nox -s lock -- {_named(device)}' where {device.torch_index or 'their index'} answers"
            )
    return path


def lock_hash(device: Device, root: Path) -> str:
    """SHA-256 of the device's requirements.lock, in hexadecimal."""
    return hashlib.sha256(lock_path(device, root).read_bytes()).hexdigest()


def lacking(device: Device, root: Path) -> str | None:
    """Why no image can be built from the device's lock as it is, in a sentence; None where one can."""
    try:
        lock_path(device, root)
    except ImageError as error:
        return str(error)
    return None


def lock(device: Device, root: Path, tell: Callable[[str], None], *, without: Sequence[str] = ()) -> None:
    """Resolve the device's requirements.in anew and write requirements.lock; ImageError where that fails.

    What `without` names is left out, because its index is out of reach here, and the lock says so.
    """
    folder = image_folder(device, root)
    made_from = _made_from(folder)
    left, wanted = _split((folder / "requirements.in").read_text(encoding="utf-8"), without)
    options = pip_options()
    attempts = [_sources(options)]
    if device.torch_index and not left:
        # uv takes torch, and torch alone, from PyTorch's index of this name (`cpu`, `rocm7.2`, `xpu`).
        backend = device.torch_index.rstrip("/").rpartition("/")[2]
        attempts.append([*_sources(options), f"--torch-backend={backend}"])
    with tempfile.TemporaryDirectory(prefix="harness-") as place:
        (Path(place) / "requirements.in").write_text(wanted, encoding="utf-8")
        for attempt in attempts:
            resolved = _compile(Path(place), [*_platform(device), *attempt], options)
            if resolved.returncode == 0:
                break
        else:
            said = " ".join(resolved.stderr.split())
            raise ImageError(f"images/{device.image}/requirements.in cannot be locked: {said}")
    header = [
        f"# Made by 'nox -s lock': change requirements.in instead. Python {device.python}, {_tag(device)}.",
        made_from,
        *([f"{LACKING}{', '.join(left)}, and what they need"] if left else []),
        *_from_source(wanted),
    ]
    text = "\n".join([*header, resolved.stdout])
    replace(folder / "requirements.lock", text.encode())
    tell(f"images/{device.image}/requirements.lock: {resolved.stdout.count('==')} packages")


def _named(device: Device) -> str:
    """The device as a command names it."""
    return device.id if device.variant is None else f"{device.id} --variant {device.variant}"


def _from_source(requirements: str) -> list[str]:
    """The lines that admit source, each with the name that the lock's row begins with."""
    lines = (COMMENT.sub("", line) for line in requirements.splitlines())
    named = (line.removeprefix(FROM_SOURCE).strip() for line in lines if line.startswith(FROM_SOURCE))
    return [f"{FROM_SOURCE}{canonicalize_name(name)}" for name in named]


def _split(requirements: str, without: Sequence[str]) -> tuple[list[str], str]:
    """The requirements of those packages, and the text of the others; ImageError where one is not there."""
    lines = requirements.splitlines()
    said = {number: text for number, line in enumerate(lines) if (text := COMMENT.sub("", line))}
    rows = {number: _requirement(text) for number, text in said.items() if not text.startswith(FROM_SOURCE)}
    left = {number: row for number, row in rows.items() if row.name in without}
    for name in set(without) - {row.name for row in left.values()}:
        raise ImageError(f"--without {name}: requirements.in does not name it; it names what can be left out")
    others = [line for number, line in enumerate(lines) if number not in left]
    return [str(row) for row in left.values()], "\n".join(others) + "\n"


def _requirement(line: str) -> Requirement:
    try:
        return Requirement(line)
    except InvalidRequirement as error:
        said = str(error).splitlines()[0]
        raise ImageError(
            f"requirements.in has {line!r}, which is no requirement: {said}; correct it"
        ) from error


def compiled(folder: Path, device: Device, *more: str) -> subprocess.CompletedProcess[str]:
    """Resolve the requirements.in of any folder as that of the device's image; `more` is for uv."""
    options = pip_options()
    return _compile(folder, [*_platform(device), *_sources(options), *more], options)


def _tag(device: Device) -> str:
    """What wheels may be for, as uv names it."""
    return f"x86_64-manylinux_{device.glibc.replace('.', '_')}"


def _platform(device: Device) -> list[str]:
    return [f"--python-version={device.python}", f"--python-platform={_tag(device)}"]


def _made_from(folder: Path) -> str:
    requirements = folder / "requirements.in"
    if not requirements.is_file():
        raise ImageError(f"{requirements} does not exist: name there what the image needs")
    return MADE_FROM + hashlib.sha256(requirements.read_bytes()).hexdigest()


def _compile(folder: Path, more: list[str], options: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """Run uv on the folder's requirements.in, from there: no path of this machine gets into the lock."""
    environment = os.environ | BRIEFLY
    if certificates := ca_bundle(options):
        environment["SSL_CERT_FILE"] = str(certificates)
    command = [_uv(), "pip", "compile", *FRESH, *more, "requirements.in"]
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
