"""The throughput suite: one pytest-benchmark test a phase and process, after the cell's checks."""

from dataclasses import replace
from typing import Any

import pytest

from harness.matrix.cells import Cell
from harness.suite.inside import Inside
from harness.suite.latest import Latest
from harness.suite.throughput.crosscheck import check_phases, check_prompt
from harness.suite.throughput.measure import measure
from harness.suite.throughput.metrics import utilisation
from harness.suite.throughput.phases import PHASES
from harness.suite.throughput.work_done import work_of
from harness.suite.throughput.workload import Workload


def test_phase(cell: Cell, phase: str, inside: Inside, workloads: Latest[Workload], benchmark: Any) -> None:
    """Time the phase; where a check of this cell did not pass, nothing is timed."""
    if closed := inside.attempt.closed_gate():
        pytest.skip(closed)
    work = workloads.of(cell)
    timed = measure(work, PHASES[phase], benchmark)
    if PHASES[phase].repeats:  # a load reads no prompt
        check_prompt(work)
    work.timed.append(timed)
    if "others" not in timed.unread:  # else nobody can say whether two phases met the same machine
        check_phases(work.timed)
    if inside.process == 0 and inside.roof is not None:  # what is counted is the same in each process
        held = utilisation(phase, work_of(work, phase), inside.roof.roof)
        timed = replace(timed, figures=(*timed.figures, *held))
    inside.measured(
        timed, work.facts() | {"shapes": work.shapes(), "disturbances_unread": list(timed.unread)}
    )
    inside.benchmarked(phase, benchmark.stats)
