"""A device is there when all its signs are: asked of a root of our own making."""

from pathlib import Path

import pytest

from harness.machine.presence import absence
from harness.matrix.devices import Presence


def put(root: Path, path: str, text: str = "") -> None:
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    (root / path).write_text(text + "\n")


def test_what_needs_no_sign_is_always_there(tmp_path: Path) -> None:
    assert absence(Presence(), tmp_path) is None


def test_one_of_the_nodes_is_enough(tmp_path: Path) -> None:
    presence = Presence(paths=("/dev/first", "/dev/second"))
    assert absence(presence, tmp_path) == "no /dev/first or /dev/second"
    put(tmp_path, "dev/second")
    assert absence(presence, tmp_path) is None


def test_a_card_must_be_of_the_vendor(tmp_path: Path) -> None:
    presence = Presence(paths=("/dev/kfd",), drm_vendor="0x1002")
    put(tmp_path, "dev/kfd")
    put(tmp_path, "sys/class/drm/card0/device/vendor", "0x8086")
    assert absence(presence, tmp_path) == "no graphics card of PCI vendor 0x1002"
    put(tmp_path, "sys/class/drm/card1/device/vendor", "0x1002")
    assert absence(presence, tmp_path) is None


@pytest.mark.parametrize(("kind", "found"), [("0x120000", True), ("0x020000", False)])
def test_a_card_on_the_bus_must_be_an_accelerator(tmp_path: Path, kind: str, found: bool) -> None:
    put(tmp_path, "sys/bus/pci/devices/0000:00:01.0/vendor", "0x1da3")
    put(tmp_path, "sys/bus/pci/devices/0000:00:01.0/class", kind)
    assert (absence(Presence(pci_vendor="0x1da3"), tmp_path) is None) == found


def test_an_accelerator_by_its_class(tmp_path: Path) -> None:
    put(tmp_path, "sys/class/accel/accel0/device/vendor", "0x1ae0")
    assert absence(Presence(pci_vendor="0x1ae0"), tmp_path) is None


def test_another_platform(tmp_path: Path) -> None:
    found = absence(Presence(platform="darwin-m99"), root=tmp_path)
    assert found is not None
    assert found.startswith("it needs darwin-m99, and this is ")
