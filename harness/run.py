"""A run, from what was typed to its manifest: plan → device → runner → batches → results.

The steps are functions of `Plan` and `Way`; `conduct` is their order. What the steps do lives in the
rooms.
"""

import secrets
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from threading import RLock
from typing import Protocol

from harness.errors import SelectionError
from harness.images.compat import prepare
from harness.interruption import resumable, terminable
from harness.machine import processors
from harness.machine.choice import Typed
from harness.machine.records import Accelerator
from harness.matrix.load import load
from harness.matrix.names import resolve, varied
from harness.matrix.plan import batches, plan, shared
from harness.matrix.records import Batch, Cell, Device, Matrix, Parameters, Suite, asked
from harness.matrix.select import Selection, select
from harness.results.record import Result
from harness.results.store import Manifest, RunStore, find, require_writable
from harness.results.verdict import exit_code
from harness.runners import devices
from harness.runners.abreast import GoOn, abreast, divided, guarded
from harness.runners.choose import Way, Wish, choose, engine, limits, require_cpus, require_memory
from harness.runners.engine import if_up
from harness.runners.execute import Execution, execute
from harness.runners.protocol import Event
from harness.runners.reaper import reap
from harness.runners.references import folder_of
from harness.runners.remote import RemoteCode, require_code
from harness.runners.slots import Slot, slots


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What was typed."""

    suite: Suite
    device: str
    """A device of the matrix, and which of its accelerators: `cuda`, `cuda:1`, `cuda:0,1`."""
    slots: int = 1
    """Attempts at a time, of a device without accelerators."""
    variant: str | None = None
    """Which of the device's variants; None takes its own image."""
    selection: Selection = field(default_factory=Selection)
    sweep: tuple[Parameters, ...] = (Parameters(),)
    wish: Wish = field(default_factory=Wish)
    memory_bytes: int | None = None
    timeout_s: float | None = None
    code: RemoteCode | None = None
    """The code of a checkpoint, which runs in a container or not at all."""
    resume: str | None = None
    """A run to go on with: its cells that have no result."""
    command: tuple[str, ...] = ()


