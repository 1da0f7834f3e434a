"""Slots: parts of a machine that share no processor and no accelerator, so that work runs in each at once."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from harness.errors import SelectionError
from harness.machine.processors import Core
from harness.machine.records import Accelerator
from harness.matrix.records import Suite
from harness.runners.protocol import Limits

SEVERAL = {Suite.FUNCTIONAL, Suite.THROUGHPUT}
"""Suites whose cells may be spread over several accelerators; another measures one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """Where one attempt at a time runs."""

    accelerators: tuple[Accelerator, ...] = ()
    """All of them are one attempt's."""
    limits: Limits


def slots(
    suite: Suite,
    accelerators: Sequence[Accelerator],
    *,
    count: int,
    limits: Limits,
    cores: Sequence[Core],
    threads: int | None = None,
    each: int = 1,
) -> tuple[Slot, ...]:
    """A slot for `each` accelerators, or of processors alone as many as asked for; `limits` are of them all.

    `cores` are those that may be used, and `threads` what a cell is to have. SelectionError where the suite
    may not be spread so, or a slot would be left without what it needs.
    """
    _require_spread(suite, accelerators[::each], count)
    starts = range(0, len(accelerators), each)
    given = [tuple(accelerators[start : start + each]) for start in starts] or [()] * count
    if len(given) == 1:
        return (Slot(accelerators=given[0], limits=limits),)
    near = [one[0].numa_node if one else None for one in given]
    memory = limits.memory_bytes // len(given) if limits.memory_bytes else None
    made = []
    for mine, cpus in zip(given, divide(cores, near), strict=True):
        if threads and threads > len(cpus):
            raise SelectionError(
                f"--threads {threads} is more than the {len(cpus)} CPUs that each of {len(given)} slots has: "
                "give fewer threads, or fewer slots"
            )
        own = ",".join(map(str, cpus[:threads]))
        made.append(Slot(accelerators=mine, limits=replace(limits, memory_bytes=memory, cpus=own)))
    return tuple(made)


def _require_spread(suite: Suite, accelerators: Sequence[Accelerator], count: int) -> None:
    if accelerators and count > 1:
        raise SelectionError(
            "--slots is for a device without accelerators: name as many as should work side by side, as in "
            "--device cuda:0,1"
        )
    if count > 1 and suite is not Suite.FUNCTIONAL:
        raise SelectionError(
            "--slots is for the functional suite: side by side, cells would take memory's bandwidth from one "
            "another; leave it out"
        )
    if len(accelerators) > 1 and suite not in SEVERAL:
        raise SelectionError(f"the {suite} suite measures one accelerator: name one after the colon")


def divide(cores: Sequence[Core], near: Sequence[int | None]) -> tuple[tuple[int, ...], ...]:
    """Disjoint sets of CPUs, as many as `near` is long, of as many cores each, first of the node named.

    Where there are fewer cores than sets, the CPUs of one are divided too. SelectionError where that is not
    enough.
    """
    units = list(cores)
    if len(units) < len(near):
        units = [Core(cpus=(cpu,), node=core.node) for core in cores for cpu in core.cpus]
    if len(units) < len(near):
        raise SelectionError(
            f"{len(near)} slots need a CPU each and {len(units)} can be used: ask for fewer, or name fewer "
            "accelerators"
        )
    free, each = list(units), len(units) // len(near)
    # What is near is shared among those that want it, before anybody takes what is left.
    fair = {
        node: min(each, sum(unit.node == node for unit in units) // wanting)
        for node, wanting in Counter(near).items()
    }
    sets = [_take(free, fair[node], node) for node in near]
    for own in sets:
        own.extend(_take(free, each - len(own)))
    return tuple(tuple(sorted(cpu for core in own for cpu in core.cpus)) for own in sets)


def _take(free: list[Core], count: int, node: int | None = None) -> list[Core]:
    """The first of those that are free, of that node if one is named; they are free no longer."""
    taken = [core for core in free if node is None or core.node == node][:count]
    free[:] = [core for core in free if core not in taken]
    return taken
