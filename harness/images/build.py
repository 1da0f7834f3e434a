"""Build a device's image, or recognise the one that is here already.

An image is known by its key: a hash over all that decides its content (Dockerfile, install script, lock,
base). Its tag holds the key, so one look at the engine tells whether there is anything to do.
"""

import hashlib
import io
import tarfile
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import docker
from docker.errors import APIError, ImageNotFound
from requests.exceptions import RequestException

from harness import __version__
from harness.errors import EngineError, ImageError
from harness.images.base import Base, ensure_base
from harness.images.exclusive import exclusive
from harness.images.host import reachable
from harness.images.image import Image
from harness.images.lock import image_folder, lock_hash, lock_path
from harness.images.log import log_file, reason
from harness.matrix.records import Device

Tell = Callable[[str], None]
STEP_WIDTH = 100
"""Characters of a Dockerfile instruction that are shown."""
CLEANUP_S = 15
"""How long what an ended build left may take to go."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """All that decides what an image holds."""

    device: Device
    files: Mapping[str, bytes]
    """The build context, without what the host adds to it."""
    lock_hash: str
    base: Base

    @property
    def key(self) -> str:
        """A hash over the recipe, in hexadecimal."""
        key = hashlib.sha256(self.base.id.encode())
        for name, content in sorted(self.files.items()):
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
        }


def ensure(device: Device, root: Path, client: docker.DockerClient, tell: Tell) -> Image:
    """The device's image, built unless an unchanged one exists.

    Raises ImageError where it cannot be built, EngineError where the engine goes away meanwhile.
    """
    files = recipe_files(device, root)
    digest = lock_hash(device, root)
    try:
        with exclusive(root / ".harness" / f"image-{device.image}.lock", tell):
            base = ensure_base(device, client, tell)
            recipe = Recipe(device=device, files=files, lock_hash=digest, base=base)
            image_id = _find(client, recipe.tag) or _build(recipe, root, client, tell)
    except (RequestException, APIError) as error:
        raise EngineError(f"the container engine went away or refused while it built: {error}") from error
    except OSError as error:
        raise ImageError(f"image {device.image!r} cannot be built here: {error}") from error
    return Image(device=device.id, tag=recipe.tag, id=image_id, lock_hash=digest, base=base.identity)


def recipe_files(device: Device, root: Path) -> dict[str, bytes]:
    """The files that decide an image's content, by their name in the build context.

    Raises ImageError where one is missing, or the lock does not match its requirements.in.
    """
    folder = image_folder(device, root)
    paths = {
        f"{device.image}/Dockerfile": folder / "Dockerfile",
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


def _find(client: docker.DockerClient, tag: str) -> str | None:
    try:
        return client.images.get(tag).id
    except ImageNotFound:
        return None


def _build(recipe: Recipe, root: Path, client: docker.DockerClient, tell: Tell) -> str:
    """Build the image and return its id; what the build stage left is removed however it ends."""
    device, tag = recipe.device, recipe.tag
    tell(f"building {tag} on {recipe.base.reference}")
    started = time.monotonic()
    try:
        with reachable() as host:
            events = client.api.build(
                fileobj=context(
                    {**recipe.files, **{f"host/{name}": text for name, text in host.files.items()}}
                ),
                custom_context=True,
                dockerfile=f"{device.image}/Dockerfile",
                tag=tag,
                labels=recipe.labels,
                buildargs={
                    "BASE_IMAGE": recipe.base.reference,
                    "HARNESS_KEY": recipe.key,
                    "TORCH_INDEX": device.torch_index or "",
                },
                network_mode=host.network_mode,
                rm=True,
                forcerm=True,
                decode=True,
            )
            with closing(events):
                _follow(events, tag, log_file(root, f"image-{device.image}"), tell)
    finally:
        _remove_build_stage(client, recipe.key)
    built = client.images.get(tag)
    tell(f"{tag} is built: {built.attrs['Size'] / 1e9:.2f} GB, {time.monotonic() - started:.0f} s")
    return str(built.id)


def _follow(events: Iterable[dict[str, Any]], tag: str, log: Path, tell: Tell) -> None:
    """Tell each step of a build and log its output; ImageError where the build fails."""
    step, failed = "step 0", False
    with log.open("w", encoding="utf-8") as output:
        for event in events:
            failed = failed or "error" in event
            text = str(event.get("stream", event.get("error", "")))
            output.write(text)
            if text.startswith("Step "):
                step = text.strip().replace("Step", "step", 1).replace(" :", ":", 1)[:STEP_WIDTH]
                tell(step)
    if failed:
        raise ImageError(f"{tag} failed to build at {step}: {reason(log)} (all of it is in {log})")


def _remove_build_stage(client: docker.DockerClient, key: str) -> None:
    """Remove what the build stage left: the host's pip configuration, and a copy of every package."""
    labels = ["harness.stage=build", f"harness.key={key}"]
    patience = time.monotonic() + CLEANUP_S
    # Whatever ended the build is what the user must hear of, not that the engine has gone since.
    with suppress(RequestException):
        while time.monotonic() < patience:
            # An interrupted build's container is in the way until the engine has ended it.
            with suppress(APIError):
                for image in client.images.list(filters={"dangling": True, "label": labels}):
                    client.images.remove(str(image.id))
                return
            time.sleep(0.2)
