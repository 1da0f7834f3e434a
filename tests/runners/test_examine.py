"""An image is examined from within: the cpu image passes, and one that is not what it should be fails."""

from dataclasses import replace
from pathlib import Path

import docker
import pytest

from harness.errors import ImageError
from harness.images.image import Image
from harness.matrix.devices import Device
from harness.runners.docker import RUN
from harness.runners.examine import examine
from harness.runners.protocol import Limits

pytestmark = pytest.mark.engine
LIMITS = Limits()


def test_the_cpu_image_is_as_its_lock_says(
    cpu: Device, cpu_image: Image, root: Path, engine: docker.DockerClient
) -> None:
    found = examine(cpu, cpu_image, root, engine, LIMITS)
    assert [(check.name, check.said) for check in found if not check.passed] == []
    said = {check.name: check.said for check in found}
    assert said["torch build"] == "2.13.0+cpu for cpu"
    assert said["compiles"].startswith("no C++ compiler")
    assert {"kernels", "launcher"}.isdisjoint(said)
    assert engine.containers.list(all=True, filters={"name": "harness-examine-", "label": RUN}) == []


def test_every_thing_that_is_wrong_is_said(
    cpu: Device, cpu_image: Image, root: Path, engine: docker.DockerClient
) -> None:
    """As if the image were one for CUDA and Python 3.13, with the cuda image's lock."""
    wrong = replace(cpu, image="cuda", torch_build="cuda", python="3.13")
    said = {
        check.name: check.said
        for check in examine(wrong, cpu_image, root, engine, LIMITS)
        if not check.passed
    }
    assert said.keys() == {"python", "packages", "imports", "torch build", "launcher", "kernels"}
    assert said["python"].endswith("and the lock is for 3.13")
    assert "torch 2.13.0+cpu, not 2.13.0;" in said["packages"]
    assert "nvidia-cublas absent, not" in said["packages"]
    assert said["torch build"].endswith("it is built for cpu, not for cuda")
    assert "No module named 'triton'" in said["imports"]


def test_an_image_in_which_nothing_starts_is_one_sentence(
    cpu: Device, cpu_image: Image, root: Path, engine: docker.DockerClient, tmp_path: Path
) -> None:
    (tmp_path / "harness").mkdir()
    folder = tmp_path / "images" / "cpu"
    folder.mkdir(parents=True)
    for name in ("requirements.in", "requirements.lock"):
        (folder / name).write_bytes((root / "images" / "cpu" / name).read_bytes())
    with pytest.raises(
        ImageError, match=r"harness-cpu:\w+ could not be examined: it ended with code 1 and said .*"
    ):
        examine(cpu, cpu_image, tmp_path, engine, LIMITS)
