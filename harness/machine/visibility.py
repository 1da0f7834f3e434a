"""Which accelerators the caller's environment shows, and the environment that shows a process some of them.

Vendors' libraries take a list of numbers or identities from a variable, and hide the rest. A container needs
none of it: what it was not given is not there.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from harness.machine.records import Accelerator

LEVEL_ZERO_ORDER = ("ZE_ENABLE_PCI_ID_DEVICE_ORDER", "1")
"""Makes Level Zero number cards in PCI order: `sortNeoDevices` in intel/compute-runtime."""
NOTHING = ("none", "void", "nodevfiles")
"""Words of NVIDIA's for no card at all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """A step that hides accelerators: the first of these variables that is set is the one that counts."""

    variables: tuple[str, ...]
    numbers: bool = True
    """Whether numbers in it are those of this process; else they are somebody else's, and are not read."""


FILTERS: Mapping[str, tuple[Filter, ...]] = {
    "nvidia": (
        # The container toolkit's, which has done its work before us: its numbers are the host's.
        Filter(variables=("NVIDIA_VISIBLE_DEVICES",), numbers=False),
        Filter(variables=("CUDA_VISIBLE_DEVICES",)),
    ),
    "amd": (
        Filter(variables=("ROCR_VISIBLE_DEVICES",)),
        Filter(variables=("HIP_VISIBLE_DEVICES", "CUDA_VISIBLE_DEVICES")),
    ),
    "intel": (Filter(variables=("ZE_AFFINITY_MASK",)),),
}
"""Vendor → its filters in the order they are applied, each to what the one before has left."""
SHOWN_BY = {"nvidia": "CUDA_VISIBLE_DEVICES", "amd": "ROCR_VISIBLE_DEVICES", "intel": "ZE_AFFINITY_MASK"}


def visible(
    accelerators: Sequence[Accelerator], vendor: str, environment: Mapping[str, str]
) -> tuple[Accelerator, ...]:
    """The vendor's accelerators that the environment shows, in its order.

    As the vendors do, a list ends at the first name that fits nothing.
    """
    shown = [one for one in accelerators if one.vendor == vendor]
    for step in FILTERS.get(vendor, ()):
        value = next((environment[name] for name in step.variables if name in environment), None)
        if value is not None:
            shown = _filtered(shown, value.strip(), numbers=step.numbers)
    return tuple(shown)


def _filtered(shown: list[Accelerator], value: str, *, numbers: bool) -> list[Accelerator]:
    if value.lower() in NOTHING:
        return []
    words = [word.strip() for word in value.split(",")]
    if not numbers and not all("-" in word for word in words):
        return shown
    found: list[Accelerator] = []
    for word in words:
        one = _named(shown, word)
        if one is None:
            break
        if one not in found:
            found.append(one)
    return found


def _named(shown: Sequence[Accelerator], word: str) -> Accelerator | None:
    """By its place, also with a tile behind it (`0.1`), or by its identity or the beginning of it.

    A place counts cards: of one that is divided it is the first instance, which is all that CUDA shows of it.
    """
    place = word.partition(".")[0]
    if place.isdecimal():
        cards: dict[str, Accelerator] = {}
        for one in shown:
            cards.setdefault(one.ordinal.partition(":")[0], one)
        return list(cards.values())[int(place)] if int(place) < len(cards) else None
    named = [one for one in shown if word and (one.uuid or "").lower().startswith(word.lower())]
    return named[0] if len(named) == 1 else None


def environment(chosen: Sequence[Accelerator], before: Mapping[str, str]) -> dict[str, str]:
    """`before`, changed so that a process sees the chosen accelerators and no others of their vendor."""
    vendor = chosen[0].vendor if chosen else ""
    if vendor not in SHOWN_BY:
        return dict(before)
    hiding = {name for step in FILTERS[vendor] for name in step.variables}
    kept = {name: value for name, value in before.items() if name not in hiding}
    order = dict([LEVEL_ZERO_ORDER]) if vendor == "intel" else {}
    return kept | order | {SHOWN_BY[vendor]: ",".join(one.uuid or one.ordinal for one in chosen)}
