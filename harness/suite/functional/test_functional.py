"""The functional suite: one test a cell and check."""

import pytest

from harness.matrix.cells import Cell
from harness.suite.functional.checks import CHECKS
from harness.suite.functional.subject import CheckFailed, Subject
from harness.suite.latest import Latest
from harness.suite.plugin import FINDING


def test_check(cell: Cell, check: str, subjects: Latest[Subject], request: pytest.FixtureRequest) -> None:
    """The check's deviation is within the cell's tolerance."""
    finding, limit = CHECKS[check].run(subjects.of(cell)), cell.tolerances[check]
    request.node.stash[FINDING] = (finding, limit)
    if not finding.deviation <= limit:  # written so that NaN fails
        raise CheckFailed(f"deviation {finding.deviation:.3g} over tolerance {limit:g}; {finding.detail}")
