"""The accelerators of a machine, and all that `harness doctor` tells of it."""

import os
import platform
import shutil
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any

from harness.machine import amd, intel, nvidia, pci, presence, processors, tree
from harness.machine.records import Accelerator, Engine, Machine
from harness.matrix.devices import Device

APPLE = "darwin-arm64"


def apple(machine: str, name: str, memory_bytes: int | None) -> tuple[Accelerator, ...]:
    """The GPU of Apple silicon, which has the machine's memory; none on another platform."""
    if machine != APPLE:
        return ()
    return (
        Accelerator(
            vendor="apple", ordinal="0", name=f"{name} GPU", driver="Metal", memory_bytes=memory_bytes
        ),
    )


READERS: Mapping[str, Callable[[Path], tuple[Accelerator, ...]]] = {
    "nvidia": nvidia.read,
    "amd": amd.read,
    "intel": intel.read,
    "apple": lambda _: apple(presence.here(), processors.model(), processors.memory()[0]),
}
"""`Device.vendor` → who lists its accelerators below a root."""


def vendor_of(device: Device) -> str | None:
    """Whose accelerators the device is; None of a device that is no accelerator."""
    return device.vendor or device.presence.pci_vendor


def accelerators(vendors: Collection[str], root: Path = tree.ROOT) -> tuple[Accelerator, ...]:
    """Those of these vendors, each vendor's in its own order."""
    read = [one for name, reader in READERS.items() if name in vendors for one in reader(root)]
    return (*read, *pci.read(root, {vendor for vendor in vendors if vendor not in READERS}))


def engine_of(info: Mapping[str, Any]) -> Engine:
    """What `docker info` answers, as a record; engines before 28.2 do not list CDI devices."""
    folder = Path(info.get("DockerRootDir", ""))
    return Engine(
        version=info.get("ServerVersion", ""),
        storage_driver=info.get("Driver", ""),
        cgroup=info.get("CgroupVersion", ""),
        folder=str(folder),
        runtimes=tuple(sorted(info.get("Runtimes") or {})),
        cdi_devices=tuple(
            row["ID"] for row in info.get("DiscoveredDevices") or () if row.get("Source") == "cdi"
        ),
        registry=info.get("IndexServerAddress") or None,
        # In a virtual machine, or elsewhere altogether, it is no folder of ours.
        free_bytes=free(folder) if folder.is_absolute() and folder.is_dir() else None,
    )


def free(folder: Path) -> int:
    """Free bytes of the disk that the folder is on, or will be once it is made."""
    there = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    return shutil.disk_usage(there).free


def hub_token(environment: Mapping[str, str], home: Path) -> bool:
    """Whether huggingface_hub would find a token: in its variables, or in the file it keeps."""
    if any(environment.get(name) for name in ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN")):
        return True
    cache = environment.get("XDG_CACHE_HOME") or home / ".cache"
    folder = Path(environment.get("HF_HOME") or Path(cache) / "huggingface")
    path = Path(environment.get("HF_TOKEN_PATH") or folder / "token")
    return path.is_file() and path.stat().st_size > 0


def detect(
    devices: Collection[Device],
    results: Path,
    *,
    engine: Engine | None = None,
    no_engine: str = "",
    locks: bool = True,
    root: Path = tree.ROOT,
) -> Machine:
    """All that can be told without the network; `results` is where results are written."""
    total, available = processors.memory(root)
    vendors = {vendor for device in devices if (vendor := vendor_of(device))}
    return Machine(
        platform=presence.here(),
        kernel=f"{platform.system()} {platform.release()}",
        cpu=processors.model(root),
        cpus=processors.count(),
        memory_bytes=total,
        available_bytes=available,
        free_disk_bytes=free(results),
        accelerators=accelerators(vendors, root),
        engine=engine,
        no_engine=no_engine,
        locks=locks,
        hub_token=hub_token(os.environ, Path.home()),
    )
