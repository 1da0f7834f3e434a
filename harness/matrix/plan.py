"""Models × device × suite × parameters → cells → batches."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, replace
from datetime import UTC, date, datetime
from itertools import product

from harness.errors import SelectionError
from harness.matrix.cells import Batch, Cell, Parameters
from harness.matrix.devices import Device
from harness.matrix.names import answers, check_names, parity_check, resolve
from harness.matrix.parameters import LEAST, PARALLEL, cell_id, checks_of, read_by, require_sane
from harness.matrix.records import MACHINE, KnownFailure, Matrix, Model, Suite, Tolerance

TIMEOUT_S = {Suite.FUNCTIONAL: 120.0, Suite.THROUGHPUT: 700.0, Suite.FIT: 300.0, Suite.ROOFLINE: 600.0}
"""Seconds a cell may take where the user says nothing, of what is timed beyond its budget: ample for the
slowest on two cores."""

COUNTED = {Suite.FIT, Suite.ROOFLINE}
"""Suites that ask neither whether a model is right nor how fast it is."""

ASKED_FOR = {"load_cold", "load_warm", "train"}
"""Phases that are timed only where they are named."""


def plan(
    matrix: Matrix,
    models: Iterable[Model],
    device: Device,
    suite: Suite,
    sweep: Sequence[Parameters],
    *,
    checks: Sequence[str] | None = None,
    phases: Sequence[str] | None = None,
    timeout_s: float | None = None,
    today: date | None = None,
) -> tuple[Cell, ...]:
    """A functional cell a model and class, another suite's a model, in the order given, each once a sweep.

    `sweep` is what is varied; what a model does not read makes no further cell. `checks` and `phases` are
    names as typed; a model to which none of them applies has no cell. The roofline's cells are the machine's,
    whatever the models. `today` decides which known failures
    have expired; it is UTC's date unless given. SelectionError for a name, dtype or number that does not fit.
    """
    for parameters in sweep:
        require_sane(parameters, device, suite, timeout_s)
    if suite in COUNTED:
        rows = (MACHINE,) if suite is Suite.ROOFLINE else models
        return _counted(rows, device, suite, sweep, timeout_s)
    wanted = _wanted_checks(matrix, checks, suite)
    if checks:
        _require_processes(wanted, sweep)
    timed = _wanted_phases(matrix, phases, suite)
    today = today or datetime.now(UTC).date()
    cells: dict[str, Cell] = {}
    for model in models:
        architecture = matrix.architecture(model.architecture)
        steps = tuple(phase for phase in architecture.phases if phase in timed)
        read = [read_by(suite, architecture.axes, parameters) for parameters in sweep]
        for pair, varied in product(_pairs(model, suite), read):
            applying = (*architecture.checks, *_held_against(device, suite, varied.dtype))
            own = checks_of((check for check in applying if check in wanted), varied)
            if own and (steps or suite is Suite.FUNCTIONAL):
                cell = _cell(matrix, pair, device, suite, varied, checks=own, phases=steps, today=today)
                cells[cell.id] = cell if timeout_s is None else replace(cell, timeout_s=timeout_s)
    if not cells:
        asked = f"phase {' or '.join(phases)}" if phases else f"check {' or '.join(checks or ())}"
        raise SelectionError(f"none of the models has the {asked}: name another one, or another model")
    return tuple(cells.values())


def shared(cells: Sequence[Cell]) -> tuple[Cell, ...]:
    """The cells, each with an equal part of the budget. SelectionError where that is too small."""
    budget = cells[0].parameters.budget_s
    each = budget / len(cells)
    if each < LEAST["budget_s"]:
        raise SelectionError(
            f"--budget {budget:g}s is too small for {len(cells)} cells: give {len(cells)}s or more"
        )
    return tuple(replace(cell, parameters=replace(cell.parameters, budget_s=each)) for cell in cells)


def batches(cells: Iterable[Cell], device: Device, *, one_cell_each: bool) -> tuple[Batch, ...]:
    """The cells of a device in batches: each alone, or all of a suite and a release together."""
    if one_cell_each:
        return tuple(Batch(id=cell.id, device=device, cells=(cell,)) for cell in cells)
    groups: dict[tuple[str, ...], list[Cell]] = {}
    for cell in sorted(cells, key=lambda cell: cell.suite):
        groups.setdefault(_environment(cell), []).append(cell)
    return tuple(
        Batch(id="-".join((device.id, *key)), device=device, cells=tuple(group))
        for key, group in groups.items()
    )


def _environment(cell: Cell) -> tuple[str, ...]:
    """What the cells of a batch share beside the device: the suite, and the release where one is named."""
    release, questions = cell.parameters.transformers, cell.questions
    if questions is not None:  # one model's at a time: it is loaded once, and its weights are all they see
        return (cell.suite.value, questions.entry)
    return (cell.suite.value, f"transformers-{release}") if release else (cell.suite.value,)


def tolerance(rows: Iterable[Tolerance], check: str, model: Model, device: Device) -> float:
    """The limit of the narrowest row that holds: by class, then model, then architecture, then device.

    A row for a model type holds for its checkpoints, where they have none of their own.
    """
    matching = [
        row
        for row in rows
        if row.check == check
        and row.model_class in {None, model.model_class}
        and (row.model is None or answers(row.model, model))
        and row.architecture in {None, model.architecture}
        and row.device in {None, device.id}
    ]
    # Two rows as narrow as each other would be the same row, which `load` refuses.
    return max(
        matching,
        key=lambda row: (
            bool(row.model_class),
            row.model == model.id,
            bool(row.model),
            bool(row.architecture),
            bool(row.device),
        ),
    ).limit


def ledger(
    rows: Iterable[KnownFailure], checks: Iterable[str], model: Model, device: Device, today: date
) -> dict[str, dict[str, str | None]]:
    """Check → its row of known failures that has not expired: by class before by device, where several hold.

    What is known of a model type holds for its checkpoints.
    Whether `versions` hold is judged inside, by those that are installed there.
    """
    matching = [
        row
        for row in rows
        if row.check in checks
        and answers(row.model, model)
        and row.model_class in {None, model.model_class}
        and row.device in {None, device.id}
        and date.fromisoformat(row.expires) >= today
    ]
    matching.sort(key=lambda row: (row.model == model.id, bool(row.model_class), bool(row.device)))
    return {row.check: asdict(row) for row in matching}


def _pairs(model: Model, suite: Suite) -> tuple[Model, ...]:
    """The row once for each class that has a cell, with that class alone."""
    classes = model.classes if suite is Suite.FUNCTIONAL else model.classes[:1]
    return tuple(replace(model, classes=(name,)) for name in classes)


def _held_against(device: Device, suite: Suite, dtype: str) -> tuple[str, ...]:
    """The device's parity checks: all of them, or the one that gates a cell timed in that dtype."""
    return tuple(parity_check(name) for name in device.parity if suite is Suite.FUNCTIONAL or name == dtype)


