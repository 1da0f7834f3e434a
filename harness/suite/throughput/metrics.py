"""From the seconds of rounds to the figures people ask for, measured or estimated."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from harness.results.record import Metric
from harness.suite.roofline.ceilings import COPY, square
from harness.suite.throughput.depth import estimate
from harness.suite.throughput.phases import TOTAL, TPOT, TTFT
from harness.suite.throughput.workload import Workload

Series = Mapping[int | None, list[float]]
"""Depth → seconds, one entry a round; the depth is None where the whole model is loaded."""


@dataclass(frozen=True, slots=True)
class Derived:
    """A metric as a monotone function of one series' seconds; None where the model has no such figure."""

    name: str
    unit: str
    series: str
    of: Callable[[Workload, float], float | None]


def _seconds(_: Workload, seconds: float) -> float:
    return seconds


def _step(work: Workload, seconds: float) -> float:
    return seconds / (work.cell.parameters.output_tokens - 1)


def _samples_per_s(work: Workload, seconds: float) -> float:
    return work.cell.parameters.batch / seconds


def _prefill_rate(work: Workload, seconds: float) -> float | None:
    prompt = work.prompt().get("input_ids")
    return None if prompt is None else prompt.numel() / seconds


def _decode_rate(work: Workload, seconds: float) -> float:
    asked = work.cell.parameters
    return asked.batch * (asked.output_tokens - 1) / seconds


def _output_rate(work: Workload, seconds: float) -> float:
    asked = work.cell.parameters
    return asked.batch * asked.output_tokens / seconds


def _copied(_: Workload, seconds: float) -> float:
    return COPY.moved / seconds


def _multiplied(work: Workload, seconds: float) -> float:
    return square(work.device, work.dtype).flops / seconds


DERIVED: dict[str, tuple[Derived, ...]] = {
    "copy": (Derived("memory_bandwidth", "B/s", TOTAL, _copied),),
    "matmul": (Derived("matmul_rate", "FLOP/s", TOTAL, _multiplied),),
    "load": (Derived("load_time", "s", TOTAL, _seconds),),
    "forward": (
        Derived("forward_time", "s", TOTAL, _seconds),
        Derived("samples_per_s", "samples/s", TOTAL, _samples_per_s),
    ),
    "prefill": (
        Derived("prefill_time", "s", TOTAL, _seconds),
        Derived("prefill_tokens_per_s", "tokens/s", TOTAL, _prefill_rate),
    ),
    "decode": (
        Derived("decode_step_time", "s", TOTAL, _step),
        Derived("decode_tokens_per_s", "tokens/s", TOTAL, _decode_rate),
    ),
    "generate": (
        Derived("generate_time", "s", TOTAL, _seconds),
        Derived("output_tokens_per_s", "tokens/s", TOTAL, _output_rate),
        Derived("ttft", "s", TTFT, _seconds),
        Derived("tpot", "s", TPOT, _seconds),
    ),
}


ITL = {"itl_p50": 0.5, "itl_p90": 0.9, "itl_p99": 0.99}
"""Metric → quantile of the gaps between successive tokens."""


def itl(phase: str, gaps: Sequence[Sequence[float]], layers: int | None) -> list[Metric]:
    """Inter-token latency, of each round's gaps: the pooled gaps' quantile, and a round's as a sample.

    Quantiles are interpolated (type 7 of Hyndman and Fan 1996, The American Statistician 50 361-365). None
    where no tokens were marked. Pooled, because a pause in one round of ten is what a high one is for.
    """
    pooled = [gap for one in gaps for gap in one]
    if not pooled:
        return []
    return [
        Metric(
            name=name,
            unit="s",
            phase=phase,
            value=float(np.quantile(pooled, q)),
            samples=tuple(float(np.quantile(one, q)) for one in gaps),
            layers=layers,
        )
        for name, q in ITL.items()
    ]


def metrics(work: Workload, phase: str, series: Mapping[str, Series], layers: int | None) -> list[Metric]:
    """Each metric of the phase at the depth `layers` and, where that is not the whole, its estimate."""
    found: list[Metric] = []
    for derived in DERIVED[phase]:
        by_depth = series[derived.series]
        samples = [derived.of(work, seconds) for seconds in by_depth[layers]]
        known = [sample for sample in samples if sample is not None]
        if known:
            found.append(Metric.of(derived.name, derived.unit, phase, known, layers))
            found += _estimated(work, phase, derived, by_depth)
    return found


def _estimated(work: Workload, phase: str, derived: Derived, by_depth: Series) -> list[Metric]:
    """The whole model's figure, named an estimate; nothing where it was measured or only one depth was."""
    depths = {depth: seconds for depth, seconds in by_depth.items() if depth is not None}
    if len(depths) < 2:
        return []
    seconds, line = estimate(depths, work.whole_layers)
    value, *bounds = (derived.of(work, s) for s in (seconds, line.low, line.high))
    low, high = sorted(bound for bound in bounds if bound is not None)
    return [
        Metric(
            name=f"{derived.name}_estimate",
            unit=derived.unit,
            phase=phase,
            value=value or 0.0,
            samples=(),
            layers=work.whole_layers,
            estimate=replace(line, low=low, high=high),
        )
    ]
