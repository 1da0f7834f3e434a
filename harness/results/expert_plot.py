"""The picture of expert use: a row a layer, a column an expert, the load of each against an even one."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from harness.errors import ResultsError
from harness.results.expert_use import Use
from harness.results.pictures import GREY, svg

COLOURS = "viridis"
"""Lightness grows with the load, so that it reads in grey as well."""
ACROSS, UP = 0.09, 0.14
"""Inches of an expert and of a layer."""
NARROWEST, LOWEST, BESIDE = 3.0, 1.2, 1.6
"""Inches of a panel at least, and of what stands around it."""

NAMES = 16
"""Of layers or experts along a panel, at most."""


def draw(path: Path, found: Sequence[Use]) -> None:
    """Draw a panel for each of the uses that was measured; ResultsError where none was."""
    shown = [use for use in found if use.layers]
    if not shown:
        raise ResultsError(
            "expert use was measured of nothing here, so there is nothing to draw: `harness results experts` "
            "says why"
        )
    widths = [max(NARROWEST, ACROSS * _experts(use)) for use in shown]
    heights = [max(LOWEST, UP * len(use.layers)) for use in shown]
    with svg(path, max(widths) + BESIDE, sum(heights) + BESIDE * len(shown)) as figure:
        figure.suptitle("Tokens sent to an expert, over an even share", fontsize=9)
        panels = figure.subplots(len(shown), 1, squeeze=False, height_ratios=heights)
        for (panel,), use in zip(panels, shown, strict=True):
            bar = figure.colorbar(_panel(panel, use), ax=panel)
            bar.outline.set_edgecolor(GREY)


def _panel(panel: Any, use: Use) -> Any:
    """One use, its first layer on top; layers with fewer experts end earlier."""
    width = _experts(use)
    loads = [[*row.loads, *[float("nan")] * (width - len(row.loads))] for row in use.layers]
    mesh = panel.pcolormesh(loads, vmin=0, cmap=COLOURS)
    panel.invert_yaxis()
    data = "" if use.data == "hub" else f" ({use.data})"
    panel.set_title(f"{use.model} on {use.dataset}{data}", fontsize=9)
    panel.set_xlabel("expert")
    panel.set_ylabel("layer")
    _tick(panel.set_xticks, [str(expert) for expert in range(width)])
    _tick(panel.set_yticks, [_number(place, row.layer) for place, row in enumerate(use.layers)])
    return mesh


def _tick(put: Callable[..., Any], names: Sequence[str]) -> None:
    """Names at the middle of their fields, as many as have room."""
    step = -(-len(names) // NAMES)
    put([place + 0.5 for place in range(0, len(names), step)], names[::step])


def _experts(use: Use) -> int:
    return max(len(row.counts) for row in use.layers)


def _number(place: int, layer: int | None) -> str:
    return str(place if layer is None else layer)