def _cell(
    matrix: Matrix,
    model: Model,
    device: Device,
    suite: Suite,
    parameters: Parameters,
    *,
    checks: tuple[str, ...],
    phases: tuple[str, ...],
    today: date,
) -> Cell:
    architecture = matrix.architecture(model.architecture)
    return Cell(
        id=cell_id(model, device, suite, parameters, architecture.axes),
        model=model,
        suite=suite,
        device=device.id,
        torch_device=device.torch_device,
        parameters=parameters,
        checks=checks,
        phases=phases,
        tolerances={check: tolerance(matrix.tolerances, check, model, device) for check in checks},
        known_failures=ledger(matrix.known_failures, checks, model, device, today),
        timeout_s=TIMEOUT_S[suite] + (parameters.budget_s if suite is Suite.THROUGHPUT else 0.0),
    )


def _counted(
    models: Iterable[Model],
    device: Device,
    suite: Suite,
    sweep: Sequence[Parameters],
    timeout_s: float | None,
) -> tuple[Cell, ...]:
    """Cells without checks: what they find has no tolerance."""
    read = [read_by(suite, (), parameters) for parameters in sweep]
    cells = [
        Cell(
            id=cell_id(model, device, suite, parameters, ()),
            model=model,
            suite=suite,
            device=device.id,
            torch_device=device.torch_device,
            parameters=parameters,
            checks=(),
            phases=(),
            tolerances={},
            known_failures={},
            timeout_s=timeout_s or TIMEOUT_S[suite],
        )
        for (model, parameters) in product((pair for row in models for pair in _pairs(row, suite)), read)
    ]
    return tuple({cell.id: cell for cell in cells}.values())


def _wanted_checks(matrix: Matrix, checks: Sequence[str] | None, suite: Suite) -> set[str]:
    known = {check: check for check in check_names(matrix)}
    if not checks:
        return set(known)
    if suite is Suite.THROUGHPUT:
        raise SelectionError(
            "--check is for the functional suite: every check gates a throughput cell; leave it out"
        )
    return {resolve("check", name, known) for name in checks}


def _require_processes(wanted: set[str], sweep: Sequence[Parameters]) -> None:
    """SelectionError where the checks named are of one process and every cell has several, or reversed."""
    if any(checks_of(wanted, parameters) for parameters in sweep):
        return
    named = " and ".join(sorted(wanted))
    if wanted <= PARALLEL:
        raise SelectionError(f"{named} is of a model that several processes share: add --tensor-parallel 2")
    raise SelectionError(
        f"--tensor-parallel leaves out {named}, which is of one process: leave one of the two out"
    )


def _wanted_phases(matrix: Matrix, phases: Sequence[str] | None, suite: Suite) -> set[str]:
    """Phases to time: those named, else all but those that are timed only where they are."""
    if suite is Suite.FUNCTIONAL:
        if phases:
            raise SelectionError(
                "--phase is for the throughput suite: the functional one times nothing; leave it out"
            )
        return set()
    known = {phase: phase for row in matrix.architectures for phase in row.phases}
    return {resolve("phase", name, known) for name in phases} if phases else set(known) - ASKED_FOR
