"""Models × device × suite × parameters → cells → batches."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, fields, replace
from datetime import UTC, date, datetime
from itertools import groupby

from harness.errors import SelectionError
from harness.matrix.names import check_names, resolve
from harness.matrix.records import (
    Architecture,
    Batch,
    Cell,
    Device,
    KnownFailure,
    Matrix,
    Model,
    Parameters,
    Suite,
    Tolerance,
)

TIMEOUT_S = {Suite.FUNCTIONAL: 120.0, Suite.THROUGHPUT: 900.0}
"""Seconds a cell may take where the user says nothing: ample for the slowest on two cores."""

SUITE_PARAMETERS = {
    Suite.FUNCTIONAL: {"dtype", "threads", "seed"},
    Suite.THROUGHPUT: {"dtype", "threads", "seed", "rounds", "budget_s"},
}
"""Parameters that a suite reads, beside the axes of a throughput cell's architecture."""

AXIS_MARKS = {"batch": "b", "input_tokens": "i", "output_tokens": "o"}
"""How an axis stands in a cell's id."""

REFERENCE_DTYPE = "float32"
"""What the functional suite builds its models in; its tolerances are for that."""

LEAST = {
    "batch": 1,
    "input_tokens": 1,
    "output_tokens": 2,
    "threads": 1,
    "rounds": 1,
    "budget_s": 1,
    "seed": 0,
}
"""Least value of each parameter. The time of an output token is that of the tokens after the first: two."""


def plan(
    matrix: Matrix,
    models: Iterable[Model],
    device: Device,
    suite: Suite,
    parameters: Parameters,
    *,
    checks: Sequence[str] | None = None,
    timeout_s: float | None = None,
    today: date | None = None,
) -> tuple[Cell, ...]:
    """A functional cell a model and class, a throughput cell a model, in the order given.

    `checks` are names as typed; a model to which none of them applies has no cell. `today` decides which
    known failures have expired; it is UTC's date unless given. SelectionError where a name, a dtype or a
    number does not fit.
    """
    _require_sane(parameters, device, suite, timeout_s)
    wanted = _wanted_checks(matrix, checks, suite)
    today = today or datetime.now(UTC).date()
    cells = []
    for model in models:
        architecture = matrix.architecture(model.architecture)
        own = tuple(check for check in architecture.checks if check in wanted)
        read = _read_by(suite, architecture, parameters)
        for pair in _pairs(model, suite) if own else ():
            cell = _cell(matrix, pair, device, suite, read, checks=own, today=today)
            cells.append(cell if timeout_s is None else replace(cell, timeout_s=timeout_s))
    if not cells:
        raise SelectionError(
            f"none of the models has the check {' or '.join(checks or ())}: name another check or model"
        )
    return tuple(cells)


def batches(cells: Iterable[Cell], device: Device, *, one_cell_each: bool) -> tuple[Batch, ...]:
    """The cells of a device in batches: each alone, or all of a suite together."""
    if one_cell_each:
        return tuple(Batch(id=cell.id, device=device, cells=(cell,)) for cell in cells)
    ordered = sorted(cells, key=lambda cell: cell.suite)
    return tuple(
        Batch(id=f"{device.id}-{suite}", device=device, cells=tuple(group))
        for suite, group in groupby(ordered, key=lambda cell: cell.suite)
    )


def cell_id(model: Model, device: Device, suite: Suite, parameters: Parameters, axes: Iterable[str]) -> str:
    """Safe as a file's name, the same on every machine, different where what is measured differs."""
    pair = [model.id, model.model_class] if suite is Suite.FUNCTIONAL else [model.id]
    parts = [*pair, device.id, suite.value, parameters.dtype]
    if suite is Suite.THROUGHPUT:
        parts += [f"{AXIS_MARKS[axis]}{getattr(parameters, axis)}" for axis in axes]
    if parameters.threads is not None:
        parts.append(f"t{parameters.threads}")
    if parameters.seed:
        parts.append(f"s{parameters.seed}")
    return "-".join(parts)


