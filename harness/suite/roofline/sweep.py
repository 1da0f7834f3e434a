"""Ceilings measured over sizes: every point with its samples, and the roof that the best of them make."""

import contextlib
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch

from harness.suite.outcomes import message_of
from harness.suite.roofline.accelerators import by_kernels, refusals
from harness.suite.roofline.ceilings import READS, Copy, Load, Product, Read, Run
from harness.suite.roofline.last_cache import Beyond, beyond
from harness.suite.roofline.utilisation import Roof
from harness.suite.throughput.clock import now, synchronise

SAMPLES, LEAST_SAMPLES = 7, 3
SAMPLE_S = 0.01
"""A sample lasts at least this long, of as many runs as it takes: the clock and the loop are then nothing."""
POINT_S = 2.0
"""Most seconds for a point; a load of which three runs take longer is refused, and so are larger ones of its
kind (float16 products on a CPU without them take minutes)."""
SIZES = tuple(1 << power for power in (26, 28, 30))
"""Bytes copied and read, beside what is past all caches: 64 MiB to 1 GiB."""
SIDES = {"cpu": (512, 1024, 2048)}
SIDES_ELSEWHERE = (2048, 4096, 8192, 16384)
SKINNY = ((1, 4096, 4096), (1, 4096, 16384), (8, 4096, 16384))
"""Rows, inner and columns of decode steps: one request and eight, in layers of a 7 B model's width."""


@dataclass(frozen=True, slots=True)
class Point:
    """A load as measured: seconds of a run, a sample each, with so many threads (None: an accelerator)."""

    load: Load
    threads: int | None
    samples: tuple[float, ...]

    @property
    def seconds(self) -> float:
        """The fastest sample: what disturbs only makes slower, and a ceiling is what the machine can do.

        As STREAM takes the best of its runs (McCalpin, as in `last_cache`).
        """
        return min(self.samples)

    @property
    def flops_per_s(self) -> float:
        """Operations a second."""
        return self.load.flops / self.seconds

    @property
    def bytes_per_s(self) -> float:
        """Bytes a second."""
        return self.load.moved / self.seconds


@dataclass(frozen=True, slots=True)
class Refused:
    """A load that was not measured with so many threads, and why."""

    load: Load
    threads: int | None
    reason: str


class Ceilings(NamedTuple):
    """The points that make a roof."""

    arithmetic: Point
    memory: Point


@dataclass(frozen=True, slots=True)
class Sweep:
    """All points of a machine, and what was not measured."""

    points: tuple[Point, ...]
    refused: tuple[Refused, ...]
    beyond: Beyond

    def roof(self, dtype: torch.dtype, threads: int | None = None) -> Roof:
        """The rates of `ceilings`, whose arguments and errors it has.

        Where no load is past the cache, or it is not known, the roof says so.
        """
        arithmetic, memory = self.ceilings(dtype, threads)
        sure = self.beyond.sure and memory.load.moved >= self.beyond.size
        label = memory.load.label if sure else f"{memory.load.label}, which a cache may hold"
        return Roof(arithmetic.flops_per_s, memory.bytes_per_s, arithmetic.load.label, label)

    def ceilings(self, dtype: torch.dtype, threads: int | None = None) -> Ceilings:
        """The fastest of that dtype's products, and of the loads past the cache or else of the largest.

        `threads` None takes the most that were measured, or the accelerator. ValueError where a ceiling has
        no point.
        """
        most = max((point.threads or 0 for point in self.points), default=0) or None
        mine = [point for point in self.points if point.threads == (threads or most)]
        products = [p for p in mine if p.load.dtype is dtype]
        largest = max((p.load.moved for p in mine), default=0)
        far = [p for p in mine if p.load.moved >= min(self.beyond.size, largest)]
        return Ceilings(max(products, key=lambda p: p.flops_per_s), max(far, key=lambda p: p.bytes_per_s))


def kinds(device: str, dtypes: Iterable[torch.dtype]) -> list[list[Load]]:
    """The loads to measure on the device, each kind from the smallest to the largest.

    On an accelerator also by our own kernels, where Triton is installed.
    """
    sides = SIDES.get(device, SIDES_ELSEWHERE)
    sizes = sorted({*SIZES, beyond(device).size})
    found: list[list[Load]] = [[Copy(size) for size in sizes]]
    found += [[Read(size, by) for size in sizes] for by in READS]
    for dtype in dtypes:
        found.append([Product(side, side, side, dtype) for side in sides])
        found.append([Product(*shape, dtype) for shape in SKINNY])
    return found if device == "cpu" else [*found, *by_kernels(found)]


def sweep(
    device: str, loads: Sequence[Sequence[Load]], threads: Sequence[int | None], point_s: float = POINT_S
) -> Sweep:
    """Measure every load of every kind, with each number of threads; (None,) on an accelerator."""
    found: list[Point | Refused] = []
    for kind in loads:
        for count in threads:
            with _threads(count):
                found += _of_kind(device, kind, count, point_s)
    points = tuple(one for one in found if isinstance(one, Point))
    refused = tuple(one for one in found if isinstance(one, Refused))
    return Sweep(points, refused, beyond(device))


def _of_kind(
    device: str, kind: Sequence[Load], threads: int | None, point_s: float
) -> Iterator[Point | Refused]:
    """The kind's points; from the first load that takes too long on, all are refused."""
    slow = ""
    for load in kind:
        try:
            samples = () if slow else _sampled(load.on(device), device, point_s)
        except refusals() as error:
            yield Refused(load, threads, message_of(error))
            continue
        if samples:
            yield Point(load, threads, samples)
        else:
            slow = slow or load.label
            yield Refused(load, threads, f"{LEAST_SAMPLES} runs of {slow} take longer than {point_s:g} s")


def _sampled(run: Run, device: str, point_s: float) -> tuple[float, ...]:
    """Seconds of a run, a sample each, after one run that is not kept; none where it is too slow."""
    start = now()
    _seconds(run, device, 1)
    once = _seconds(run, device, 1)
    if LEAST_SAMPLES * once > point_s:
        return ()
    runs = max(1, math.ceil(SAMPLE_S / max(once, 1e-9)))
    samples: list[float] = []
    while len(samples) < LEAST_SAMPLES or (len(samples) < SAMPLES and now() - start < point_s):
        samples.append(_seconds(run, device, runs))
    return tuple(samples)


def _seconds(run: Run, device: str, runs: int) -> float:
    synchronise(device)
    start = now()
    for _ in range(runs):
        run()
    synchronise(device)
    return (now() - start) / runs


@contextlib.contextmanager
def _threads(count: int | None) -> Iterator[None]:
    """So many intra-op threads until the block ends; None leaves them."""
    before = torch.get_num_threads()
    torch.set_num_threads(count or before)
    try:
        yield
    finally:
        torch.set_num_threads(before)
