"""Figures and texts as people read them."""

import statistics

from harness.results.record import Metric

SCALES = {
    "s": ((1.0, "s"), (1e-3, "ms"), (1e-6, "µs")),
    "B": ((1e9, "GB"), (1e6, "MB"), (1e3, "kB"), (1.0, "B")),
    "B/s": ((1e12, "TB/s"), (1e9, "GB/s"), (1e6, "MB/s")),
    "FLOP/s": ((1e12, "TFLOP/s"), (1e9, "GFLOP/s")),
}
"""Unit of a metric → the units it is shown in, largest first, and what each is worth."""

UNSTEADY = 0.25
"""Range over median from which the machine was disturbed, or the figure needs more rounds."""

MANY = 20
"""From so many samples on, the middle half says more than the two extremes."""


def figure(metric: Metric) -> str:
    """The value with its unit: `12.3 ms`, `1,234 tokens/s`, `32.1 GB`."""
    worth, unit = scale(metric.value, metric.unit)
    return f"{number(metric.value / worth)} {unit}"


def spread(metric: Metric) -> str:
    """From where to where the value lies, in the unit that `figure` chose.

    The extremes of the samples; from 20 samples on their quartiles, and of an estimate its interval, each
    said so; `-` for a single sample.
    """
    worth, _ = scale(metric.value, metric.unit)
    if metric.estimate is not None:
        low, high, name = metric.estimate.low, metric.estimate.high, f" ({metric.estimate.confidence:.0%})"
    elif len(metric.samples) >= MANY:
        low, _, high = statistics.quantiles(metric.samples, n=4)
        name = " (quartiles)"
    elif len(metric.samples) > 1:
        low, high, name = min(metric.samples), max(metric.samples), ""
    else:
        return "-"
    return f"{number(low / worth)} to {number(high / worth)}{name}"


def note(metric: Metric) -> str:
    """What a reader must know beside the name: the depth, that it is unsteady, and what disturbed it."""
    if metric.estimate is not None:
        estimate = metric.estimate
        depths = ", ".join(str(depth) for depth in estimate.depths)
        notes = [f"{estimate.layers} layers from {depths}"]
    else:
        notes = [] if metric.layers is None else [f"at {metric.layers} layers only"]
        if metric.value and max(metric.samples) - min(metric.samples) > UNSTEADY * metric.value:
            notes.append("unsteady")
    disturbed = [f"disturbed: {line('; '.join(metric.disturbed))}"] if metric.disturbed else []
    return ", ".join(notes + disturbed)


def scale(value: float, unit: str) -> tuple[float, str]:
    """The largest unit in which the value is at least 1, and what it is worth."""
    units = SCALES.get(unit, ((1.0, unit),))
    return next((row for row in units if abs(value) >= row[0]), units[-1])


def number(value: float) -> str:
    """Three digits that count; no exponent between a thousandth and a billion."""
    if value == 0 or 999.5 <= abs(value) < 1e9:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def line(text: str, length: int = 160) -> str:
    """The first line that says something, safe on a terminal: what a container wrote may hold escapes."""
    first = next((part for part in text.splitlines() if part.strip()), "").strip()
    safe = "".join(letter if letter.isprintable() else "?" for letter in first[: length + 1])
    return safe if len(safe) <= length else f"{safe[:length]}…"
