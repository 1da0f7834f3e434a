"""The matrix's rows, and cells made of them or of small models of one's own."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import transformers

from harness.matrix.cells import Cell, Parameters
from harness.matrix.devices import Device
from harness.matrix.plan import plan
from harness.matrix.records import Checkpoint, Matrix, Model, Suite

MakeCell = Callable[..., Cell]


@pytest.fixture(scope="session", autouse=True)
def quiet() -> None:
    """No progress bars and advice of the library's among the tests' output."""
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()


@pytest.fixture(scope="session")
def rows(matrix: Matrix) -> dict[str, Model]:
    """The matrix's models by id."""
    return {model.id: model for model in matrix.models}


@pytest.fixture(scope="session")
def make_cell(matrix: Matrix, cpu: Device, rows: dict[str, Model]) -> MakeCell:
    """A function that plans a cell: a model's id, fields of a config of its own, and what to change."""

    def make(
        model: str,
        config: dict[str, Any] | None = None,
        suite: Suite = Suite.FUNCTIONAL,
        parameters: Parameters | None = None,
        **changed: Any,
    ) -> Cell:
        row = replace(rows[model], classes=rows[model].classes[:1])
        if config is not None:
            row = replace(row, checkpoint=Checkpoint(hub_id="x/y", config=config))
        (cell,) = plan(matrix, [row], cpu, suite, [parameters or Parameters()])
        return replace(cell, **changed)

    return make
