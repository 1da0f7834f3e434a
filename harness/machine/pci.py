"""Cards as sysfs shows them: what they are called, what drives them, and those that nobody else reads."""

from collections.abc import Collection
from pathlib import Path

from harness.machine import tree
from harness.machine.records import Accelerator

ACCELERATOR_CLASSES = ("0x12", "0x0880", "0xff")
"""PCI classes of accelerators: processing accelerator, other system peripheral, unassigned."""
NAMES = ("usr/share/misc/pci.ids", "usr/share/hwdata/pci.ids")
"""Where distributions keep the list of vendors' and devices' names (pciutils, hwdata)."""


def address(device: Path) -> str | None:
    """The PCI address that a class's `device` link leads to; None where it is no PCI card."""
    name = device.resolve().name
    return name if name.count(":") == 2 else None


def driver(card: Path) -> str | None:
    """The kernel module that drives the card."""
    link = card / "driver"
    return link.resolve().name if link.exists() else None


def name(root: Path, card: Path) -> str | None:
    """What the machine's list of PCI names calls the card; None where it has no such list or row."""
    vendor, device = (tree.text(card / part).removeprefix("0x") for part in ("vendor", "device"))
    lines = next((found for path in NAMES if (found := tree.text(root / path))), "").splitlines()
    inside = False
    for line in lines:
        if line and not line.startswith(("\t", "#")):
            inside = line.startswith(f"{vendor} ")
        elif inside and line.startswith(f"\t{device} "):
            return line.split(maxsplit=1)[1]
    return None


def is_accelerator(card: Path) -> bool:
    """Whether the bus lists it under a class of accelerators."""
    return tree.text(card / "class").startswith(ACCELERATOR_CLASSES)


def read(root: Path, vendors: Collection[str]) -> tuple[Accelerator, ...]:
    """Accelerators of vendors that have no reader of their own: that they are there, and what they are."""
    classed = [path.resolve() for path in tree.below(root, "sys/class/accel/*/device")]
    cards = {card.name: card for card in classed}
    cards |= {card.name: card for card in tree.below(root, "sys/bus/pci/devices/*") if is_accelerator(card)}
    found: list[Accelerator] = []
    for place, card in sorted(cards.items()):
        vendor = tree.text(card / "vendor")
        if vendor in vendors:
            before = sum(one.vendor == vendor for one in found)
            found.append(
                Accelerator(
                    vendor=vendor,
                    ordinal=str(before),
                    name=name(root, card) or f"accelerator {vendor}:{tree.text(card / 'device')}",
                    pci=place,
                    driver=driver(card),
                    numa_node=tree.numa_node(card),
                )
            )
    return tuple(found)
