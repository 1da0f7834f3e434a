"""Build a device's image, or recognise the one that is here already.

An image is known by its key: a hash over all that decides its content (Dockerfile, install script, lock, base
and what the device's row says). Its tag holds the key, so one look at the engine tells whether there is
anything to do.
"""

import time
from collections.abc import Callable, Iterable
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import docker
from docker.errors import APIError, ImageNotFound
from requests.exceptions import RequestException

from harness.errors import EngineError, ImageError
from harness.images.base import ensure_base
from harness.images.exclusive import exclusive
from harness.images.host import reachable
from harness.images.image import Image
from harness.images.lock import lock_hash
from harness.images.log import log_file, reason
from harness.images.recipe import Recipe, context, recipe_files
from harness.images.space import require_room
from harness.matrix.devices import Device

Tell = Callable[[str], None]
STEP_WIDTH = 100
"""Characters of a Dockerfile instruction that are shown."""
CLEANUP_S = 15
"""How long what an ended build left may take to go."""


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
            image_id = find(client, recipe.tag) or _build(recipe, root, client, tell)
    except (RequestException, APIError) as error:
        raise EngineError(f"the container engine went away or refused while it built: {error}") from error
    except OSError as error:
        raise ImageError(f"image {device.image!r} cannot be built here: {error}") from error
    return Image(
        device=device.id,
        variant=device.variant,
        tag=recipe.tag,
        id=image_id,
        lock_hash=digest,
        base=base.identity,
    )


def find(client: docker.DockerClient, tag: str) -> str | None:
    """The engine's id of the image of that tag; None where it has none."""
    try:
        return client.images.get(tag).id
    except ImageNotFound:
        return None


def _build(recipe: Recipe, root: Path, client: docker.DockerClient, tell: Tell) -> str:
    """Build the image and return its id; what the build stage left is removed however it ends."""
    device, tag = recipe.device, recipe.tag
    require_room(device, client)
    tell(f"building {tag} on {recipe.base.reference}")
    started = time.monotonic()
    try:
        with reachable() as host:
            events = client.api.build(
                fileobj=context(
                    {**recipe.files, **{f"host/{name}": text for name, text in host.files.items()}}
                ),
                custom_context=True,
                tag=tag,
                labels=recipe.labels,
                buildargs={
                    **recipe.arguments,
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
        _remove_stages(client, recipe)
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


def _remove_stages(client: docker.DockerClient, recipe: Recipe) -> None:
    """Remove what only the build needed: the host's pip configuration, and a copy of every package.

    The first stage goes too where nothing was built on it: what the engine calls dangling has neither a name
    nor a child.
    """
    stages = (
        ["harness.stage=build", f"harness.key={recipe.key}"],
        ["harness.stage=base", f"harness.image={recipe.device.image}"],
    )
    patience = time.monotonic() + CLEANUP_S
    # Whatever ended the build is what the user must hear of, not that the engine has gone since.
    with suppress(RequestException):
        while time.monotonic() < patience:
            # An interrupted build's container is in the way until the engine has ended it.
            with suppress(APIError):
                for labels in stages:
                    for image in client.images.list(filters={"dangling": True, "label": labels}):
                        client.images.remove(str(image.id))
                return
            time.sleep(0.2)
