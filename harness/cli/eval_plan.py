"""`harness eval --dry-run`: who would be asked what, how, and who would not and why."""

import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

import click

from harness.evaluating import Evaluating, evaluates
from harness.matrix.cells import Cell, Parameters
from harness.matrix.devices import Device
from harness.matrix.evaluation import Evaluation, evaluation
from harness.matrix.names import resolve
from harness.matrix.names import varied as varied_device
from harness.matrix.presets import ENGINES
from harness.matrix.questions import Questions
from harness.matrix.records import Matrix
from harness.results.registry_report import hub_id

GB = 1e9


def carry_out(
    _: click.Context,
    matrix: Matrix,
    evaluating: Evaluating,
    varied: tuple[Parameters, ...],
    options: Mapping[str, Any],
    *,
    as_json: bool,
) -> int:
    """Print what would be asked; the exit code."""
    name = options["device"].partition(":")[0]
    device = varied_device(
        resolve("device", name, {row.id: row for row in matrix.devices}), options["variant"]
    )
    found = evaluation(matrix, device, evaluating.asked, varied, evaluating.sources.here(matrix))
    named = options["variant"] or options["python"]  # else the image that evaluates
    image = device if named else varied_device(device, evaluates(device, evaluating.asked.engine))
    document = to_json(matrix, image, found) if as_json else None
    click.echo(json.dumps(document) if as_json else "\n".join(lines(matrix, image, found)))
    return 0


def lines(matrix: Matrix, device: Device, planned: Evaluation) -> Iterator[str]:
    """A paragraph a model: its weights, what its engine is told, and each dataset."""
    asked = [cell for cell in planned.cells if not _questions(cell).skip]
    models = {_questions(cell).entry for cell in asked}
    yield (
        f"{len(asked)} of {len(planned.cells)} cells would be asked, of {len(models)} models, "
        f"on {device.id} in the image {device.image}"
    )
    for entry, cells in groupby(planned.cells, key=lambda cell: _questions(cell).entry):
        yield from _model(matrix, entry, list(cells))
    for entry, reason in planned.left_out.items():
        yield f"{entry}: left out: {reason}"


def to_json(matrix: Matrix, device: Device, planned: Evaluation) -> dict[str, Any]:
    """The same as one document."""
    return {
        "device": device.id,
        "image": device.image,
        "cells": [
            {
                "id": cell.id,
                "hub_id": _hub_id(matrix, cell),
                "timeout_s": cell.timeout_s,
                "parameters": {
                    "dtype": cell.parameters.dtype,
                    "tensor_parallel": cell.parameters.tensor_parallel,
                },
                **_questions(cell).to_json(),
            }
            for cell in planned.cells
        ],
        "left_out": dict(planned.left_out),
    }


def _model(matrix: Matrix, name: str, cells: Sequence[Cell]) -> Iterator[str]:
    first = _questions(cells[0])
    entry = next(row for row in matrix.registry.entries if row.id == name)
    size = f"{entry.bytes / GB:,.1f} GB" if entry.bytes else "size unknown"
    given = " ".join(f"{option}={value}" for option, value in first.options.items())
    engine = ENGINES[first.engine].model
    yield f"{name}: {hub_id(matrix, entry)}, {size}, preset {first.preset}; {engine} {given}".rstrip()
    for cell in cells:
        asked = _questions(cell)
        if asked.skip:
            yield f"  {asked.dataset:<20} skipped: {asked.skip}"
            continue
        count = "all questions" if asked.samples is None else f"{asked.samples} questions"
        times = f" {asked.repeats} times" if asked.repeats > 1 else ""
        task = asked.task or f"judged by {asked.judge_model}"
        yield (
            f"  {asked.dataset:<20} {task}, {count}{times} of {asked.data}, "
            f"up to {asked.max_tokens} tokens and {asked.sample_s:g} s each; {asked.score}"
        )


def _questions(cell: Cell) -> Questions:
    assert cell.questions is not None
    return cell.questions


def _hub_id(matrix: Matrix, cell: Cell) -> str | None:
    name = _questions(cell).entry
    return next((hub_id(matrix, row) for row in matrix.registry.entries if row.id == name), None)
