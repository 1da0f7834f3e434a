"""Intel's graphics cards: render nodes whose card is of PCI vendor 0x8086."""

from pathlib import Path

from harness.machine import pci, tree
from harness.machine.records import Accelerator

VENDOR = "0x8086"
MEMORY_BAR = 2
"""The PCI resource that a card's own memory is seen through, of discrete cards all of it."""
SMALL_BYTES = 256 * 1024**2
"""As large as that window is where the firmware did not resize it: then it says nothing."""


def read(root: Path = tree.ROOT) -> tuple[Accelerator, ...]:
    """The cards in PCI order, which Level Zero keeps to where ZE_ENABLE_PCI_ID_DEVICE_ORDER is 1."""
    cards: dict[str, Path] = {}
    for render in tree.below(root, "sys/class/drm/renderD*"):
        place = pci.address(render / "device")
        if place is not None and tree.text(render / "device/vendor") == VENDOR:
            cards[place] = render
    rows = enumerate(sorted(cards.items()))
    return tuple(_accelerator(root, render, place, number) for number, (place, render) in rows)


def _accelerator(root: Path, render: Path, place: str, number: int) -> Accelerator:
    card = render / "device"
    node = tree.node(root, f"/dev/dri/{render.name}")
    return Accelerator(
        vendor="intel",
        ordinal=str(number),
        name=pci.name(root, card) or f"Intel graphics {tree.text(card / 'device')}",
        pci=place,
        nodes=(node,) if node else (),
        driver=pci.driver(card),
        memory_bytes=_memory(card),
        numa_node=tree.numa_node(card),
    )


def _memory(card: Path) -> int | None:
    """Size of the window on the card's memory, whose line has its first and its last byte."""
    lines = tree.text(card / "resource").splitlines()
    if len(lines) <= MEMORY_BAR:
        return None
    first, last, _ = (int(word, 16) for word in lines[MEMORY_BAR].split())
    size = last - first + 1
    return size if last and size > SMALL_BYTES else None
