"""Side by side: with real processes on disjoint CPUs, every result is kept, and an end is everybody's."""

import os
import threading
from collections.abc import Callable
from dataclasses import replace

import pytest

from harness.errors import EngineError
from harness.matrix.cells import Batch
from harness.results.record import Outcome, Provenance
from harness.results.store import RunStore
from harness.runners.abreast import GoOn, abreast, divided, guarded
from harness.runners.docker import DockerRunner
from harness.runners.execute import Execution, execute
from harness.runners.host import HostRunner
from harness.runners.protocol import Event, Limits, Runner
from harness.runners.slots import Slot

CPUS = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
TWO = pytest.mark.skipif(len(CPUS) < 2, reason="two slots take two CPUs")
Side = Callable[..., None]


@pytest.fixture
def side_by_side(
    store: RunStore, limits: Limits, provenance: Provenance, batch: Callable[..., Batch]
) -> Side:
    """Runs a cell for each deed in two slots of a CPU each."""

    def run(runner: Runner, *deeds: str, progress: Callable[[Event], None] = lambda _: None) -> None:
        guard = threading.RLock()
        execution = Execution(
            run=store.run,
            folder=store.folder,
            limits=limits,
            provenance=provenance,
            keep=guarded(guard, store.append),
            progress=guarded(guard, progress),
            neighbours=1,
        )
        places = [Slot(limits=replace(limits, cpus=str(cpu))) for cpu in CPUS[:2]]

        def work(part: Batch, slot: Slot, go_on: GoOn) -> None:
            execute(part, runner, replace(execution, limits=slot.limits, go_on=go_on))

        try:
            abreast(divided(batch(*deeds), 2), places, work)
        finally:
            left = (store.folder / "work").exists()
        assert not left

    return run


@TWO
def test_two_slots_keep_every_result(host_runner: HostRunner, side_by_side: Side, store: RunStore) -> None:
    side_by_side(host_runner, "passes", "segfaults", "quick", "gives_up")
    found = store.read()
    assert not found.warnings
    assert {result.report.cell: result.outcome for result in found.results} == {
        "0-passes": Outcome.PASSED,
        "1-segfaults": Outcome.CRASHED,
        "2-quick": Outcome.PASSED,
        "3-gives_up": Outcome.CRASHED,
    }
    assert {result.isolation.cpus for result in found.results} == {str(cpu) for cpu in CPUS[:2]}
    for result in found.results:
        assert "alone: no, one of 2 attempts at a time" in result.isolation.loosened


@TWO
def test_what_ends_one_slot_ends_the_other(
    host_runner: HostRunner, side_by_side: Side, store: RunStore
) -> None:
    """Neither would end by itself; one is interrupted, and neither leaves a process or a folder."""
    begun: set[str] = set()

    def interrupt(event: Event) -> None:
        begun.add(event.cell)
        if begun == {"0-hangs", "1-buys_time"}:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        side_by_side(host_runner, "hangs", "buys_time", progress=interrupt)
    assert store.read().results == ()


@TWO
def test_two_containers_at_once(docker_runner: DockerRunner, side_by_side: Side, store: RunStore) -> None:
    side_by_side(docker_runner, "passes", "quick")
    results = store.read().results
    assert [result.outcome for result in results] == [Outcome.PASSED] * 2
    assert {result.isolation.cpus for result in results} == {str(cpu) for cpu in CPUS[:2]}


def test_models_are_dealt_out_and_their_cells_stay_together(batch: Callable[..., Batch]) -> None:
    whole = batch("a", "a", "b", "c", "c", "c")
    first, second = divided(whole, 2)
    assert [cell.model.id for cell in first.cells] == ["a", "a", "c", "c", "c"]
    assert [cell.model.id for cell in second.cells] == ["b"]
    assert first.id != second.id
    assert divided(whole, 1) == (whole,)
    assert len(divided(batch("a"), 3)) == 1  # an empty part is none


def test_work_is_taken_as_slots_fall_free(batch: Callable[..., Batch]) -> None:
    """The first slot waits until the other has done all the rest."""
    parts = [replace(batch("a"), id=str(n)) for n in range(5)]
    done: list[str] = []
    rest = threading.Event()

    def work(part: Batch, _: Slot, __: GoOn) -> None:
        if part.id == "0":
            assert rest.wait(60)
        done.append(part.id)
        if len(done) == 4:
            rest.set()

    abreast(parts, [Slot(limits=Limits())] * 2, work)
    assert done == ["1", "2", "3", "4", "0"]


def test_the_first_error_is_raised_and_nothing_more_is_begun(batch: Callable[..., Batch]) -> None:
    begun: list[str] = []
    failing = threading.Event()

    def work(part: Batch, _: Slot, go_on: GoOn) -> None:
        begun.append(part.id)
        if part.id == "0":
            failing.set()
            raise EngineError("the engine went away")
        assert failing.wait(60)
        while True:  # until the other's failure is seen
            go_on()

    parts = [replace(batch("a"), id=str(n)) for n in range(4)]
    with pytest.raises(EngineError, match="went away"):
        abreast(parts, [Slot(limits=Limits())] * 2, work)
    assert set(begun) <= {"0", "1"}
