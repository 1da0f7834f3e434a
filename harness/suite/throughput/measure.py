"""Rounds of a phase through pytest-benchmark, other depths interleaved, and memory beside them."""

from collections import defaultdict
from typing import Any

from harness.results.record import Metric
from harness.suite.throughput import memory
from harness.suite.throughput.clock import now
from harness.suite.throughput.metrics import metrics
from harness.suite.throughput.phases import TOTAL, Phase
from harness.suite.throughput.workload import Workload

WARMUP_ROUNDS = 1


def measure(work: Workload, phase: Phase, benchmark: Any) -> list[Metric]:
    """The phase's metrics. Each round is `prepare` untimed, then `run` timed by `benchmark.pedantic`.

    Where the model is shortened, every round is preceded by one of each shallower depth, so that a
    drift of the machine moves all depths alike.
    """
    warmups = WARMUP_ROUNDS if phase.repeats else 0
    rounds = work.cell.parameters.rounds if phase.repeats else 1
    shallow: list[tuple[int, dict[str, float]]] = []
    extras: list[dict[str, float]] = []

    def prepare() -> tuple[tuple[Any], dict[str, Any]]:
        if phase.repeats:
            shallow.extend((depth, _one_round(work, phase, depth)) for depth in work.shallow)
        return (phase.prepare(work),), {}

    def run(state: Any) -> None:
        extras.append(phase.run(work, state))

    peak_is_new = memory.reset_peak()
    benchmark.pedantic(run, setup=prepare, rounds=rounds, iterations=1, warmup_rounds=warmups)

    series: dict[str, dict[int | None, list[float]]] = defaultdict(lambda: defaultdict(list))
    series[TOTAL][work.layers] = list(benchmark.stats.stats.data)
    for extra in extras[warmups:]:
        for name, seconds in extra.items():
            series[name][work.layers].append(seconds)
    for depth, round_ in shallow[warmups * len(work.shallow) :]:
        for name, seconds in round_.items():
            series[name][depth].append(seconds)
    return metrics(work, phase.name, series) + (_memory(work, phase) if peak_is_new else [])


def _one_round(work: Workload, phase: Phase, depth: int) -> dict[str, float]:
    with work.at_depth(depth):
        state = phase.prepare(work)
        start = now()
        extra = phase.run(work, state)
        return {TOTAL: now() - start, **extra}


def _memory(work: Workload, phase: Phase) -> list[Metric]:
    """Peak resident bytes of this phase above what importing the libraries took."""
    peak = memory.peak()
    if peak is None or work.baseline is None:
        return []
    above = float(max(0, peak - work.baseline))
    return [Metric.of("peak_memory", "B", phase.name, [above], work.layers)]
