"""Ceilings measured over sizes: every point with its samples, and the roof that the best of them make."""

import contextlib
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import torch

from harness.suite.outcomes import message_of
from harness.suite.roofline.accelerators import by_kernels
from harness.suite.roofline.ceilings import Copy, Load, Product, Read, Run
from harness.suite.roofline.utilisation import Roof
from harness.suite.throughput.clock import now, synchronise

SAMPLES, LEAST_SAMPLES = 7, 3
SAMPLE_S = 0.01
"""A sample lasts at least this long, of as many runs as it takes: the clock and the loop are then nothing."""
POINT_S = 2.0
"""Seconds for a point; a load of which three runs take longer is refused, and so are larger ones of its kind
(float16 products on a CPU without them take minutes)."""
BEYOND_CACHE = 4
"""Memory's rate is asked of buffers this many times the last cache: STREAM's run rule (McCalpin 1995, "Memory
bandwidth and machine balance in current high performance computers")."""
CACHES = Path("/sys/devices/system/cpu/cpu0/cache")

SIZES = tuple(1 << power for power in (26, 28, 30))
"""Bytes copied and read: 64 MiB to 1 GiB."""
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
        """The median sample."""
        return median(self.samples)

    @property
    def flops_per_s(self) -> float:
        """Operations a second."""
        return self.load.flops / self.seconds

    @property
    def bytes_per_s(self) -> float:
        """Bytes a second."""
        return self.load.moved / self.seconds


@dataclass(frozen=True, slots=True)
class Sweep:
    """All points of a machine, and what was not measured: the load's label → a sentence."""

    points: tuple[Point, ...]
    refused: dict[str, str]
    last_cache: int
    """Bytes of the device's last cache; 0 where it is not known."""

    def roof(self, dtype: torch.dtype, threads: int | None = None) -> Roof:
        """The best rates: of arithmetic in that dtype, and of memory past the cache, with those threads.

        `threads` None takes the most that were measured, or the accelerator. ValueError where a ceiling has
        no point.
        """
        most = max((point.threads or 0 for point in self.points), default=0) or None
        mine = [point for point in self.points if point.threads == (threads or most)]
        products = [p for p in mine if p.load.dtype is dtype]
        beyond = [p for p in mine if p.load.moved >= BEYOND_CACHE * self.last_cache]
        arithmetic = max(products, key=lambda p: p.flops_per_s)
        memory = max(beyond or mine, key=lambda p: p.bytes_per_s)
        return Roof(arithmetic.flops_per_s, memory.bytes_per_s, arithmetic.load.label, memory.load.label)


def kinds(device: str, dtypes: Iterable[torch.dtype]) -> list[list[Load]]:
    """The loads to measure on the device, each kind from the smallest to the largest.

    On an accelerator also by our own kernels, where Triton is installed.
    """
    sides = SIDES.get(device, SIDES_ELSEWHERE)
    found: list[list[Load]] = [[Copy(size) for size in SIZES], [Read(size) for size in SIZES]]
    for dtype in dtypes:
        found.append([Product(side, side, side, dtype) for side in sides])
        found.append([Product(*shape, dtype) for shape in SKINNY])
    return found if device == "cpu" else [*found, *by_kernels(found)]


def sweep(device: str, loads: Sequence[Sequence[Load]], threads: Sequence[int | None]) -> Sweep:
    """Measure every load of every kind, with each number of threads; (None,) on an accelerator."""
    points: list[Point] = []
    refused: dict[str, str] = {}
    for kind in loads:
        for count in threads:
            with _threads(count):
                points += _of_kind(device, kind, count, refused)
    return Sweep(tuple(points), refused, last_cache(device))


def last_cache(device: str) -> int:
    """Bytes of the largest cache before memory; 0 where neither the kernel nor the device tells."""
    if device == "cpu":
        sizes = [file.read_text().strip() for file in CACHES.glob("index*/size")]
        return max((int(size.removesuffix("K")) * 1024 for size in sizes if size.endswith("K")), default=0)
    module = getattr(torch, device.partition(":")[0], None)
    properties = getattr(module, "get_device_properties", lambda _: None)(device)
    return int(getattr(properties, "L2_cache_size", 0))


def _of_kind(
    device: str, kind: Sequence[Load], threads: int | None, refused: dict[str, str]
) -> Iterator[Point]:
    """The kind's points up to the first load that takes too long."""
    slow = ""
    for load in kind:
        try:
            samples = () if slow else _sampled(load.on(device), device)
        except (RuntimeError, MemoryError) as error:  # a dtype or shape the library lacks, or no memory
            refused[load.label] = message_of(error)
            continue
        if samples:
            yield Point(load, threads, samples)
        else:
            slow = slow or load.label
            refused[load.label] = f"{LEAST_SAMPLES} runs of {slow} take longer than {POINT_S:g} s"


def _sampled(run: Run, device: str) -> tuple[float, ...]:
    """Seconds of a run, a sample each, after one run that is not kept; none where it is too slow."""
    start = now()
    _seconds(run, device, 1)
    once = _seconds(run, device, 1)
    if LEAST_SAMPLES * once > POINT_S:
        return ()
    runs = max(1, math.ceil(SAMPLE_S / max(once, 1e-9)))
    samples: list[float] = []
    while len(samples) < LEAST_SAMPLES or (len(samples) < SAMPLES and now() - start < POINT_S):
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
