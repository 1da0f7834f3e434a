"""When a cell has been measured long enough: its intervals are narrow, or what it may take is spent.

The rule looks at the interval after each process and stops where it looks narrow, so an interval holds the
truth somewhat less often than it says: beginning with five processes, less by a twentieth, where beginning
with three it was a tenth (simulated in `tests/suite/throughput/test_stopping.py`).
"""

from collections.abc import Sequence

from harness.matrix.cells import Parameters
from harness.results.record import Metric

FEWEST = 5
"""Processes before an interval is believed: the range of so many holds the median with 94 %."""
HEADLINES = ("_time", "ttft", "tpot")
"""Ends the names of the figures that decide; rates are the same seconds, and peaks hardly vary."""


def stop(metrics: Sequence[Metric], parameters: Parameters, spent_s: Sequence[float]) -> str | None:
    """Why no further process is needed, in words; None where one is.

    `metrics` are of the processes so far, `spent_s` the seconds that each of them took.
    """
    done, budget = len(spent_s), parameters.budget_s
    wide = widest(metrics)
    if done >= FEWEST and wide is not None and wide <= parameters.interval:
        return f"every interval is within {parameters.interval:.0%} after {done} processes"
    if done >= parameters.processes:
        return "the one process asked for was run" if done == 1 else f"all {done} processes were run"
    if sum(spent_s) + max(spent_s, default=0.0) > budget:
        return f"another process would pass the budget of {budget:g} s after {done}"
    return None


def widest(metrics: Sequence[Metric]) -> float | None:
    """The widest interval of the figures that decide, as a share of the figure; None where none has one."""
    widths = [
        metric.interval.relative_width
        for metric in metrics
        if metric.interval is not None and metric.name.endswith(HEADLINES)
    ]
    return max(widths, default=None)
