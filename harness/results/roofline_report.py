"""What a machine was measured to do, each point beside the roof that it is under."""

from collections.abc import Iterator, Sequence

from rich.bar import Bar
from rich.table import Table

from harness.results.accelerators import ARITHMETIC_ROOF, MEMORY_ROOF
from harness.results.figures import figure, note, spread
from harness.results.overview import Row
from harness.results.record import Metric, Result

BAR = 24
"""Columns of a whole bar."""


def rooflines(rows: Sequence[Row], table: Table) -> Iterator[Table]:
    """A row a point, and a bar for its share of the roof; `table` is empty."""
    for heading in ("dtype, threads", "point"):
        table.add_column(heading, no_wrap=True)
    for heading in ("figure", "min to max", "n"):
        table.add_column(heading, justify="right", overflow="fold")
    table.add_column("of the roof", justify="right")
    table.add_column("", width=BAR)
    table.add_column("note", overflow="fold")
    for cell, result in rows:
        who = f"{cell.parameters.dtype}, {result.report.facts.get('threads', '?')}"
        for metric in result.report.metrics:
            share = share_of_roof(metric, result)
            table.add_row(
                who,
                metric.name,
                figure(metric),
                spread(metric),
                str(len(metric.samples)),
                "" if share is None else f"{share:.0%}",
                "" if share is None else Bar(1.0, 0.0, min(share, 1.0), width=BAR),
                note(metric),
            )
            who = ""
        if not result.report.metrics:
            table.add_row(who, "", result.outcome.value, "", "", "", "", result.report.message[:160])
    yield table


def share_of_roof(metric: Metric, result: Result) -> float | None:
    """What the point reached of what its intensity allows; None for the roofs themselves, or without them.

    Attainable rate = min(peak arithmetic, bandwidth × intensity): Williams, Waterman and Patterson 2009,
    "Roofline", Communications of the ACM 52(4). A point of no arithmetic is under the bandwidth alone.
    """
    roofs = {
        row.name: row.value for row in result.report.metrics if row.name in (ARITHMETIC_ROOF, MEMORY_ROOF)
    }
    work = result.report.facts.get("points")
    point = work.get(metric.name) if isinstance(work, dict) else None
    if len(roofs) < 2 or not (isinstance(point, list | tuple) and len(point) == 2):
        return None
    flops, moved = (float(part) for part in point)
    if not flops:
        return metric.value / roofs[MEMORY_ROOF]
    return metric.value / min(roofs[ARITHMETIC_ROOF], roofs[MEMORY_ROOF] * flops / moved)
