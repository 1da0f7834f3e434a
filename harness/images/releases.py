"""The lock of a release of transformers: what it needs, in the versions of an image wherever that is allowed.

Beside the library itself that is its tokenizer, its hub client and theirs. What the image's requirements.in
names (torch, numpy, pytest …) is the image's own and never installed again: the release has to live with it.
"""

import hashlib
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from harness.errors import ReleaseError
from harness.files import replace
from harness.images.lock import compiled, image_folder, lock_path
from harness.matrix.devices import Device
from harness.matrix.records import Release

LIBRARY, TOX = "transformers", "tox"
PINNED = re.compile(
    r"^(?P<name>[a-z0-9._-]+)==(?P<version>[^ \\;]+) \\\n"
    r"(?P<hashes>(?: +--hash=sha256:[0-9a-f]{64}(?: \\)?\n?)+)",
    re.MULTILINE,
)
NAMED = re.compile(r"^[A-Za-z0-9][A-Za-z0-9._-]*", re.MULTILINE)
HASH = re.compile(r"sha256:([0-9a-f]{64})")
NO_SUCH = f"there is no version of {LIBRARY}=="
UNREACHABLE = ("failed to fetch", "error sending request", "dns error", "network", "no matching distribution")
"""What uv and pip say where no source of packages answers, in lower case."""
CONCLUSION = re.compile(r" and only the following |,? we can conclude |hint: ")
"""Where uv goes on from the cause to what follows from it."""
NEAREST = 3

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pin:
    """A row of a lock."""

    name: str
    version: str
    hashes: tuple[str, ...]
    """SHA-256 of each file that may be installed, in hexadecimal."""

    def text(self) -> str:
        """The row as pip and uv write it."""
        hashes = "".join(f" \\\n    --hash=sha256:{digest}" for digest in self.hashes)
        return f"{self.name}=={self.version}{hashes}\n"


def pins(lock: str) -> dict[str, Pin]:
    """Package → its row, of the text of a lock."""
    return {
        found["name"]: Pin(
            name=found["name"], version=found["version"], hashes=tuple(HASH.findall(found["hashes"]))
        )
        for found in PINNED.finditer(lock)
    }


def release_lock(release: str, device: Device, root: Path, tell: Tell) -> dict[str, Pin]:
    """What the release needs with this device's image: as committed, as resolved before, or resolved now.

    ReleaseError where there is no such release, or it cannot live with what the image has.
    """
    image = _image_pins(device, root)
    shared = _shared(device, root)
    for path in (committed(release, root), _kept(release, device, root)):
        if path.is_file():
            found = pins(path.read_text("utf-8"))
            if all(image[name].version == found[name].version for name in shared & found.keys()):
                return found
    tell(f"resolving what {LIBRARY} {release} needs beside the image {device.image}")
    text = resolve(release, device, root)
    path = _kept(release, device, root)
    path.parent.mkdir(parents=True, exist_ok=True)
    replace(path, text.encode())
    return pins(text)


def beside(found: Mapping[str, Pin], device: Device, root: Path) -> tuple[Pin, ...]:
    """Of what a release needs, the rows that the image does not have in that version."""
    image = _image_pins(device, root)
    return tuple(
        pin for pin in found.values() if pin.name not in image or image[pin.name].version != pin.version
    )


def committed(release: str, root: Path) -> Path:
    """Where the lock of a release of the matrix is."""
    return root / "images" / "releases" / f"{release}.lock"


def lock_release(release: str, device: Device, root: Path, tell: Tell) -> None:
    """Resolve a release of the matrix anew, and write its lock."""
    path = committed(release, root)
    path.parent.mkdir(exist_ok=True)
    text = resolve(release, device, root)
    header = f"# Made by 'nox -s lock': {LIBRARY} {release} beside an image. Python {device.python}.\n"
    replace(path, (header + text).encode())
    tell(f"images/releases/{release}.lock: {len(pins(text))} packages")


