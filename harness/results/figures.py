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
"""Range over figure from which it needs more processes or rounds, or a calmer machine."""

MANY = 20
"""From so many samples on, the middle half says more than the two extremes."""


def figure(metric: Metric) -> str:
    """The value with its unit: `12.3 ms`, `1,234 tokens/s`, `32.1 GB`."""
    worth, unit = scale(metric.value, metric.unit)
    return f"{number(metric.value / worth)} {unit}"


def spread(metric: Metric) -> str:
    """From where to where the value lies, in the unit that `figure` chose.

    Of several processes the interval between them, of an estimate its own, each with its confidence. Of one
    process the extremes of its samples, from 20 samples on their quartiles; `-` for a single sample.
    """
    worth, _ = scale(metric.value, metric.unit)
    interval = metric.estimate or metric.interval
    if interval is not None:
        low, high, name = interval.low, interval.high, f" ({interval.confidence:.0%})"
    elif len(metric.samples) >= MANY:
        low, _, high = statistics.quantiles(metric.samples, n=4)
        name = " (quartiles)"
    elif len(metric.samples) > 1:
        low, high, name = min(metric.samples), max(metric.samples), " (extremes)"
    else:
        return "-"
    return f"{number(low / worth)} to {number(high / worth)}{name}"


def repetition(metric: Metric) -> str:
    """Processes × rounds of the one that had most: `5×4`; `-` for an estimate."""
    if not metric.samples:
        return "-"
    return f"{len(metric.processes) or 1}×{max(metric.processes or (len(metric.samples),))}"


def note(metric: Metric) -> str:
    """What a reader must know beside the name: the depth, that it is unsteady, unsettled or disturbed."""
    notes = []
    if metric.estimate is not None:
        depths = ", ".join(str(depth) for depth in metric.estimate.depths)
        notes.append(f"{metric.estimate.layers} layers from {depths}")
    elif metric.layers is not None:
        notes.append(f"at {metric.layers} layers only")
    if _unsteady(metric):
        notes.append("unsteady")
    if metric.unsettled:
        notes.append("never settled")
    if metric.disturbed:
        notes.append("disturbed")
    return ", ".join(notes)


def _unsteady(metric: Metric) -> bool:
    """Whether the figure lies anywhere in a range so wide that it decides little."""
    ends = metric.samples if metric.interval is None else (metric.interval.low, metric.interval.high)
    return bool(ends) and max(ends) - min(ends) > UNSTEADY * abs(metric.value)


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
