"""An image examined: started as a run starts it, but without its device, and asked what it holds."""

import json
import os
import secrets
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import docker
from docker.errors import APIError
from docker.models.containers import Container
from docker.types import Mount
from requests.exceptions import RequestException

from harness.errors import EngineError, ImageError, RecordError
from harness.images.image import PYTHON, Image
from harness.images.versions import pinned
from harness.matrix.devices import ContainerAccess, Device
from harness.matrix.schema import require
from harness.results.record import ImageCheck
from harness.runners.docker import APP, DEADLINE, ENVIRONMENT, OWNER, PACKAGES, RUN, staged
from harness.runners.hardening import harden
from harness.runners.owner import Owner
from harness.runners.protocol import Limits

EXPECTED = "/door/expected.json"
PATIENCE_S = 600
"""Twenty compilations and an import of everything take a minute or two, where nothing else works."""


def examine(
    device: Device, image: Image, root: Path, client: docker.DockerClient, limits: Limits
) -> tuple[ImageCheck, ...]:
    """What became of each check of `harness.suite.image` in a container of that image.

    ImageError where it did not come to an end, EngineError where the engine refuses it or goes away.
    """
    expected = {
        "python": device.python,
        "torch_build": device.torch_build,
        "versions": pinned(device, root),
    }
    with tempfile.TemporaryDirectory(prefix="harness-") as place:
        folder = Path(place)
        folder.chmod(0o755)
        (folder / "expected.json").write_text(json.dumps(expected), "utf-8")
        try:
            with _created(image, staged(root / "harness", folder), folder, client, limits) as container:
                container.start()
                code = int(container.wait(timeout=PATIENCE_S)["StatusCode"])
                said = container.logs(stdout=True, stderr=False).decode(errors="replace")
                told = container.logs(stdout=False, stderr=True).decode(errors="replace")
        except (RequestException, APIError) as error:
            raise EngineError(
                f"the container engine went away or refused while it examined: {error}"
            ) from error
    return _read(image, code, said, told)


@contextmanager
def _created(
    image: Image, package: Path, folder: Path, client: docker.DockerClient, limits: Limits
) -> Iterator[Container]:
    """A container of the image, which is gone afterwards, however that comes."""
    name = f"harness-examine-{secrets.token_hex(4)}"
    container = client.containers.create(
        image.id,
        name=name,
        entrypoint=[PYTHON],
        command=["-m", "harness.suite.image", EXPECTED],
        working_dir="/tmp",  # noqa: S108, the container's own
        environment=ENVIRONMENT,
        mounts=[
            Mount(f"{PACKAGES}/harness", str(package), type="bind", read_only=True),
            Mount(EXPECTED, str(folder / "expected.json"), type="bind", read_only=True),
        ],
        labels={
            "harness.app": APP,
            RUN: name,
            DEADLINE: str(int(time.time() + PATIENCE_S)),
            OWNER: str(Owner.of(os.getpid())),
        },
        **harden(ContainerAccess()).arguments(limits),
    )
    try:
        yield container
    finally:
        container.remove(v=True, force=True)


def _read(image: Image, code: int, said: str, told: str) -> tuple[ImageCheck, ...]:
    """The checks, from the last line of what the container said."""
    try:
        data = json.loads((said.splitlines() or [""])[-1])
        require("image", data, image.tag)
    except (ValueError, RecordError) as error:
        last = (told.splitlines() or ["nothing"])[-1]
        raise ImageError(
            f"{image.tag} could not be examined: it ended with code {code} and said {last!r}; build it anew"
        ) from error
    return tuple(ImageCheck(**row) for row in data["checks"])