def tolerance(rows: Iterable[Tolerance], check: str, model: Model, device: Device) -> float:
    """The limit of the narrowest row that holds: by class, then model, then architecture, then device."""
    matching = [
        row
        for row in rows
        if row.check == check
        and row.model_class in {None, model.model_class}
        and row.model in {None, model.id}
        and row.architecture in {None, model.architecture}
        and row.device in {None, device.id}
    ]
    # Two rows as narrow as each other would be the same row, which `load` refuses.
    return max(
        matching,
        key=lambda row: (bool(row.model_class), bool(row.model), bool(row.architecture), bool(row.device)),
    ).limit


def ledger(
    rows: Iterable[KnownFailure], checks: Iterable[str], model: Model, device: Device, today: date
) -> dict[str, dict[str, str | None]]:
    """Check → its row of known failures that has not expired: by class before by device, where several hold.

    Whether `versions` hold is judged inside, by those that are installed there.
    """
    matching = [
        row
        for row in rows
        if row.check in checks
        and row.model == model.id
        and row.model_class in {None, model.model_class}
        and row.device in {None, device.id}
        and date.fromisoformat(row.expires) >= today
    ]
    matching.sort(key=lambda row: (bool(row.model_class), bool(row.device)))
    return {row.check: asdict(row) for row in matching}


def _pairs(model: Model, suite: Suite) -> tuple[Model, ...]:
    """The row once for each class that has a cell, with that class alone."""
    classes = model.classes if suite is Suite.FUNCTIONAL else model.classes[:1]
    return tuple(replace(model, classes=(name,)) for name in classes)


def _cell(
    matrix: Matrix,
    model: Model,
    device: Device,
    suite: Suite,
    parameters: Parameters,
    *,
    checks: tuple[str, ...],
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
        phases=architecture.phases if suite is Suite.THROUGHPUT else (),
        tolerances={check: tolerance(matrix.tolerances, check, model, device) for check in checks},
        known_failures=ledger(matrix.known_failures, checks, model, device, today),
        timeout_s=TIMEOUT_S[suite],
    )


def _read_by(suite: Suite, architecture: Architecture, parameters: Parameters) -> Parameters:
    """The parameters that change this cell, the others at their defaults: equal ids mean equal cells."""
    axes = set(architecture.axes) if suite is Suite.THROUGHPUT else set()
    read = SUITE_PARAMETERS[suite] | axes
    return replace(
        Parameters(),
        **{row.name: getattr(parameters, row.name) for row in fields(Parameters) if row.name in read},
    )


def _wanted_checks(matrix: Matrix, checks: Sequence[str] | None, suite: Suite) -> set[str]:
    known = {check: check for check in check_names(matrix)}
    if not checks:
        return set(known)
    if suite is Suite.THROUGHPUT:
        raise SelectionError(
            "--check is for the functional suite: every check gates a throughput cell; leave it out"
        )
    return {resolve("check", name, known) for name in checks}


def _require_sane(parameters: Parameters, device: Device, suite: Suite, timeout_s: float | None) -> None:
    for name, least in LEAST.items():
        value = getattr(parameters, name)
        if value is not None and value < least:
            option = name.removesuffix("_s").replace("_", "-")
            raise SelectionError(f"--{option} {value} is too small: give {least} or more")
    if timeout_s is not None and timeout_s <= 0:
        raise SelectionError(f"--timeout {timeout_s:g} is too small: give seconds, more than 0")
    if suite is Suite.FUNCTIONAL and parameters.dtype != REFERENCE_DTYPE:
        raise SelectionError(
            f"--dtype {parameters.dtype} is for the throughput suite: functional checks run in "
            f"{REFERENCE_DTYPE}, and bf16_vs_fp32 compares bfloat16 with it; leave it out"
        )
    if parameters.dtype not in device.dtypes:
        raise SelectionError(
            f"{device.id} has no dtype {parameters.dtype!r}; it has {', '.join(device.dtypes)}"
        )
