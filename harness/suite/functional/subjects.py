"""From a cell to its subject."""

from pathlib import Path

from harness.matrix.cells import Cell
from harness.suite.functional.kept import Kept
from harness.suite.functional.subject import Subject
from harness.suite.models.build import tiny_model
from harness.suite.models.inputs.make import Layouts
from harness.suite.models.rules import width_for


def subject_of(cell: Cell, out: Path | None = None) -> Subject:
    """Build the cell's model; whatever the library raises, it raises.

    `out` is the attempt's output, where the subject's references are kept; None keeps none.
    """
    ranks = cell.parameters.tensor_parallel
    model = tiny_model(cell.model, cell.parameters.seed, width_for(ranks))
    subject = Subject(
        model.to(cell.torch_device),
        cell.torch_device,
        cell.parameters.seed,
        Layouts(model),
        ranks=ranks,
    )
    if out is not None:
        subject.remember = Kept(cell, subject, out).remember
    return subject
