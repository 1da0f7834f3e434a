"""`cuda:1`, `cuda:0,2`, `rocm:GPU-8f3a`, `cuda:all`: which of its accelerators a run takes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from harness.errors import DeviceAbsent, SelectionError
from harness.machine.detect import vendor_of
from harness.machine.records import Accelerator
from harness.machine.visibility import SHOWN_BY, visible
from harness.matrix.devices import Device

ALL = "all"
TAKEN_SHARE = 0.5
"""Of an accelerator's memory: with more in use when a run begins, somebody else works there."""
GB = 1e9


@dataclass(frozen=True, slots=True, kw_only=True)
class Typed:
    """What `--device` holds."""

    device: str
    which: tuple[str, ...] = ()
    """Places or identities; empty takes the first that is free."""

    @classmethod
    def of(cls, text: str) -> "Typed":
        """`cuda:0,2` → cuda, (0, 2). SelectionError where nothing follows the colon."""
        device, colon, rest = text.partition(":")
        which = tuple(dict.fromkeys(word.strip() for word in rest.split(",")))
        if colon and not all(which):
            raise SelectionError(
                f"--device {text} names no accelerator after its colon: write {device}, {device}:0, "
                f"{device}:0,1 or {device}:{ALL}"
            )
        return cls(device=device, which=which if colon else ())


def choose(
    device: Device,
    which: Sequence[str],
    found: Sequence[Accelerator],
    environment: Mapping[str, str],
    *,
    each: int = 1,
) -> tuple[Accelerator, ...]:
    """The accelerators that the run takes, in the order typed; empty of a device that has none.

    An attempt takes `each` of them: they are as many, or a multiple. Places count what `environment` shows,
    as torch does. DeviceAbsent, with what there is, for one that is not there or is taken, and for too few.
    """
    vendor = vendor_of(device)
    if vendor is None and not which:
        return ()
    shown = visible(found, vendor or "", environment)
    _require_choice(device, which, shown, hidden=sum(one.vendor == vendor for one in found) - len(shown))
    free = [one for one in shown if not busy(one)] or list(shown[:1])  # which is then told to be busy
    every = free[: max(each, len(free) // each * each)]
    chosen = every if ALL in which else [_named(device, word, shown) for word in which] or free[:each]
    for one in chosen:
        _require_free(device, one, shown)
    taken = tuple(dict.fromkeys(chosen))
    if len(taken) % each:
        raise DeviceAbsent(
            f"a cell takes {each} accelerators at once and here are {len(taken)}: name {each} or a multiple "
            f"of it; {listed(device, shown)}"
        )
    return taken


def _require_choice(
    device: Device, which: Sequence[str], shown: Sequence[Accelerator], *, hidden: int
) -> None:
    """SelectionError where nothing can be chosen from, DeviceAbsent where nothing is shown."""
    vendor = vendor_of(device)
    if vendor is None:
        raise SelectionError(f"{device.id} has no accelerators to choose from: write --device {device.id}")
    if not shown:
        why = f"the environment hides all {hidden} of them" if hidden else "its driver lists none"
        raise DeviceAbsent(
            f"no {device.title} can be used: {why}; `harness doctor --device {device.id}` says more"
        )
    if which and len(shown) > 1 and vendor not in SHOWN_BY:
        raise SelectionError(
            f"of several cards of {device.id} the harness cannot give a run its own: write --device "
            f"{device.id}"
        )


def busy(one: Accelerator) -> str:
    """Why a run should not take it, in words; empty where it is free."""
    if one.closed or one.memory_bytes is None or one.used_bytes is None:
        return one.closed
    if one.used_bytes > TAKEN_SHARE * one.memory_bytes:
        return f"{one.used_bytes / GB:.1f} of its {one.memory_bytes / GB:.1f} GB of memory are in use"
    return ""


def _named(device: Device, word: str, shown: Sequence[Accelerator]) -> Accelerator:
    if word.isdecimal() and int(word) < len(shown):
        return shown[int(word)]
    named = [one for one in shown if one.uuid and one.uuid.lower().startswith(word.lower())]
    if not word.isdecimal() and len(named) == 1:
        return named[0]
    raise DeviceAbsent(f"there is no {device.id}:{word} here: {listed(device, shown)}")


def _require_free(device: Device, one: Accelerator, shown: Sequence[Accelerator]) -> None:
    why = busy(one)
    if why:
        others = [f"{device.id}:{place}" for place, other in enumerate(shown) if not busy(other)]
        way = f"name {' or '.join(others)}" if others else "end what uses it, or wait"
        raise DeviceAbsent(f"{device.id}:{shown.index(one)} ({one.name}) is busy: {why}; {way}")


def listed(device: Device, shown: Sequence[Accelerator]) -> str:
    """What there is to choose from, in words."""
    rows = [(f"{device.id}:{place} is {one.name}", busy(one)) for place, one in enumerate(shown)]
    return ", ".join(f"{row} (busy)" if taken else row for row, taken in rows)
