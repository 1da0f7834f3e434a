"""From what several processes timed to the figures of a cell, measured or estimated, each with its interval.

Rounds of one process share what befell it, so a figure is the median of the processes' medians, and its
interval that between processes (`results.intervals`). Torch is not needed here, and not imported.
"""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import groupby
from statistics import median

import numpy as np

from harness.results.intervals import between_processes
from harness.results.record import Metric
from harness.suite.throughput.estimate import estimate
from harness.suite.throughput.timed import Figure, Timed

ITL = {"itl_p50": 0.5, "itl_p90": 0.9, "itl_p99": 0.99}
"""Metric → quantile of the gaps between successive tokens."""
NUMBER = re.compile(r"\d+(?:\.\d+)?")


def merged(timed: Iterable[Timed]) -> list[Metric]:
    """The metrics of all phases, in the order in which the phases were first timed."""
    rows = list(timed)
    order = list(dict.fromkeys(row.phase for row in rows))
    rows.sort(key=lambda row: order.index(row.phase))  # stable: processes stay in their order
    return [metric for _, group in groupby(rows, key=lambda row: row.phase) for metric in _phase(list(group))]


def _phase(processes: Sequence[Timed]) -> list[Metric]:
    """The metrics of one phase, of the processes that timed it."""
    first = processes[0]
    found = [
        metric
        for figure in first.figures
        for metric in (_measured(figure, processes), *_whole(figure, processes))
    ]
    found += _itl(processes)
    found += _amounts(processes)
    disturbed, unsettled = _disturbed(processes), _unsettled(processes)
    return [replace(metric, disturbed=disturbed, unsettled=unsettled) for metric in found]


def combined(
    name: str, unit: str, phase: str, samples: Sequence[Sequence[float]], layers: int | None = None
) -> Metric:
    """A metric of the samples of each process, of which none is empty."""
    interval = between_processes(samples)
    return Metric(
        name=name,
        unit=unit,
        phase=phase,
        value=median(map(median, samples)),
        samples=tuple(sample for one in samples for sample in one),
        processes=tuple(len(one) for one in samples),
        interval=interval,
        layers=layers,
    )


def _measured(figure: Figure, processes: Sequence[Timed]) -> Metric:
    """The figure at the depth that is loaded."""
    samples = [[figure.of(s) for s in one.series(figure.series)[one.layers]] for one in processes]
    return combined(figure.name, figure.unit, processes[0].phase, samples, processes[0].layers)


def _whole(figure: Figure, processes: Sequence[Timed]) -> list[Metric]:
    """The whole model's figure, named an estimate; nothing where no depths were timed for it.

    Where the whole was timed as well, also how far the estimate is from it.
    """
    design = processes[0].design
    if design is None:
        return []
    series = [one.series(figure.series) for one in processes if one.design == design]
    by_depth = [{depth: seconds for depth, seconds in one.items() if depth is not None} for one in series]
    second, found = estimate(by_depth, design)
    value, *bounds = (figure.of(s, whole=True) for s in (second, found.low, found.high))
    estimated = Metric(
        name=f"{figure.name}_estimate",
        unit=figure.unit,
        phase=processes[0].phase,
        value=value,
        samples=(),
        layers=design.layers,
        estimate=replace(found, low=min(bounds), high=max(bounds)),
    )
    if processes[0].layers is not None:
        return [estimated]
    truth = _measured(figure, processes).value
    error = 100 * (value / truth - 1)
    return [estimated, combined(f"{estimated.name}_error", "%", estimated.phase, [[error]])]


def _itl(processes: Sequence[Timed]) -> list[Metric]:
    """Inter-token latency: the quantile of all processes' gaps, with each round's as a sample.

    Quantiles are interpolated (type 7 of Hyndman and Fan 1996, The American Statistician 50 361-365). Pooled,
    because a pause in one round of ten is what a high one is for. None where no tokens were marked.
    """
    by_process = [[gaps for gaps in one.gaps if gaps] for one in processes]
    pooled = [gap for rounds in by_process for gaps in rounds for gap in gaps]
    if not all(by_process):
        return []
    return [
        replace(
            combined(
                name,
                "s",
                processes[0].phase,
                [[float(np.quantile(gaps, q)) for gaps in rounds] for rounds in by_process],
                processes[0].layers,
            ),
            value=float(np.quantile(pooled, q)),
            interval=between_processes(
                [[float(np.quantile([gap for gaps in rounds for gap in gaps], q))] for rounds in by_process]
            ),
        )
        for name, q in ITL.items()
    ]


def _amounts(processes: Sequence[Timed]) -> list[Metric]:
    """What has one value a process, where every process has it."""
    found = {amount.name: amount for one in processes for amount in one.amounts}
    values = {name: [[a.value] for one in processes for a in one.amounts if a.name == name] for name in found}
    return [
        combined(name, found[name].unit, processes[0].phase, samples, processes[0].layers)
        for name, samples in values.items()
        if len(samples) == len(processes)
    ]


def _disturbed(processes: Sequence[Timed]) -> tuple[str, ...]:
    """What disturbed any of them; of several processes, in how many something did."""
    hit = [one for one in processes if one.disturbed]
    if not hit or len(processes) == 1:
        return tuple(text for one in hit for text in one.disturbed)
    worst: dict[str, str] = {}
    for text in (text for one in hit for text in one.disturbed):
        kind = NUMBER.sub("#", text)
        worst[kind] = max(worst.get(kind, text), text, key=_amount)
    return (f"{len(hit)} of {len(processes)} processes, at worst", *worst.values())


def _amount(text: str) -> float:
    """The first number of a sentence, by which those of one kind are compared."""
    found = NUMBER.search(text)
    return float(found[0]) if found else 0.0


def _unsettled(processes: Sequence[Timed]) -> str:
    """That warm-up never ended, and in how many of the processes; empty where it did or cannot be told."""
    never = Counter(one.warm_up for one in processes if one.settled is False)
    if not never:
        return ""
    words = never.most_common(1)[0][0]
    return words if len(processes) == 1 else f"{words} ({never.total()} of {len(processes)} processes)"
