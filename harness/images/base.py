"""The base image: pulled where a registry answers, else made with debootstrap, and known by its id.

In order: what HARNESS_BASE_IMAGE or a digest names; an image that is here already; a registry; debootstrap.
"""

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal

import docker
from docker.errors import APIError, ImageNotFound
from requests.exceptions import RequestException

from harness.errors import ImageError
from harness.images.log import reason
from harness.matrix.devices import Device

BUILT = "harness-base"
STAND_INS = {"python:3.11-slim-bookworm": "bookworm", "python:3.13-slim-trixie": "trixie"}
"""Base → the Debian release whose own Python stands in for it where no registry answers."""
PACKAGES = "python3,python3-venv,ca-certificates"
NEEDLESS = (
    "var/cache/apt",
    "var/lib/apt/lists",
    "var/log",
    *(f"usr/share/{x}" for x in ("locale", "man", "info")),
)
"""Folders emptied before import: what apt downloads again, logs, translations, manuals."""
FENCE = ("unshare", "--mount", "--pid", "--fork", "--kill-child")
"""Namespaces of its own: what debootstrap mounts and starts ends with it, however it ends."""
PULL_SILENCE_S = 20
"""A registry that says nothing for this long counts as not answering."""
ANSWERS = ("manifest unknown", "not found", "denied", "unauthorized")
"""What the engine reports where a registry did answer, and the answer was no."""
CHUNK_BYTES = 1 << 20

Tell = Callable[[str], None]
Origin = Literal["registry", "debootstrap", "override"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Base:
    """The image that a device's image is built on."""

    reference: str
    digest: str | None
    """`name@sha256:…` as the registry gave it; None for what was never in one."""
    id: str
    origin: Origin

    @property
    def identity(self) -> str:
        """What tells this base from any other: its digest, else its name and local id."""
        return self.digest or f"{self.reference} {self.id}"


class _NoAnswerError(Exception):
    """No registry answered; the text is the engine's reason."""


def ensure_base(device: Device, client: docker.DockerClient, tell: Tell) -> Base:
    """The base of a device's image, pulled or made where it is not here yet.

    Raises ImageError where there is no way to have it.
    """
    wanted = wanted_base(device)
    if wanted is None:
        raise ImageError(
            f"device {device.id!r} has no 'base' in matrix.json: add one, or set HARNESS_BASE_IMAGE"
        )
    if here := base_here(device, client):
        return here
    release = _stand_in(device)
    try:
        _pull(client, wanted, tell)
    except _NoAnswerError as error:
        if not release:
            raise ImageError(
                f"the base image {wanted} is not here and no registry answers ({error}): "
                "load it with 'docker load', or name one that is here in HARNESS_BASE_IMAGE"
            ) from None
        tell(f"no registry answers for {wanted} ({error}): building {BUILT}:{release} with debootstrap")
        _make(client, release, tell)
        return _found(client, f"{BUILT}:{release}", "debootstrap")
    return _found(client, wanted, _origin())


def base_here(device: Device, client: docker.DockerClient) -> Base | None:
    """The base of a device's image, or what stands in for it, where the engine has it."""
    wanted, release = wanted_base(device), _stand_in(device)
    if wanted is None:
        return None
    stand_in = _local(client, f"{BUILT}:{release}", "debootstrap") if release else None
    return _local(client, wanted, _origin()) or stand_in


def wanted_base(device: Device) -> str | None:
    """The base that is asked for: by HARNESS_BASE_IMAGE, else by the device's row."""
    return os.environ.get("HARNESS_BASE_IMAGE") or device.base


def _stand_in(device: Device) -> str | None:
    """The Debian release that stands in for the base; none does for one that was named in its place."""
    return None if os.environ.get("HARNESS_BASE_IMAGE") else STAND_INS.get(device.base or "")


def _origin() -> Origin:
    return "override" if os.environ.get("HARNESS_BASE_IMAGE") else "registry"


def _local(client: docker.DockerClient, reference: str, origin: Origin) -> Base | None:
    try:
        image = client.images.get(reference)
    except ImageNotFound:
        return None
    digests = image.attrs.get("RepoDigests") or [None]
    return Base(reference=reference, digest=digests[0], id=str(image.id), origin=origin)


def _found(client: docker.DockerClient, reference: str, origin: Origin) -> Base:
    base = _local(client, reference, origin)
    if base is None:
        raise ImageError(
            f"the engine took the base image {reference} but does not have it: is its disk full?"
        )
    return base


def _pull(client: docker.DockerClient, reference: str, tell: Tell) -> None:
    """Pull, or raise `_NoAnswerError`; ImageError where a registry refuses."""
    tell(f"pulling the base image {reference}")
    patience, client.api.timeout = client.api.timeout, PULL_SILENCE_S
    try:
        with closing(client.api.pull(reference, stream=True, decode=True)) as events:
            said = next((event["error"] for event in events if "error" in event), None)
    except APIError as error:
        said = error.explanation or str(error)
    except RequestException:
        said = f"silent for {PULL_SILENCE_S} s"
    finally:
        client.api.timeout = patience
    if said and any(answer in said for answer in ANSWERS):
        raise ImageError(
            f"no registry gives out the base image {reference} ({said}): correct its name, or log in"
        )
    if said:
        raise _NoAnswerError(said)


def _make(client: docker.DockerClient, release: str, tell: Tell) -> None:
    """Make the stand-in base: a minimal Debian with its own Python, imported as an image."""
    if shutil.which("debootstrap") is None or os.geteuid() != 0:
        raise ImageError(
            "no registry answers, and making the base image instead takes root and debootstrap: run as root "
            "after 'apt-get install debootstrap', or name an image that is here in HARNESS_BASE_IMAGE"
        )
    started = time.monotonic()
    labels = f"LABEL harness.app=harness harness.base=debootstrap-{release}"
    work = Path(tempfile.mkdtemp(prefix="harness-base-"))
    try:
        system = work / "root"
        _debootstrap(release, system, work / "log")
        for name in NEEDLESS:
            shutil.rmtree(system / name, ignore_errors=True)
            (system / name).mkdir(parents=True)
        with _archived(system) as archive:
            client.api.import_image_from_stream(
                archive, repository=BUILT, tag=release, changes=["CMD python3", labels]
            )
    finally:
        shutil.rmtree(work, ignore_errors=True)
    tell(f"{BUILT}:{release} is made: {time.monotonic() - started:.0f} s")


def _debootstrap(release: str, folder: Path, log: Path) -> None:
    """Fill `folder` with a minimal Debian."""
    mirror = os.environ.get("HARNESS_DEBIAN_MIRROR")
    command = ["debootstrap", "--variant=minbase", f"--include={PACKAGES}", release, str(folder)]
    if mirror:
        command.append(mirror)
    with log.open("w") as output:
        ended = subprocess.run([*FENCE, *command], stdout=output, stderr=subprocess.STDOUT, check=False)
    if ended.returncode != 0:
        raise ImageError(
            f"debootstrap could not make the base image ({reason(log)}): check the disk and the network, "
            "or name a Debian mirror in HARNESS_DEBIAN_MIRROR"
        )


@contextmanager
def _archived(folder: Path) -> Iterator[Iterator[bytes]]:
    """The folder as a tar stream."""
    command = ["tar", "--create", "--numeric-owner", "--one-file-system", "--directory", str(folder), "."]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as tar:
        assert tar.stdout is not None
        try:
            yield iter(partial(tar.stdout.read, CHUNK_BYTES), b"")
        finally:
            tar.kill()
