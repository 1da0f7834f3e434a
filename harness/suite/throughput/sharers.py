"""Who else is on the accelerator, as far as its driver tells; None where it does not.

A container has its own process ids, and the driver may then list nobody: memory that is in use and not ours
is told all the same, but of what our own driver takes (a context, workspaces) only the order is known.
"""

import re
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import torch

from harness.suite.throughput.counters import Place

LISTED = re.compile(r"^process\s+\d+ uses", re.MULTILINE)


def other_processes(place: Place) -> float | None:
    """Processes that compute on the accelerator, less this one; None where not even this one is listed."""
    listed = getattr(_module(place.device), "list_gpu_processes", None)
    if listed is None:
        return None
    try:
        return others_in(listed(place.device))
    except _errors():
        return None


def others_in(listing: str) -> float | None:
    """Of what `torch.cuda.list_gpu_processes` says, which is another sentence where a library is missing."""
    processes = len(LISTED.findall(listing))
    return processes - 1.0 if processes else None


def foreign_memory(place: Place) -> float | None:
    """Bytes in use on the accelerator that this process's allocator has not reserved."""
    module = _module(place.device)
    own = getattr(module, "memory_reserved", None)
    used = _used_of_amd(place) or _used(module, place.device)
    return None if own is None or used is None else used - own(place.device)


def _used_of_amd(place: Place) -> float | None:
    """What the kernel's driver says (amdgpu-driver-misc: mem_info_vram_used), of all processes."""
    address = _pci(place.device)
    try:
        return float((place.sys / "bus/pci/devices" / address / "mem_info_vram_used").read_text())
    except (OSError, ValueError):
        return None


def _used(module: Any, device: str) -> float | None:
    read = getattr(module, "mem_get_info", None)
    if read is None:
        return None
    try:
        free, total = read(device)
    except RuntimeError:
        return None
    return float(total - free)


def _pci(device: str) -> str:
    """`0000:c1:00.0`; no such file where torch does not say."""
    properties = getattr(_module(device), "get_device_properties", lambda _: None)(device)
    parts = [getattr(properties, f"pci_{part}_id", None) for part in ("domain", "bus", "device")]
    domain, bus, place = (-1 if part is None else int(part) for part in parts)
    return f"{domain:04x}:{bus:02x}:{place:02x}.0"


def _module(device: str) -> Any:
    """The module of torch for the device's kind, where there is such a device; else None."""
    module = getattr(torch, device.partition(":")[0], None)
    return module if module is not None and module.is_available() else None


@cache
def _errors() -> tuple[type[Exception], ...]:
    """What a listing may raise: NVML's own, and TypeError where a container hides a process's memory."""
    known = (RuntimeError, TypeError)
    return (*known, import_module("pynvml").NVMLError) if find_spec("pynvml") else known
