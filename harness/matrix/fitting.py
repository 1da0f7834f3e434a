"""How many questions at once: as the preset has it, or as few as are known to fit."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from harness.matrix.asked import Asked
from harness.matrix.cells import Cell

BATCH = "batch_size"
"""Option of an engine: questions at once."""


def asked_alike(cell: Mapping[str, Any]) -> str:
    """What a batch that fits one cell, as JSON has it, says of another: they have all of this in common."""
    questions, parameters = cell["questions"], cell["parameters"]
    alike = (
        questions["entry"],
        questions["engine"],
        questions["weights"],
        cell["device"],
        parameters["dtype"],
        str(parameters["tensor_parallel"]),
        str(questions["options"].get("max_length")),
    )
    return " ".join(alike)


def fitting(cell: Cell, asked: Asked, batches: Mapping[str, int]) -> Cell:
    """The cell with the batch that is known to fit, where that is smaller and none was typed."""
    assert cell.questions is not None
    told = cell.questions.options
    fits = batches.get(asked_alike(cell.to_json()))
    if asked.batch is not None or fits is None or fits >= told.get(BATCH, 0):
        return cell
    return replace(cell, questions=replace(cell.questions, options=told | {BATCH: fits}))