class Display(Protocol):
    """Where a run is seen while it goes on."""

    def tell(self, sentence: str) -> None:
        """Say something once."""

    def begin(self, cells: tuple[Cell, ...]) -> None:
        """These cells are about to run."""

    def event(self, event: Event) -> None:
        """Something began or ended inside."""

    def result(self, result: Result) -> None:
        """A cell has its result."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What will run, on which device."""

    device: Device
    cells: tuple[Cell, ...]
    which: tuple[str, ...] = ()
    """Of the device's accelerators, those that were typed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """What a run left."""

    store: RunStore
    cells: tuple[Cell, ...]
    exit_code: int


def conduct(
    root: Path, results: Path, request: Request, display: Display, *, matrix: Matrix | None = None
) -> Done:
    """Carry the request out. HarnessError for what the user can mend, before anything is built.

    `matrix` is that of the checkout unless given: a row may be tried before it is written.
    """
    matrix = matrix or load(root)
    planned = _planned(matrix, results, request)
    require_code(planned.cells, request.code, named=bool(request.selection.models))
    taken = devices.require(planned.device, planned.which, each=_processes(planned.cells))
    _slots(planned, taken, request)  # what cannot be spread is told before anything is built
    with terminable():
        releases = asked(planned.cells)
        wish = replace(request.wish, contained=_contained(request, releases))
        client = engine(planned.device, wish, display.tell)
        devices.require_way(planned.device, taken, wish, client, results)
        require_writable(results)
        prepared = prepare(releases, matrix, planned.device, root, display.tell)
        # Also for a run on the host: an orphan in a container would disturb what is measured there.
        for sentence in reap(results, client or if_up()):
            display.tell(sentence)
        way = choose(root, planned.device, wish, client, display.tell, accelerators=taken)
        way = replace(way, references=folder_of(root), releases=prepared)
        store = _store(results, planned, request)
        with resumable(store, display.tell):
            places = _slots(planned, taken, request)  # of the memory that building has left
            return _carry_out(store, planned, way, request, display, places=places)


def _planned(matrix: Matrix, results: Path, request: Request) -> Plan:
    """The cells asked for, or those that a run to be resumed has left."""
    rows = {row.id: row for row in matrix.devices}
    typed = Typed.of(request.device)
    if request.resume is not None:
        store = find(results, request.resume)
        cells = store.cells()
        device = varied(resolve("device", cells[0].device, rows), _variant(store, request))
        return Plan(device=device, cells=cells, which=typed.which if typed.device == device.id else ())
    device = varied(resolve("device", typed.device, rows), request.variant)
    models = select(matrix, request.selection)
    cells = plan(
        matrix,
        models,
        device,
        request.suite,
        request.sweep,
        checks=request.selection.checks or None,
        phases=request.selection.phases or None,
        timeout_s=request.timeout_s,
    )
    require_cpus(max(one.threads or 0 for one in request.sweep) or None)
    require_memory(request.memory_bytes)
    if device.torch_device == "cpu":
        _require_places(max(one.tensor_parallel for one in request.sweep))
    cells = shared(cells) if request.selection.checkpoints else cells
    return Plan(device=device, cells=cells, which=typed.which)


def _slots(planned: Plan, taken: tuple[Accelerator, ...], request: Request) -> tuple[Slot, ...]:
    # The cells' own threads: of a run that is resumed they are not typed again.
    threads = _threads(planned.cells)
    whole = limits(request.memory_bytes, threads)
    cores = processors.cores(processors.usable())
    return slots(
        planned.cells[0].suite,
        taken,
        count=request.slots,
        limits=whole,
        cores=cores,
        threads=threads,
        each=_processes(planned.cells),
    )


def _require_places(processes: int) -> None:
    """SelectionError where a model is to be shared by more processes than there are CPUs for."""
    cpus = len(processors.usable())
    if processes > cpus:
        raise SelectionError(
            f"--tensor-parallel {processes} is more than the {cpus} CPUs here: give {cpus} or fewer"
        )


def _variant(store: RunStore, request: Request) -> str | None:
    """The variant that a run to be resumed was begun with; SelectionError where another one is asked for."""
    begun = {result.provenance.variant for result in store.read().results}
    if begun - {request.variant} and request.variant is not None:
        (had,) = begun
        raise SelectionError(
            f"run {store.run} was begun {f'with --variant {had}' if had else 'without --variant'}: leave out "
            f"--variant {request.variant}, or begin another run"
        )
    return next(iter(begun), request.variant)


def _store(results: Path, planned: Plan, request: Request) -> RunStore:
    if request.resume is not None:
        return find(results, request.resume)
    return RunStore.create(results, _run_id(planned), planned.cells)


def _run_id(planned: Plan) -> str:
    """Sorts by time, says what it was, and does not collide with a run started in the same second."""
    first = planned.cells[0]
    moment = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    return f"{moment}-{first.suite}-{first.device}-{secrets.token_hex(2)}"


def _contained(request: Request, releases: Sequence[str]) -> str:
    """What of the request only a container may run, as a sentence begins."""
    if request.code is not None:
        return "the code of a checkpoint"
    return "what --transformers names" if releases else ""


def _carry_out(
    store: RunStore, planned: Plan, way: Way, request: Request, display: Display, *, places: tuple[Slot, ...]
) -> Done:
    """Run what has no result yet, keep each result as it comes, and write the manifest last."""
    started = datetime.now(UTC).isoformat()
    have = {result.report.cell for result in store.read().results}
    left = tuple(cell for cell in planned.cells if cell.id not in have)
    alone = way.runner.one_cell_each(planned.cells[0].suite)
    whole = batches(left, planned.device, one_cell_each=alone)
    parts = [part for batch in whole for part in divided(batch, len(places))]
    guard = RLock()  # slots are threads, and there is one file and one display
    execution = Execution(
        run=store.run,
        folder=store.folder,
        limits=places[0].limits,
        provenance=way.provenance,
        keep=guarded(guard, lambda result: _keep(store, display, result)),
        progress=guarded(guard, display.event),
        tell=guarded(guard, display.tell),
        code=request.code,
        references=way.references,
        neighbours=max(0, min(len(places), len(parts)) - 1),
        releases=way.releases,
    )

    def work(batch: Batch, slot: Slot, go_on: GoOn) -> None:
        provenance = replace(way.provenance, accelerators=devices.hardware(slot.accelerators))
        own = replace(execution, limits=slot.limits, provenance=provenance, go_on=go_on)
        execute(batch, way.runner.given(slot.accelerators), own)

    display.begin(left)
    abreast(parts, places, work)
    contents = store.read()
    code = exit_code(contents.results, [cell.id for cell in planned.cells])
    store.finish(
        Manifest(
            run=store.run,
            command=request.command,
            started=started,
            finished=datetime.now(UTC).isoformat(),
            cells=len(planned.cells),
            results=len(contents.results),
            outcomes=dict(Counter(result.outcome.value for result in contents.results)),
            exit_code=code,
        )
    )
    return Done(store=store, cells=planned.cells, exit_code=code)


def _threads(cells: tuple[Cell, ...]) -> int | None:
    """The most that a cell has; None where one takes every CPU."""
    each = [cell.parameters.threads for cell in cells]
    return None if None in each else max(threads or 0 for threads in each)


def _processes(cells: tuple[Cell, ...]) -> int:
    """The most that share a model: each takes an accelerator."""
    return max(cell.parameters.tensor_parallel for cell in cells)


def _keep(store: RunStore, display: Display, result: Result) -> None:
    store.append(result)
    display.result(result)
