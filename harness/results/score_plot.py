"""The picture of quality against speed and memory, as SVG, drawn by matplotlib."""

import math
from itertools import pairwise
from pathlib import Path
from textwrap import fill
from typing import Any

from harness.errors import ResultsError
from harness.results.figures import number
from harness.results.pareto import AXES, Against, Picture, Point, front
from harness.results.pictures import GREY, drawing, svg

BLUE, ORANGE = "#3987c9", "#d55e00"
"""Points, and those of the front with its line; the marks' form tells them too."""
WIDTH, HEIGHT = 6.0, 4.5
"""Of a panel, in inches, with as many points as have room for their names there."""
ROOM = 15
"""Such points; with more, panels grow so that each keeps as much."""
LETTERS = 16
"""Of the title, to an inch."""


def draw(path: Path, shown: Picture) -> None:
    """Draw a panel for each cost that was measured of somebody; ResultsError where that cannot be."""
    axes = [axis for axis in AXES if any(axis.value(point) is not None for point in shown.points)]
    if not axes:
        raise ResultsError(
            "neither time nor memory was measured, so scores cannot be drawn against them: leave out --plot"
        )
    with drawing():
        from matplotlib.ticker import LogLocator, NullLocator  # noqa: PLC0415 — a second, and only where it draws
        from textalloc import allocate  # noqa: PLC0415
    growth = max(1.0, math.sqrt(len(shown.points) / ROOM))
    width = growth * WIDTH * len(axes)
    with svg(path, width, growth * HEIGHT) as figure:
        figure.suptitle(fill(_title(shown), round(LETTERS * width)), fontsize=9)
        for panel, axis in zip(figure.subplots(1, len(axes), squeeze=False)[0], axes, strict=True):
            _panel(panel, shown, axis)
            panel.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
            panel.xaxis.set_minor_locator(NullLocator())
            figure.draw_without_rendering()  # labels are placed where points have come to lie
            _label(allocate, panel, shown, axis)


def _title(shown: Picture) -> str:
    """What the picture is of, and what it is not."""
    names = ", ".join(column.dataset for column in shown.columns)
    count = sum(column.count for column in shown.columns)
    alike = f"mean of {names}, each counting alike" if len(shown.columns) > 1 else names
    data = {column.data.upper() for column in shown.columns if not column.is_benchmark}
    sample = f"; DATA OF {' AND '.join(sorted(data))}, NO BENCHMARK" if data else ""
    left = f"; not asked all of it: {', '.join(shown.left_out)}" if shown.left_out else ""
    return f"Score: {alike}; {count} questions, 95% intervals{sample}; dashed: nobody is better in both{left}"


def _panel(panel: Any, shown: Picture, axis: Against) -> None:
    best = front(shown.points, axis)
    for points, colour, mark in (
        ([point for point in shown.points if point not in best], BLUE, "o"),
        (best, ORANGE, "D"),
    ):
        known = [(value, point) for point in points if (value := axis.value(point)) is not None]
        panel.errorbar(
            [value for value, _ in known],
            [100 * point.quality.value for _, point in known],
            yerr=[[_below(point) for _, point in known], [_above(point) for _, point in known]],
            fmt=mark,
            color=colour,
            markersize=4,
            elinewidth=0.8,
            capsize=2,
        )
    panel.step(
        [axis.value(point) for point in best],
        [100 * point.quality.value for point in best],
        where="post",
        color=ORANGE,
        linewidth=1,
        linestyle="--",
    )
    panel.set_xscale("log")
    panel.set_xlabel(f"{axis.label} ({'more' if axis.more_is_better else 'less'} is better)")
    panel.set_ylabel("score, %")
    panel.xaxis.set_major_formatter(lambda value, _: number(value))


def _label(allocate: Any, panel: Any, shown: Picture, axis: Against) -> None:
    """Names beside their points, away from what else is drawn as far as there is room."""
    known = [(value, point) for point in shown.points if (value := axis.value(point)) is not None]
    across, up = [value for value, _ in known], [100 * point.quality.value for _, point in known]
    best = [(axis.value(point), 100 * point.quality.value) for point in front(shown.points, axis)]
    bars = [((value, value), (100 * point.quality.low, 100 * point.quality.high)) for value, point in known]
    levels = [((one[0], other[0]), (one[1], one[1])) for one, other in pairwise(best)]
    lines = bars + levels
    allocate(
        panel,
        across,
        up,
        [point.name for _, point in known],
        x_scatter=across,
        y_scatter=up,
        x_lines=[ends for ends, _ in lines],
        y_lines=[ends for _, ends in lines],
        textsize=8,
        textcolor=GREY,
        linecolor=GREY,
        linewidth=0.5,
    )


def _below(point: Point) -> float:
    return 100 * (point.quality.value - point.quality.low)


def _above(point: Point) -> float:
    return 100 * (point.quality.high - point.quality.value)
