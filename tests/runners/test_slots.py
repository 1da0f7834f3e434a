"""Slots share nothing: no processor, no accelerator, no memory."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import SelectionError
from harness.machine.processors import Core
from harness.machine.records import Accelerator
from harness.matrix.records import Suite
from harness.runners.protocol import Limits
from harness.runners.slots import divide, slots

EIGHT = tuple(Core(cpus=(n, n + 8), node=n // 4) for n in range(8))
"""Two processors of four cores of two CPUs."""


def gpu(ordinal: int, node: int | None = None) -> Accelerator:
    return Accelerator(vendor="nvidia", ordinal=str(ordinal), name="GPU", numa_node=node)


@st.composite
def machines(draw: st.DrawFn) -> tuple[Core, ...]:
    """Cores of one, two or four CPUs each, on up to four memory nodes, with numbers in any order."""
    counts = draw(st.lists(st.sampled_from([1, 2, 4]), min_size=1, max_size=12))
    cpus = draw(st.permutations(range(sum(counts))))
    nodes = draw(st.lists(st.integers(0, 3), min_size=len(counts), max_size=len(counts)))
    starts = [sum(counts[:place]) for place in range(len(counts))]
    rows = zip(starts, counts, nodes, strict=True)
    return tuple(Core(cpus=tuple(cpus[at : at + count]), node=node) for at, count, node in rows)


@given(cores=machines(), near=st.lists(st.none() | st.integers(0, 3), min_size=1, max_size=6))
def test_sets_are_disjoint_and_of_what_may_be_used(cores: Sequence[Core], near: list[int | None]) -> None:
    usable = [cpu for core in cores for cpu in core.cpus]
    if len(usable) < len(near):
        with pytest.raises(SelectionError, match=f"{len(near)} slots need a CPU each and {len(usable)} can"):
            divide(cores, near)
        return
    sets = divide(cores, near)
    assert len(sets) == len(near)
    assert all(sets)
    taken = [cpu for cpus in sets for cpu in cpus]
    assert len(taken) == len(set(taken))
    assert set(taken) <= set(usable)
    if len(cores) >= len(near):  # then no core is shared
        owners = [{place for place, cpus in enumerate(sets) if set(core.cpus) & set(cpus)} for core in cores]
        assert all(len(owner) <= 1 for owner in owners)
        counts = [sum(core.cpus[0] in cpus for core in cores) for cpus in sets]
        assert len(set(counts)) == 1


def test_what_is_near_comes_first() -> None:
    assert divide(EIGHT, [1, 0]) == ((4, 5, 6, 7, 12, 13, 14, 15), (0, 1, 2, 3, 8, 9, 10, 11))
    assert divide(EIGHT, [1, 1]) == ((0, 1, 4, 5, 8, 9, 12, 13), (2, 3, 6, 7, 10, 11, 14, 15))
    assert divide(EIGHT, [None, None, 0]) == ((2, 3, 10, 11), (4, 5, 12, 13), (0, 1, 8, 9))


def test_the_cpus_of_one_core_are_divided_where_there_is_no_other() -> None:
    assert divide([Core(cpus=(0, 1))], [None, None]) == ((0,), (1,))


def test_a_slot_an_accelerator_with_its_part_of_the_memory() -> None:
    first, second = slots(
        Suite.FUNCTIONAL,
        (gpu(0, 0), gpu(1, 1)),
        count=1,
        limits=Limits(memory_bytes=101),
        cores=EIGHT,
        threads=2,
    )
    assert (first.accelerators, second.accelerators) == ((gpu(0, 0),), (gpu(1, 1),))
    assert (first.limits.cpus, second.limits.cpus) == ("0,1", "4,5")
    assert first.limits.memory_bytes == 50


def test_a_slot_may_have_several_accelerators() -> None:
    four = tuple(gpu(n, n // 2) for n in range(4))
    first, second = slots(Suite.FUNCTIONAL, four, count=1, limits=Limits(), cores=EIGHT, each=2)
    assert (first.accelerators, second.accelerators) == (four[:2], four[2:])
    assert (first.limits.cpus, second.limits.cpus) == ("0,1,2,3,8,9,10,11", "4,5,6,7,12,13,14,15")
    (only,) = slots(Suite.ROOFLINE, four, count=1, limits=Limits(), cores=EIGHT, each=4)
    assert only.accelerators == four


def test_one_slot_has_everything() -> None:
    whole = Limits(memory_bytes=7, cpus="0-3")
    (only,) = slots(Suite.ROOFLINE, (gpu(0),), count=1, limits=whole, cores=EIGHT)
    assert (only.accelerators, only.limits) == ((gpu(0),), whole)


def test_slots_of_processors_alone() -> None:
    made = slots(Suite.FUNCTIONAL, (), count=4, limits=Limits(), cores=EIGHT)
    assert [slot.limits.cpus for slot in made] == ["0,1,8,9", "2,3,10,11", "4,5,12,13", "6,7,14,15"]
    assert {slot.accelerators for slot in made} == {()}


@pytest.mark.parametrize(
    ("suite", "gpus", "count", "threads", "sentence"),
    [
        (Suite.FUNCTIONAL, (gpu(0), gpu(1)), 2, None, "--slots is for a device without accelerators"),
        (Suite.THROUGHPUT, (), 2, None, "--slots is for the functional suite"),
        (Suite.ROOFLINE, (gpu(0), gpu(1)), 1, None, "the roofline suite measures one accelerator"),
        (Suite.FUNCTIONAL, (), 4, 5, "--threads 5 is more than the 4 CPUs that each of 4 slots has"),
        (Suite.FUNCTIONAL, (), 17, None, "17 slots need a CPU each and 16 can be used"),
    ],
)
def test_what_cannot_be_spread(
    suite: Suite, gpus: tuple[Accelerator, ...], count: int, threads: int | None, sentence: str
) -> None:
    with pytest.raises(SelectionError, match=sentence):
        slots(suite, gpus, count=count, limits=Limits(), cores=EIGHT, threads=threads)
