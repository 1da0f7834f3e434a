"""What stands between the work and the machine: the default, and whatever was loosened of it."""

import os
import stat
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from docker.types import DeviceRequest, LogConfig, Ulimit

from harness.matrix.records import ContainerAccess
from harness.results.record import Isolation
from harness.runners.protocol import Limits

CONTAINER_UID = 10001
GPU = {
    "nvidia": DeviceRequest(driver="nvidia", count=-1, capabilities=[["gpu"]]),
    "cdi": DeviceRequest(driver="cdi", device_ids=["nvidia.com/gpu=all"]),
}
"""`ContainerAccess.gpu_driver` → what the engine is asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hardening:
    """The default is the record without arguments; each field that differs from it is a loosening."""

    network: str = "none"
    read_only: bool = True
    init: bool = True
    user: str = f"{CONTAINER_UID}:{CONTAINER_UID}"
    ipc: str = "private"
    capabilities_dropped: tuple[str, ...] = ("ALL",)
    security: tuple[str, ...] = ("no-new-privileges:true",)
    tmp: str = "rw,exec,nosuid,nodev,mode=1777"
    """exec, because compilers' caches are loaded from there."""
    core_bytes: int = 0
    devices: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    """Numeric: the names are the host's, and mean nothing inside."""
    gpu_driver: str | None = None
    runtime: str | None = None

    def loosened(self) -> tuple[str, ...]:
        """Every field that differs from the default, as `name: value, not default`."""
        default = type(self)()
        pairs = {row.name: (getattr(self, row.name), getattr(default, row.name)) for row in fields(self)}
        return tuple(
            f"{name}: {_show(value)}, not {_show(usual)}"
            for name, (value, usual) in pairs.items()
            if value != usual
        )

    def isolation(self, limits: Limits) -> Isolation:
        """What a result records of it."""
        unlimited = () if limits.memory_bytes else ("memory: no limit",)
        return Isolation(
            runner="docker",
            network=self.network,
            user=self.user,
            read_only=self.read_only,
            memory_bytes=limits.memory_bytes,
            cpus=limits.cpus,
            pids=limits.pids,
            loosened=self.loosened() + unlimited,
        )

    def arguments(self, limits: Limits) -> dict[str, Any]:
        """What docker's `containers.create` is given."""
        return {
            "network_mode": self.network,
            "read_only": self.read_only,
            "init": self.init,
            "user": self.user,
            "ipc_mode": self.ipc,
            "cap_drop": list(self.capabilities_dropped),
            "security_opt": list(self.security),
            "pids_limit": limits.pids,
            "mem_limit": limits.memory_bytes,
            "memswap_limit": limits.memory_bytes,
            "cpuset_cpus": limits.cpus,
            "shm_size": limits.shm_bytes,
            "tmpfs": {"/tmp": f"{self.tmp},size={limits.tmp_bytes}"},  # noqa: S108, the container's own
            "ulimits": [Ulimit(name="core", soft=self.core_bytes, hard=self.core_bytes)],
            "log_config": LogConfig(
                type="json-file", config={"max-size": str(limits.log_bytes), "max-file": "1"}
            ),
            "devices": [f"{device}:{device}:rwm" for device in self.devices],
            "group_add": list(self.groups),
            "device_requests": [GPU[self.gpu_driver]] if self.gpu_driver else [],
            "runtime": self.runtime,
            "use_config_proxy": False,  # a proxy's address may carry a password
        }


def harden(access: ContainerAccess) -> Hardening:
    """The default, loosened by what the device needs and by what the caller of the engine may not do."""
    hardening = Hardening(
        devices=access.devices,
        groups=_groups(access.devices),
        gpu_driver=access.gpu_driver,
        runtime=access.runtime,
    )
    if os.getuid() == 0:
        return hardening
    # Only root can give the output folder away: anyone else has to share theirs.
    return replace(hardening, user=f"{os.getuid()}:{os.getgid()}")


def _groups(devices: tuple[str, ...]) -> tuple[str, ...]:
    """The groups, other than root's, that own the nodes; a folder stands for the nodes in it."""
    paths = [Path(device) for device in devices]
    nodes = [node for path in paths for node in (path.iterdir() if path.is_dir() else [path])]
    states = [node.stat() for node in nodes if node.exists()]
    groups = {state.st_gid for state in states if stat.S_ISCHR(state.st_mode)}
    return tuple(str(group) for group in sorted(groups - {0}))


def _show(value: object) -> str:
    if isinstance(value, tuple):
        return " ".join(value) or "none"
    return "none" if value is None else str(value)
