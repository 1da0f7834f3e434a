"""Pictures as this project draws them: SVG by matplotlib, readable on light pages and on dark ones."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from harness.errors import ResultsError

GREY = "#767676"
"""Contrast 4.5 to 1 on white, 4.2 on #0d1117 where code hosts are dark; WCAG 2 asks for 4.5 of small text."""
STYLE = {
    "svg.fonttype": "none",  # text stays text, in the reader's font
    "svg.hashsalt": "harness",  # the same points make the same file
    "font.family": "sans-serif",
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    **dict.fromkeys(("text.color", "axes.edgecolor", "axes.labelcolor", "xtick.color", "ytick.color"), GREY),
}


@contextmanager
def drawing() -> Iterator[None]:
    """ResultsError where a library is missing that is imported inside: none is needed but to draw."""
    try:
        yield
    except ImportError as error:
        raise ResultsError(
            f"a picture takes {error.name}: `python -m pip install -e '.[plot]'`, or leave out --plot"
        ) from error


@contextmanager
def svg(path: Path, width: float, height: float) -> Iterator[Any]:
    """A figure of that size in inches, written when it is left; ResultsError where it cannot be."""
    with drawing():
        from matplotlib import rc_context  # noqa: PLC0415 — a second, and only where something is drawn
        from matplotlib.figure import Figure  # noqa: PLC0415
    with rc_context(STYLE):
        figure = Figure(figsize=(width, height), layout="constrained")
        yield figure
        try:
            figure.savefig(path, format="svg", transparent=True, metadata={"Date": None})
        except OSError as error:
            raise ResultsError(f"{path} cannot be written: {error.strerror}; name another file") from error
