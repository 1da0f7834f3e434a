"""NVIDIA's cards, as NVML tells of them; where it cannot be asked, as the driver's /proc files do."""

import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.machine import tree
from harness.machine.records import Accelerator

SIGN = "dev/nvidiactl"
"""It is there where the driver is."""
VERSION = re.compile(r"\b\d{3,}\.\d+(?:\.\d+)?\b")
PROHIBITED, EXCLUSIVE = 2, 3
"""Of nvmlComputeMode_t: no process may use the card; one process may."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """A card or an instance of one, in NVML's words."""

    name: str
    uuid: str
    pci: str = ""
    """`00000000:1B:00.0`, as NVML writes it, or with four digits first, as the driver does."""
    minor: int | None = None
    memory_bytes: int | None = None
    used_bytes: int | None = None
    mode: int = 0
    processes: int = 0
    """That compute on it."""
    instances: tuple["Card", ...] = ()
    divided: bool = False
    """Whether MIG is on: then only instances can be used."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """All that is asked."""

    driver: str
    cards: tuple[Card, ...]


def read(root: Path = tree.ROOT, ask: Callable[[], Answers | None] | None = None) -> tuple[Accelerator, ...]:
    """The accelerators that a process can be given, in NVML's order, which is PCI's.

    `ask` is NVML, of the real root alone unless given.
    """
    if not (root / SIGN).exists():
        return ()
    asked = ask or (nvml if root == tree.ROOT else None)
    answers = (asked() if asked else None) or proc(root)
    return accelerators(answers, root)


def accelerators(answers: Answers, root: Path = tree.ROOT) -> tuple[Accelerator, ...]:
    """Cards as they are, and the instances of those that are divided in their place."""
    found = []
    for place, card in enumerate(answers.cards):
        if not card.divided:
            found.append(_accelerator(card, card, str(place), answers.driver, root))
        for part, instance in enumerate(card.instances):
            found.append(_accelerator(card, instance, f"{place}:{part}", answers.driver, root))
    return tuple(found)


def _accelerator(card: Card, part: Card, ordinal: str, driver: str, root: Path) -> Accelerator:
    address = _address(card.pci)
    node = None if card.minor is None else tree.node(root, f"/dev/nvidia{card.minor}")
    return Accelerator(
        vendor="nvidia",
        ordinal=ordinal,
        name=part.name,
        uuid=part.uuid,
        pci=address,
        nodes=(node,) if node else (),
        driver=driver,
        memory_bytes=part.memory_bytes,
        used_bytes=part.used_bytes,
        numa_node=tree.numa_node(root / f"sys/bus/pci/devices/{address}"),
        closed=_closed(card),
    )


def _closed(card: Card) -> str:
    if card.mode == PROHIBITED:
        return "its compute mode is prohibited"
    if card.mode == EXCLUSIVE and card.processes:
        return "its compute mode is exclusive, and another process has it"
    return ""


def _address(pci: str) -> str | None:
    """As sysfs writes it: four digits of the domain, small letters."""
    domain, _, rest = pci.lower().partition(":")
    return f"{domain[-4:]}:{rest}" if rest else None


def nvml() -> Answers | None:
    """What NVML answers; None where its library is not there or does not start."""
    try:
        import pynvml  # noqa: PLC0415 — only where there is such a card
    except ImportError:
        return None
    try:
        pynvml.nvmlInit()
        try:
            cards = [_ask(pynvml, place) for place in range(pynvml.nvmlDeviceGetCount())]
            return Answers(driver=_text(pynvml.nvmlSystemGetDriverVersion()), cards=tuple(cards))
        finally:
            pynvml.nvmlShutdown()
    except pynvml.NVMLError:
        return None


def _ask(pynvml: Any, place: int) -> Card:
    handle = pynvml.nvmlDeviceGetHandleByIndex(place)
    card = _described(pynvml, handle)
    mode, divided, minor = 0, False, None
    processes: list[Any] = []
    instances = []
    with suppress(pynvml.NVMLError):  # cards of other kinds refuse one question or another
        mode = pynvml.nvmlDeviceGetComputeMode(handle)
        processes = pynvml.nvmlDeviceGetComputeRunningProcesses(handle)
    with suppress(pynvml.NVMLError):
        minor = pynvml.nvmlDeviceGetMinorNumber(handle)
    with suppress(pynvml.NVMLError):
        divided = pynvml.nvmlDeviceGetMigMode(handle)[0] == pynvml.NVML_DEVICE_MIG_ENABLE
        for part in range(pynvml.nvmlDeviceGetMaxMigDeviceCount(handle) if divided else 0):
            with suppress(pynvml.NVMLError):  # places of instances that were not made
                instances.append(_described(pynvml, pynvml.nvmlDeviceGetMigDeviceHandleByIndex(handle, part)))
    return Card(
        **card,
        pci=_text(pynvml.nvmlDeviceGetPciInfo(handle).busId),
        minor=minor,
        mode=mode,
        processes=len(processes),
        instances=tuple(Card(**instance) for instance in instances),
        divided=divided,
    )


def _described(pynvml: Any, handle: Any) -> dict[str, Any]:
    """What cards and instances alike are asked."""
    total = used = None
    with suppress(pynvml.NVMLError):  # of chips that have the machine's memory
        memory = pynvml.nvmlDeviceGetMemoryInfo(handle)
        total, used = int(memory.total), int(memory.used)
    return {
        "name": _text(pynvml.nvmlDeviceGetName(handle)),
        "uuid": _text(pynvml.nvmlDeviceGetUUID(handle)),
        "memory_bytes": total,
        "used_bytes": used,
    }


def _text(value: str | bytes) -> str:
    return value.decode() if isinstance(value, bytes) else value


def proc(root: Path) -> Answers:
    """What /proc/driver/nvidia says: names and identities, and nothing of memory or instances."""
    version = VERSION.search(tree.text(root / "proc/driver/nvidia/version"))
    cards = []
    for path in tree.below(root, "proc/driver/nvidia/gpus/*/information"):
        rows = (line.partition(":") for line in tree.text(path).splitlines())
        said = {name.strip(): value.strip() for name, _, value in rows}
        minor = said.get("Device Minor", "")
        cards.append(
            Card(
                name=said.get("Model", "NVIDIA GPU"),
                uuid=said.get("GPU UUID", ""),
                pci=said.get("Bus Location", path.parent.name),
                minor=int(minor) if minor.isdecimal() else None,
            )
        )
    return Answers(
        driver=version[0] if version else "", cards=tuple(sorted(cards, key=lambda card: card.pci))
    )
