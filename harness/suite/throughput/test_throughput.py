"""The throughput suite: one pytest-benchmark test a cell and phase, after the cell's checks."""

from typing import Any

import pytest

from harness.matrix.records import Cell
from harness.suite.door import Attempt
from harness.suite.latest import Latest
from harness.suite.throughput import disturbances
from harness.suite.throughput.crosscheck import check_phases, check_prompt
from harness.suite.throughput.measure import measure
from harness.suite.throughput.phases import PHASES
from harness.suite.throughput.workload import Workload


def test_phase(cell: Cell, phase: str, attempt: Attempt, workloads: Latest[Workload], benchmark: Any) -> None:
    """Time the phase; where a check of this cell did not pass, nothing is timed."""
    if closed := attempt.closed_gate():
        pytest.skip(closed)
    work = workloads.of(cell)
    attempt.facts |= work.facts()
    found = measure(work, PHASES[phase], benchmark)
    if PHASES[phase].of_model and PHASES[phase].repeats:  # a load reads no prompt
        check_prompt(work)
    unread = disturbances.read().unread
    if "others" not in unread:  # else nobody can say whether two phases met the same machine
        check_phases([*attempt.metrics, *found], cell.parameters.output_tokens)
    attempt.metrics += found
    attempt.facts["shapes"] = work.shapes()
    attempt.facts["disturbances_unread"] = list(unread)
