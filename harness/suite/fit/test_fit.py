"""The fit suite: one test a model, which leaves the sheet."""

from harness.matrix.cells import Cell
from harness.results.sheet import COUNTER, counter
from harness.suite.fit.sheet import sheet
from harness.suite.forks import Say
from harness.suite.remote import brought


def test_sheet(cell: Cell, count: str, say: Say) -> None:  # noqa: ARG001 — makes it a test of fit cells
    """Count what the model needs."""
    say({"found": {"sheet": sheet(brought(cell).model).to_json(), "facts": {COUNTER: counter()}}})
