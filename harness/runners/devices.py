"""Is the device on this machine? Asked of its device nodes and of sysfs, before anything is built."""

import platform
import sys
from pathlib import Path

from harness.errors import DeviceAbsent
from harness.matrix.records import Device, Presence

ACCELERATOR_CLASSES = ("0x12", "0x0880", "0xff")
"""PCI classes of accelerators: processing accelerator, other system peripheral, unassigned."""


def require(device: Device, root: Path = Path("/")) -> None:
    """DeviceAbsent where any sign that the matrix gives for the device is missing below `root`."""
    missing = absence(device.presence, root)
    if missing is not None:
        advice = f"; {device.presence.missing}" if device.presence.missing else ""
        raise DeviceAbsent(f"`{device.id}` is not on this machine: {missing}{advice}")


def absence(presence: Presence, root: Path = Path("/")) -> str | None:
    """The first sign that is missing, in words; None where all are there."""
    here = f"{sys.platform}-{platform.machine()}"
    if presence.platform is not None and presence.platform != here:
        return f"it needs {presence.platform}, and this is {here}"
    if presence.paths and not any((root / path.lstrip("/")).exists() for path in presence.paths):
        return f"no {' or '.join(presence.paths)}"
    if presence.drm_vendor is not None and presence.drm_vendor not in _drm_vendors(root):
        return f"no graphics card of PCI vendor {presence.drm_vendor}"
    if presence.pci_vendor is not None and presence.pci_vendor not in _accelerator_vendors(root):
        return f"no accelerator of PCI vendor {presence.pci_vendor}"
    return None


def _drm_vendors(root: Path) -> set[str]:
    return {_read(vendor) for vendor in root.glob("sys/class/drm/*/device/vendor")}


def _accelerator_vendors(root: Path) -> set[str]:
    named = {_read(vendor) for vendor in root.glob("sys/class/accel/*/device/vendor")}
    cards = [card for card in root.glob("sys/bus/pci/devices/*") if _is_accelerator(card)]
    return named | {_read(card / "vendor") for card in cards}


def _is_accelerator(card: Path) -> bool:
    return _read(card / "class").startswith(ACCELERATOR_CLASSES)


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii").strip()
    except OSError:
        return ""
