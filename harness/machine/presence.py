"""Is the device on this machine? Asked of its device nodes and of sysfs."""

import platform
import sys
from pathlib import Path

from harness.machine import tree
from harness.machine.pci import is_accelerator
from harness.matrix.devices import Presence


def here() -> str:
    """This platform, as the matrix writes it."""
    return f"{sys.platform}-{platform.machine()}"


def absence(presence: Presence, root: Path = tree.ROOT, machine: str | None = None) -> str | None:
    """The first sign that is missing, in words; None where all are there. `machine` is this platform."""
    machine = machine or here()
    if presence.platform is not None and presence.platform != machine:
        return f"it needs {presence.platform}, and this is {machine}"
    if presence.paths and not any((root / path.lstrip("/")).exists() for path in presence.paths):
        return f"no {' or '.join(presence.paths)}"
    if presence.drm_vendor is not None and presence.drm_vendor not in _drm_vendors(root):
        return f"no graphics card of PCI vendor {presence.drm_vendor}"
    if presence.pci_vendor is not None and presence.pci_vendor not in _accelerator_vendors(root):
        return f"no accelerator of PCI vendor {presence.pci_vendor}"
    return None


def _drm_vendors(root: Path) -> set[str]:
    return {tree.text(vendor) for vendor in root.glob("sys/class/drm/*/device/vendor")}


def _accelerator_vendors(root: Path) -> set[str]:
    named = {tree.text(vendor) for vendor in root.glob("sys/class/accel/*/device/vendor")}
    cards = [card for card in root.glob("sys/bus/pci/devices/*") if is_accelerator(card)]
    return named | {tree.text(card / "vendor") for card in cards}
