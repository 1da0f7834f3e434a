"""Room on the engine's disk is asked for before anything is built."""

from dataclasses import replace
from pathlib import Path

import docker
import pytest

from harness.errors import ImageError
from harness.images.build import ensure
from harness.images.space import require_room
from harness.matrix.devices import Device

pytestmark = pytest.mark.engine
VAST = 1e9  # GB: no disk of ours holds it


def test_an_image_that_no_disk_holds_is_refused(cpu: Device, engine: docker.DockerClient) -> None:
    with pytest.raises(
        ImageError, match=r"image 'cpu' takes about 2000000000.0 GB .* GB free: make room there"
    ):
        require_room(replace(cpu, size_gb=VAST), engine)


@pytest.mark.parametrize("size", [None, 1e-6])
def test_one_that_fits_or_whose_size_nobody_knows_is_not(
    cpu: Device, engine: docker.DockerClient, size: float | None
) -> None:
    require_room(replace(cpu, size_gb=size), engine)


def test_it_is_said_before_the_build(
    tmp_path: Path, tiny_image: Device, engine: docker.DockerClient, told: list[str]
) -> None:
    with pytest.raises(ImageError, match="make room there"):
        ensure(replace(tiny_image, size_gb=VAST), tmp_path, engine, told.append)
    assert not [line for line in told if line.startswith(("building", "step"))]


def test_of_an_engine_elsewhere_nothing_is_known(cpu: Device, nowhere: docker.DockerClient) -> None:
    require_room(replace(cpu, size_gb=VAST), nowhere)
