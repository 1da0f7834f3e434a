"""What a run is refused for its device, and what a result says of the accelerators it had."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import docker
import pytest

from harness.errors import DeviceAbsent, DeviceUnfit
from harness.machine.records import Accelerator, Node
from harness.matrix.devices import Device, Presence
from harness.matrix.records import Matrix
from harness.results.record import Hardware, Provenance
from harness.runners.choose import Wish
from harness.runners.devices import hardware, require, require_way
from harness.runners.docker import DockerRunner
from harness.runners.protocol import Limits

CARD = Accelerator(
    vendor="nvidia",
    ordinal="0",
    name="NVIDIA H100 80GB HBM3",
    uuid="GPU-0f8a2c51",
    driver="575.57.08",
    nodes=(Node(path="/dev/nvidia0", mode=0o666, gid=0, openable=True),),
    memory_bytes=85520809984,
)


@pytest.fixture
def cuda(matrix: Matrix) -> Device:
    return replace(matrix.device("cuda"), image="cuda", base="b")


def test_a_device_without_signs_has_no_accelerators(cpu: Device, tmp_path: Path) -> None:
    assert require(cpu, root=tmp_path) == ()


def test_an_absent_device_is_told_with_what_to_do(cuda: Device, tmp_path: Path) -> None:
    presence = Presence(paths=("/dev/first", "/dev/second"), missing="install the driver")
    with pytest.raises(DeviceAbsent) as caught:
        require(replace(cuda, presence=presence), root=tmp_path)
    assert str(caught.value) == (
        "`cuda` is not on this machine: no /dev/first or /dev/second; install the driver"
    )


def test_accelerators_are_found_below_the_root(cuda: Device, tmp_path: Path) -> None:
    for place, identity in (("0000:1b:00.0", "GPU-a"), ("0000:9d:00.0", "GPU-b")):
        told = tmp_path / f"proc/driver/nvidia/gpus/{place}/information"
        told.parent.mkdir(parents=True)
        told.write_text(f"Model: \t\t NVIDIA L4\nGPU UUID: \t {identity}\nBus Location: \t {place}\n")
    (tmp_path / "dev").mkdir()
    (tmp_path / "dev/nvidiactl").touch()
    (taken,) = require(cuda, ("1",), tmp_path, {})
    assert taken.uuid == "GPU-b"
    with pytest.raises(DeviceAbsent, match="there is no cuda:9 here: cuda:0 is NVIDIA L4, cuda:1 is"):
        require(cuda, ("9",), tmp_path, {})


def test_a_driver_that_is_too_old_stops_all_but_a_python_of_ones_own(cuda: Device, tmp_path: Path) -> None:
    with pytest.raises(DeviceUnfit) as caught:
        require_way(cuda, (CARD,), Wish(), None, tmp_path)
    assert str(caught.value).startswith(
        "cuda is here and cannot be used: the driver 575.57.08 is too old for the image's torch, which "
    )
    require_way(cuda, (CARD,), Wish(python=Path("python3")), None, tmp_path)
    require_way(replace(cuda, image=None), (CARD,), Wish(), None, tmp_path)  # it lacks more than a driver


def test_an_engine_without_the_toolkit_is_told_before_an_image_is_built(
    cuda: Device, tmp_path: Path, engine: docker.DockerClient
) -> None:
    """Of the real engine here, which has neither; where it has, the request is what it would get."""
    card = replace(CARD, driver="580.65.06")
    if "nvidia" in engine.info()["Runtimes"] or engine.info().get("DiscoveredDevices"):
        pytest.skip("this engine has the toolkit")
    with pytest.raises(
        DeviceUnfit, match=r"cannot hand out NVIDIA GPUs .*; install NVIDIA's Container Toolkit"
    ):
        require_way(cuda, (card,), Wish(), engine, tmp_path)


def test_a_device_without_accelerators_asks_nothing(cpu: Device, tmp_path: Path) -> None:
    require_way(cpu, (), Wish(), None, tmp_path)


def test_a_result_says_which_accelerators_it_had(provenance: Provenance) -> None:
    (said,) = hardware((CARD,))
    assert said == Hardware(
        name="NVIDIA H100 80GB HBM3",
        identity="GPU-0f8a2c51",
        driver="575.57.08",
        memory_bytes=85520809984,
    )


def test_a_runner_that_was_given_accelerators_is_another_one(
    engine: docker.DockerClient, runner_of: Callable[..., DockerRunner], cuda: Device
) -> None:
    runner = runner_of(engine, replace(cuda.container, gpu_driver="nvidia"))
    first, second = (runner.given((replace(CARD, uuid=name),)) for name in ("GPU-a", "GPU-b"))
    said = [" ".join(one.isolation(Limits()).loosened) for one in (runner, first, second)]
    assert [name in text for name, text in zip(("all", "GPU-a", "GPU-b"), said, strict=True)] == [True] * 3
