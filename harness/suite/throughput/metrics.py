"""Which figures a phase has, and how each follows from the seconds of its rounds."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from harness.suite.roofline.utilisation import Roof, mbu, mfu
from harness.suite.throughput.starting import FIRST, LATER, OVERHEAD
from harness.suite.throughput.timed import TOTAL, TPOT, TTFT, Figure
from harness.suite.throughput.work_done import Work
from harness.suite.throughput.workload import Workload


@dataclass(frozen=True, slots=True)
class Derived:
    """A figure of one series; `factor` is None where the model has no such figure."""

    name: str
    unit: str
    series: str
    factor: Callable[[Workload], float | None]
    rate: bool = False


def _one(_: Workload) -> float:
    return 1.0


def _step(work: Workload) -> float:
    return 1 / (work.cell.parameters.output_tokens - 1)


def _samples(work: Workload) -> float:
    return work.cell.parameters.batch


def _prompt(work: Workload) -> float | None:
    return work.prompt_tokens()


def _decoded(work: Workload) -> float:
    asked = work.cell.parameters
    return asked.batch * (asked.output_tokens - 1)


def _output(work: Workload) -> float:
    asked = work.cell.parameters
    return asked.batch * asked.output_tokens


DERIVED: dict[str, tuple[Derived, ...]] = {
    "fill": (Derived("fill_time", "s", TOTAL, _one),),
    "load_cold": (Derived("load_cold_time", "s", TOTAL, _one),),
    "load_warm": (Derived("load_warm_time", "s", TOTAL, _one),),
    "first_call": (
        Derived("first_call_time", "s", FIRST, _one),
        Derived("later_call_time", "s", LATER, _one),
        Derived("first_call_overhead", "s", OVERHEAD, _one),
    ),
    "forward": (
        Derived("forward_time", "s", TOTAL, _one),
        Derived("samples_per_s", "samples/s", TOTAL, _samples, rate=True),
    ),
    "prefill": (
        Derived("prefill_time", "s", TOTAL, _one),
        Derived("prefill_tokens_per_s", "tokens/s", TOTAL, _prompt, rate=True),
    ),
    "decode": (
        Derived("decode_step_time", "s", TOTAL, _step),
        Derived("decode_tokens_per_s", "tokens/s", TOTAL, _decoded, rate=True),
    ),
    "generate": (
        Derived("generate_time", "s", TOTAL, _one),
        Derived("output_tokens_per_s", "tokens/s", TOTAL, _output, rate=True),
        Derived("ttft", "s", TTFT, _one),
        Derived("tpot", "s", TPOT, _one),
    ),
    "train": (
        Derived("train_step_time", "s", TOTAL, _one),
        Derived("train_samples_per_s", "samples/s", TOTAL, _samples, rate=True),
    ),
}
"""Phase → its figures."""


def figures(work: Workload, phase: str) -> tuple[Figure, ...]:
    """The figures that the model has of a phase; times and rates are of the whole model as of a part."""
    found = []
    for row in DERIVED[phase]:
        factor = row.factor(work)
        if factor is not None:
            found.append(
                Figure(
                    name=row.name,
                    unit=row.unit,
                    series=row.series,
                    rate=row.rate,
                    factor=float(factor),
                    whole=float(factor),
                )
            )
    return tuple(found)


def utilisation(phase: str, done: Work | None, roof: Roof) -> Iterator[Figure]:
    """MFU and MBU of a phase, in percent of what the machine was measured to do; none where not counted."""
    if done is None:
        return
    for name, share in (("mfu", mfu), ("mbu", mbu)):
        yield Figure(
            name=f"{phase}_{name}",
            unit="%",
            series=TOTAL,
            rate=True,
            factor=100 * share(done.loaded, 1.0, roof).share,
            whole=100 * share(done.whole, 1.0, roof).share,
        )
