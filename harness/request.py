"""What was typed, and the plan that is made of it: a device, its accelerators, and the cells."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from harness.errors import SelectionError
from harness.evaluating import Evaluating, evaluates
from harness.machine import processors
from harness.machine.choice import Typed
from harness.machine.records import Accelerator
from harness.matrix.cells import Cell, Parameters
from harness.matrix.devices import Device
from harness.matrix.evaluation import evaluation
from harness.matrix.names import resolve, varied
from harness.matrix.plan import plan, shared
from harness.matrix.records import Matrix, Suite
from harness.matrix.select import Selection, select
from harness.results.store import RunStore, find
from harness.runners.choose import Wish, limits, require_cpus, require_memory
from harness.runners.remote import RemoteCode
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
    evaluation: Evaluating | None = None
    """What is asked of whom, of an evaluation."""
    code: RemoteCode | None = None
    """The code of a checkpoint, which runs in a container or not at all."""
    resume: str | None = None
    """A run to go on with: its cells that have no result."""
    command: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What will run, on which device."""

    device: Device
    cells: tuple[Cell, ...]
    which: tuple[str, ...] = ()
    """Of the device's accelerators, those that were typed."""
    left_out: Mapping[str, str] = field(default_factory=dict)
    """Models that have no cells though they were asked for, and why."""


def planned_of(matrix: Matrix, results: Path, request: Request) -> Plan:
    """The cells asked for, or those that a run to be resumed has left."""
    rows = {row.id: row for row in matrix.devices}
    typed = Typed.of(request.device)
    if request.resume is not None:
        store = find(results, request.resume)
        cells = store.cells()
        if (request.evaluation is None) is not (cells[0].questions is None):
            verb = "run" if cells[0].questions is None else "eval"
            raise SelectionError(
                f"run {store.run} is of the {cells[0].suite} suite: `harness {verb} --resume {store.run}` "
                "goes on with it"
            )
        if request.evaluation is not None:
            request.evaluation.sources.require(store.run, cells)
        device = varied(resolve("device", cells[0].device, rows), _variant(store, request))
        if cells[0].questions is not None and device.variant is None and request.wish.python is None:
            device = varied(device, evaluates(device, cells[0].questions.engine))  # it has no result yet
        return Plan(device=device, cells=cells, which=typed.which if typed.device == device.id else ())
    device = varied(resolve("device", typed.device, rows), request.variant)
    require_cpus(max(one.threads or 0 for one in request.sweep) or None)
    require_memory(request.memory_bytes)
    if device.torch_device == "cpu":
        _require_places(max(one.tensor_parallel for one in request.sweep))
    if request.evaluation is not None:
        return _evaluation(matrix, device, typed, request)
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
    cells = shared(cells) if request.selection.checkpoints else cells
    return Plan(device=device, cells=cells, which=typed.which)


def _evaluation(matrix: Matrix, device: Device, typed: Typed, request: Request) -> Plan:
    assert request.evaluation is not None
    found = evaluation(
        matrix, device, request.evaluation.asked, request.sweep, request.evaluation.sources.here(matrix)
    )
    named = request.variant or request.wish.python  # else the image that evaluates
    return Plan(
        device=device if named else varied(device, evaluates(device, request.evaluation.asked.engine)),
        cells=found.cells,
        which=typed.which,
        left_out=found.left_out,
    )


def places_of(planned: Plan, taken: tuple[Accelerator, ...], request: Request) -> tuple[Slot, ...]:
    """Where the run's attempts go on at a time; SelectionError where it cannot be spread as was asked."""
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
        each=processes(planned.cells),
    )


def _require_places(processes: int) -> None:
    """SelectionError where a model is to be shared by more processes than there are CPUs for."""
    cpus = processors.count()
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


def contained(request: Request, releases: Sequence[str]) -> str:
    """What of the request only a container may run, as a sentence begins."""
    if request.code is not None:
        return "the code of a checkpoint"
    return "what --transformers names" if releases else ""


def _threads(cells: tuple[Cell, ...]) -> int | None:
    """The most that a cell has; None where one takes every CPU."""
    each = [cell.parameters.threads for cell in cells]
    return None if None in each else max(threads or 0 for threads in each)


def processes(cells: tuple[Cell, ...]) -> int:
    """The most that share a model: each takes an accelerator."""
    return max(cell.parameters.tensor_parallel for cell in cells)
