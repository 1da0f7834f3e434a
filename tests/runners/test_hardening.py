"""The default is hard, and nothing is loosened in silence."""

import os
from dataclasses import fields, replace
from typing import Any

import pytest

from harness.matrix.records import ContainerAccess
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
