"""What there is to know of an image: what it holds, whether it is here, how large, and what nobody tried."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import docker

from harness.images.base import base_here, wanted_base
from harness.images.lock import image_folder, lacking
from harness.images.recipe import Recipe, recipe_files
from harness.images.versions import PINNED
from harness.matrix.devices import Device

SHELL = re.compile(r"^(\|\d+ .*?)?/bin/sh -c (#\(nop\) )?")
"""What the classic builder puts before an instruction: arguments, the shell, that it ran nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """What an instruction added; sizes in bytes."""

    size: int
    instruction: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Built:
    """An image that the engine has."""

    tag: str
    id: str
    size: int
    """Bytes of all layers, the base's included."""
    created: str
    layers: tuple[Layer, ...]
    """Those that hold anything, the base's first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """An image of a device."""

    device: str
    variant: str | None
    title: str
    image: str
    base: str | None
    python: str
    torch_build: str | None
    packages: tuple[str, ...]
    lock_hash: str
    locked: dict[str, str]
    """Package → version."""
    lacking: str | None
    """Why nothing can be built from the lock as it is."""
    size_gb: float | None
    unverified: tuple[str, ...]
    built: Built | None
    """None where the engine does not have it, or there is no engine."""


def shown(device: Device, root: Path, client: docker.DockerClient | None) -> Shown:
    """All of that; ImageError where the device has no image."""
    lock = (image_folder(device, root) / "requirements.lock").read_bytes()
    titles = {row.id: row.title for row in device.variants}
    why_not = lacking(device, root)
    return Shown(
        device=device.id,
        variant=device.variant,
        title=device.title if device.variant is None else titles[device.variant],
        image=device.image or "",
        base=wanted_base(device),
        python=device.python,
        torch_build=device.torch_build,
        packages=device.packages,
        lock_hash=sha256(lock).hexdigest(),
        locked=dict(PINNED.findall(lock.decode())),
        lacking=why_not,
        size_gb=device.size_gb,
        unverified=device.unverified,
        built=_built(device, root, client) if client and why_not is None else None,
    )


def images(device: Device) -> Iterator[Device]:
    """The device with its own image and with each variant's; nothing where it has no image."""
    if device.image is not None:
        yield device
        yield from map(device.taken_with, device.variants)


def _built(device: Device, root: Path, client: docker.DockerClient) -> Built | None:
    base = base_here(device, client)
    if base is None:
        return None
    files = recipe_files(device, root)
    recipe = Recipe(device=device, files=files, lock_hash="", base=base)
    found = client.images.list(name=recipe.tag)
    if not found:
        return None
    history = reversed(found[0].history())
    return Built(
        tag=recipe.tag,
        id=str(found[0].id),
        size=found[0].attrs["Size"],
        created=found[0].attrs["Created"],
        layers=tuple(
            Layer(size=row["Size"], instruction=_instruction(row)) for row in history if row["Size"]
        ),
    )


def _instruction(row: dict[str, str]) -> str:
    """The instruction as the Dockerfile has it, or what the engine says of a layer from elsewhere."""
    text = " ".join(SHELL.sub("", row["CreatedBy"]).split())
    return text or row.get("Comment") or "base"
