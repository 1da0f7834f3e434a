"""The recipe of an image: all that decides what it holds, and the names that follow from it."""

import hashlib
import io
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from harness import __version__
from harness.errors import ImageError
from harness.images.base import Base
from harness.images.lock import image_folder, lock_path
from harness.matrix.devices import Device


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """All that decides what an image holds."""

    device: Device
    files: Mapping[str, bytes]
    """The build context, without what the host adds to it."""
    lock_hash: str
    base: Base

    @property
    def arguments(self) -> dict[str, str]:
        """What the Dockerfile is told of the device's row, and decides the content."""
        return {
            "IMAGE": self.device.image or "",
            "PACKAGES": " ".join(self.device.packages),
            "TORCH_BUILD": self.device.torch_build or "",
        }

    @property
    def key(self) -> str:
        """A hash over the recipe, in hexadecimal."""
        key = hashlib.sha256(self.base.id.encode())
        told = {name: value.encode() for name, value in self.arguments.items()}
        for name, content in [*sorted(told.items()), *sorted(self.files.items())]:
            key.update(f"\0{name}\0{len(content)}\0".encode() + content)
        return key.hexdigest()

    @property
    def tag(self) -> str:
        """The image's name; the same recipe has the same."""
        return f"harness-{self.device.image}:{self.key[:12]}"

    @property
    def labels(self) -> dict[str, str]:
        """What the image says of itself."""
        return {
            "org.opencontainers.image.title": f"harness-{self.device.image}",
            "org.opencontainers.image.description": f"What models are tested with on {self.device.title}",
            "org.opencontainers.image.version": __version__,
            "org.opencontainers.image.licenses": "Apache-2.0",
            "org.opencontainers.image.base.name": self.base.reference,
            "harness.base": self.base.identity,
            "harness.key": self.key,
            "harness.lock": self.lock_hash,
            "harness.variant": self.device.variant or "",
        }


def recipe_files(device: Device, root: Path) -> dict[str, bytes]:
    """The files that decide an image's content, by their name in the build context.

    Raises ImageError where one is missing, or the lock does not match its requirements.in.
    """
    folder = image_folder(device, root)
    paths = {
        "Dockerfile": folder.parent / "Dockerfile",
        f"{device.image}/requirements.lock": lock_path(device, root),
        "install.py": folder.parent / "install.py",
    }
    try:
        return {name: path.read_bytes() for name, path in paths.items()}
    except OSError as error:
        raise ImageError(
            f"{error.filename}, which the image needs, cannot be read: {error.strerror}"
        ) from error


def context(files: Mapping[str, bytes]) -> io.BytesIO:
    """A build context in memory; the same files give the same bytes."""
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        for name, content in sorted(files.items()):
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    archive.seek(0)
    return archive
