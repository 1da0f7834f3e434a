"""How long cells took in past runs: what CI jobs are balanced by."""

import statistics
from collections.abc import Iterable
from typing import Any

from harness.matrix.cells import Parameters
from harness.matrix.ci.durations import ASSUMED_S, Duration
from harness.matrix.parameters import read_by
from harness.matrix.records import Suite
from harness.results.record import Outcome, Result

WHOLE = {Outcome.PASSED, Outcome.FAILED, Outcome.XFAILED, Outcome.XPASSED, Outcome.TIMEOUT}
"""Outcomes of cells that took the time they take; others ended before."""
AXES = ("batch", "input_tokens", "output_tokens")
"""What a cell may read beside what its suite does: of each architecture."""


def durations(results: Iterable[Result], known: Iterable[Duration] = ()) -> tuple[Duration, ...]:
    """A row a model, device and suite, in this order: the median of its cells' seconds.

    Only cells that did not end early count, with the parameters that jobs run with: the defaults. A row of
    `known` stands where the results have none.
    """
    taken: dict[tuple[str, str, str], list[float]] = {}
    for result in results:
        cell = result.cell
        whole = result.outcome in WHOLE and cell["suite"] in ASSUMED_S
        if whole and _is_default(Suite(cell["suite"]), cell["parameters"]):
            key = (cell["model"]["id"], cell["device"], str(cell["suite"]))
            taken.setdefault(key, []).append(result.report.seconds)
    rows = {(row.model, row.device, row.suite): row for row in known} | {
        (model, device, suite): Duration(
            model=model,
            device=device,
            suite=suite,
            seconds=round(statistics.median(seconds), 3),
            cells=len(seconds),
        )
        for (model, device, suite), seconds in taken.items()
    }
    return tuple(rows[key] for key in sorted(rows))


def _is_default(suite: Suite, parameters: dict[str, Any]) -> bool:
    """Whether all that a cell of the suite reads is at its default."""
    return read_by(suite, AXES, Parameters(**parameters)) == Parameters()