def resolve(release: str, device: Device, root: Path) -> str:
    """The lock's text; ReleaseError where there is none.

    The image's lock is where uv would write: it keeps each version there that the release allows.
    """
    shared = _shared(device, root)
    image = _image_pins(device, root)
    with tempfile.TemporaryDirectory(prefix="harness-") as name:
        folder = Path(name)
        (folder / "requirements.in").write_text(f"{LIBRARY}=={release}\n")
        (folder / "shared.txt").write_text(
            "".join(f"{row}=={image[row].version}\n" for row in sorted(shared))
        )
        (folder / "kept.txt").write_bytes(lock_path(device, root).read_bytes())
        done = compiled(folder, device, "--no-annotate", "--constraints=shared.txt", "--output-file=kept.txt")
        if done.returncode == 0:
            return (folder / "kept.txt").read_text("utf-8")
    raise ReleaseError(_refusal(release, " ".join(done.stderr.split()), device))


def require_tox(device: Device, root: Path) -> None:
    """ReleaseError where the image lacks what makes environments in it."""
    if TOX not in _image_pins(device, root):
        raise ReleaseError(
            f"the image {device.image} has no {TOX}, which a release is put into it with: add it to "
            f"images/{device.image}/requirements.in and run 'nox -s lock'"
        )


def require_fit(release: Release, device: Device, root: Path) -> None:
    """ReleaseError where the release asks for another Python or torch than the image's."""
    torch = _image_pins(device, root)["torch"].version
    for name, bounds, has in (("Python", release.python, device.python), ("torch", release.torch, torch)):
        if not SpecifierSet(bounds).contains(_widest(has), prereleases=True):
            raise ReleaseError(
                f"{LIBRARY} {release.transformers} needs {name} {bounds} and the image {device.image} has "
                f"{has}: name another release, or a device whose image fits"
            )


def _widest(version: str) -> str:
    """`3.11` as the last of its patches, which any bound on patches (`>=3.11.2`) is met by."""
    return f"{version}.999" if version.count(".") == 1 else version


def _refusal(release: str, said: str, device: Device) -> str:
    if NO_SUCH in said:
        near = nearest(release, available())
        offer = f"the nearest are {', '.join(near)}" if near else "`pip index versions` lists them"
        return f"there is no release {release} of {LIBRARY}: {offer}"
    if any(sign in said.lower() for sign in UNREACHABLE):
        return (
            f"what {LIBRARY} {release} needs cannot be looked up, since no source of packages answers: "
            "connect this machine once, or name a release that was tried here before"
        )
    cause = CONCLUSION.split(said.partition("cause: ")[2] or said)[0].removeprefix("Because ").strip()
    return (
        f"{LIBRARY} {release} cannot be installed beside what the image {device.image} has "
        f"(Python {device.python}): {cause}"
    )


def available() -> tuple[str, ...]:
    """The releases that pip's sources have, the newest first; none where they do not answer."""
    command = [sys.executable, "-m", "pip", "index", "versions", LIBRARY, "--disable-pip-version-check"]
    asked = subprocess.run(command, capture_output=True, text=True, check=False)
    listed = re.search(r"^Available versions: (.*)$", asked.stdout, re.MULTILINE)
    return tuple(listed[1].split(", ")) if listed else ()


def nearest(release: str, there: tuple[str, ...]) -> tuple[str, ...]:
    """Of the releases there are, those next to this one in order, the older first."""
    known = sorted((version for text in there if (version := _version(text))), reverse=True)
    wanted = Version(release)
    older = [version for version in known if version < wanted][: NEAREST - 1]
    newer = [version for version in known if version > wanted][-1:]
    return tuple(str(version) for version in sorted(older + newer))


def _version(text: str) -> Version | None:
    try:
        return Version(text)
    except InvalidVersion:
        return None


def _kept(release: str, device: Device, root: Path) -> Path:
    """Where the lock of any other release is kept, for this very image."""
    digest = hashlib.sha256(lock_path(device, root).read_bytes()).hexdigest()
    return root / ".harness" / "releases" / f"{release}-{digest[:12]}.lock"


def _image_pins(device: Device, root: Path) -> dict[str, Pin]:
    return pins(lock_path(device, root).read_text("utf-8"))


def _shared(device: Device, root: Path) -> frozenset[str]:
    """Packages that stay the image's: those its requirements.in names, other than the library."""
    text = (image_folder(device, root) / "requirements.in").read_text("utf-8")
    named = {canonicalize_name(name) for name in NAMED.findall(text)}
    return frozenset(named & _image_pins(device, root).keys()) - {LIBRARY}
