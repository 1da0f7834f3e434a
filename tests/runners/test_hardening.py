"""The default is hard, and nothing is loosened in silence."""

import os
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest

from harness.machine.records import Accelerator, Node
from harness.matrix.devices import ContainerAccess
from harness.runners.hardening import Hardening, harden
from harness.runners.protocol import GIB, Limits

OTHER: dict[type, Any] = {str: "other", bool: False, int: 1, tuple: ("other",), type(None): "other"}


def test_the_default_is_what_we_say_it_is() -> None:
    arguments = Hardening().arguments(Limits(memory_bytes=GIB, cpus="0-1"))
    expected = {
        "network_mode": "none",
        "read_only": True,
        "init": True,
        "user": "10001:10001",
        "ipc_mode": "private",
        "cap_drop": ["ALL"],
        "security_opt": ["no-new-privileges:true"],
        "pids_limit": 512,
        "mem_limit": GIB,
        "memswap_limit": GIB,
        "cpuset_cpus": "0-1",
        "tmpfs": {"/tmp": f"rw,exec,nosuid,nodev,mode=1777,size={2 * GIB}"},
        "devices": [],
        "device_requests": [],
        "use_config_proxy": False,
    }
    assert expected.items() <= arguments.items()
    assert Hardening().loosened() == ()


@pytest.mark.parametrize("name", [row.name for row in fields(Hardening)])
def test_every_difference_is_named(name: str) -> None:
    default = getattr(Hardening(), name)
    loosened = replace(Hardening(), **{name: OTHER[type(default)]})
    assert [row.partition(":")[0] for row in loosened.loosened()] == [name]
    assert loosened.isolation(Limits(memory_bytes=1)).loosened == loosened.loosened()


def test_no_memory_limit_is_named() -> None:
    assert "memory: no limit" in Hardening().isolation(Limits()).loosened


def test_a_devices_access_becomes_arguments() -> None:
    hardening = harden(ContainerAccess(devices=("/dev/null",), gpu_driver="cdi", runtime="special"))
    arguments = hardening.arguments(Limits())
    assert arguments["devices"] == ["/dev/null:/dev/null:rwm"]
    assert arguments["device_requests"][0]["DeviceIDs"] == ["nvidia.com/gpu=all"]
    assert arguments["runtime"] == "special"
    names = [row.partition(":")[0] for row in hardening.loosened()]
    assert [name for name in names if name != "user"] == ["devices", "gpu_driver", "gpus", "runtime"]


def test_the_user_is_not_root_unless_the_caller_is_someone_else() -> None:
    user = harden(ContainerAccess()).user
    assert user == ("10001:10001" if os.getuid() == 0 else f"{os.getuid()}:{os.getgid()}")


@pytest.mark.parametrize(
    ("cpus", "expected"), [(None, set()), ("0", {0}), ("0-2,7", {0, 1, 2, 7}), ("3,1", {1, 3})]
)
def test_cpus_one_by_one(cpus: str | None, expected: set[int]) -> None:
    assert Limits(cpus=cpus).cpu_set() == expected


H100 = Accelerator(vendor="nvidia", ordinal="1", name="H100", uuid="GPU-b")
PART = Accelerator(vendor="nvidia", ordinal="2:1", name="H100 MIG 3g.40gb", uuid="MIG-c")
NVIDIA = ContainerAccess(gpu_driver="nvidia")


@pytest.mark.parametrize(
    ("accelerators", "listed", "driver", "gpus"),
    [
        ((), (), "nvidia", ["all"]),
        ((H100,), (), "nvidia", ["GPU-b"]),
        ((H100, PART), (), "nvidia", ["GPU-b", "MIG-c"]),
        ((), ("nvidia.com/gpu=all",), "cdi", ["nvidia.com/gpu=all"]),
        ((H100,), ("nvidia.com/gpu=0", "nvidia.com/gpu=1"), "cdi", ["nvidia.com/gpu=1"]),
        ((PART,), ("nvidia.com/gpu=2:1",), "cdi", ["nvidia.com/gpu=2:1"]),
        ((H100,), ("nvidia.com/gpu=1", "nvidia.com/gpu=GPU-b"), "cdi", ["nvidia.com/gpu=GPU-b"]),
        ((H100, PART), ("nvidia.com/gpu=1",), "nvidia", ["GPU-b", "MIG-c"]),  # it does not list them all
        ((H100,), ("amd.com/gpu=1",), "nvidia", ["GPU-b"]),
    ],
)
def test_the_engine_is_asked_for_gpus_in_its_own_words(
    accelerators: tuple[Accelerator, ...], listed: tuple[str, ...], driver: str, gpus: list[str]
) -> None:
    hardening = harden(NVIDIA, accelerators, listed)
    (request,) = hardening.arguments(Limits())["device_requests"]
    assert request["Driver"] == driver
    assert (request["DeviceIDs"] or ["all"]) == gpus
    assert (request["Count"] == -1) == (driver == "nvidia" and gpus == ["all"])
    said = " ".join(hardening.loosened())
    assert all(gpu in said for gpu in gpus)


def test_a_card_is_reached_by_its_own_node(tmp_path: Path) -> None:
    """Of a folder the other cards' nodes stay outside; what all cards share goes in."""
    mine = Node(path="/dev/dri/renderD129", mode=0o660, gid=105, openable=True)
    card = Accelerator(vendor="amd", ordinal="1", name="MI300X", nodes=(mine,))
    access = ContainerAccess(devices=("/dev/kfd", "/dev/dri"), folders=(str(tmp_path), f"{tmp_path}/no"))
    arguments = harden(access, [card]).arguments(Limits())
    assert arguments["devices"] == ["/dev/kfd:/dev/kfd:rwm", "/dev/dri/renderD129:/dev/dri/renderD129:rwm"]
    assert arguments["volumes"] == {str(tmp_path): {"bind": str(tmp_path), "mode": "ro"}}
    assert harden(access).devices == ("/dev/kfd", "/dev/dri")
