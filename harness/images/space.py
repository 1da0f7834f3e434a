"""Is there room for an image on the engine's disk? Asked before it is built, not found out after minutes."""

import shutil
from pathlib import Path

import docker

from harness.errors import ImageError
from harness.matrix.devices import Device

LOCAL = "http+docker://"
"""Begins the address of an engine behind a socket of this machine: its disk is one of ours."""


def require_room(device: Device, client: docker.DockerClient) -> None:
    """ImageError where the engine's disk, if it is one of this machine, is too full to build the image."""
    needed = device.build_gb
    if needed is None or not client.api.base_url.startswith(LOCAL):
        return
    folder = Path(client.info()["DockerRootDir"])
    if not folder.is_dir():
        return
    free = shutil.disk_usage(folder).free / 1e9
    if free < needed:
        raise ImageError(
            f"image {device.image!r} takes about {needed:.1f} GB while it is built and {folder} has "
            f"{free:.1f} GB free: make room there ('docker image prune' removes what no name leads to)"
        )
