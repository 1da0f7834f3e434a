"""From a cell to its subject."""

from harness.matrix.records import Cell
from harness.suite.functional.subject import Subject
from harness.suite.models.build import tiny_model
from harness.suite.models.inputs.make import Layouts


def subject_of(cell: Cell) -> Subject:
    """Build the cell's model; whatever the library raises, it raises."""
    model = tiny_model(cell.model, cell.parameters.seed)
    return Subject(model.to(cell.torch_device), cell.torch_device, cell.parameters.seed, Layouts(model))
