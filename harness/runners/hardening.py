"""What stands between the work and the machine: the default, and whatever was loosened of it."""

import os
import stat
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from docker.types import DeviceRequest, LogConfig, Ulimit

from harness.machine.diagnosis import CDI_NVIDIA, cdi_names
from harness.machine.records import Accelerator
from harness.matrix.devices import ContainerAccess
from harness.results.record import Isolation
from harness.runners.protocol import Limits

CONTAINER_UID = 10001
ALL = "all"
CDI = "cdi"


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
    folders: tuple[str, ...] = ()
    """Mounted read-only."""
    gpu_driver: str | None = None
    """Of the engine's device request."""
    gpus: tuple[str, ...] = ()
    """Which it is asked for, in its own words."""
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
            "device_requests": [self._request(self.gpu_driver)] if self.gpu_driver else [],
            "volumes": {folder: {"bind": folder, "mode": "ro"} for folder in self.folders},
            "runtime": self.runtime,
            "use_config_proxy": False,  # a proxy's address may carry a password
        }

    def _request(self, driver: str) -> DeviceRequest:
        capabilities = [] if driver == "cdi" else [["gpu"]]
        if self.gpus == (ALL,):
            return DeviceRequest(driver=driver, count=-1, capabilities=capabilities)
        return DeviceRequest(driver=driver, device_ids=list(self.gpus), capabilities=capabilities)


def harden(
    access: ContainerAccess, accelerators: Sequence[Accelerator] = (), cdi_devices: Sequence[str] = ()
) -> Hardening:
    """The default, loosened by what the device needs and by what the caller of the engine may not do.

    Of its accelerators the container is given those named, or all where none is. `cdi_devices` is what the
    engine lists: by these names it is asked where all that are wanted are among them, else by its runtime.
    """
    nodes = _nodes(access.devices, accelerators)
    driver, gpus = _gpus(access.gpu_driver, accelerators, cdi_devices)
    hardening = Hardening(
        devices=nodes,
        groups=_groups(nodes),
        folders=tuple(folder for folder in access.folders if Path(folder).is_dir()),
        gpu_driver=driver,
        gpus=gpus,
        runtime=access.runtime,
    )
    if os.getuid() == 0:
        return hardening
    # Only root can give the output folder away: anyone else has to share theirs.
    return replace(hardening, user=f"{os.getuid()}:{os.getgid()}")


def _nodes(devices: Sequence[str], accelerators: Sequence[Accelerator]) -> tuple[str, ...]:
    """The devices, with the accelerators' own nodes in place of the folders that they are in."""
    own = [node.path for one in accelerators for node in one.nodes]
    found = []
    for device in devices:
        inside = [path for path in own if path.startswith(f"{device}/")]
        found.extend(inside or [device])
    return tuple(dict.fromkeys(found))


def _gpus(
    driver: str | None, accelerators: Sequence[Accelerator], cdi_devices: Sequence[str]
) -> tuple[str | None, tuple[str, ...]]:
    """The driver that the engine is asked for GPUs by, and its names of them."""
    if driver is None:
        return None, ()
    listed = cdi_names(cdi_devices)
    calls = [[one.uuid or "", one.ordinal] for one in accelerators] or [[ALL]]
    known = [next((name for name in names if name in listed), None) for names in calls]
    if driver == CDI or None not in known:
        named = [name or names[-1] for name, names in zip(known, calls, strict=True)]
        return CDI, tuple(f"{CDI_NVIDIA}{name}" for name in named)
    return driver, tuple(names[0] or names[-1] for names in calls)


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
