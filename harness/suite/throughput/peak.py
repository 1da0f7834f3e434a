"""Peak memory of one round of a phase, above what importing the libraries took, and what it is made of.

A round is watched by itself, the first of its phase, which is not a timed one where a phase repeats: other
depths, and what is made ready before a round, are not in it. Three peaks are told apart: of the process (the
device's allocator, on an accelerator), of what that allocator has reserved, and of the container's group.
"""

from dataclasses import dataclass
from typing import Any, NamedTuple

from harness.suite.latest import release
from harness.suite.models.cached import tensors
from harness.suite.throughput import cgroup, memory
from harness.suite.throughput.identities import require
from harness.suite.throughput.seen import Peak
from harness.suite.throughput.timed import Amount
from harness.suite.throughput.workload import Workload

PARTED = frozenset({"forward", "prefill", "decode"})
"""Phases that add a cache and activations to the weights, and nothing else."""


class Figure(NamedTuple):
    """A metric to be; of no value where it was not read."""

    name: str
    unit: str
    value: int | None


@dataclass(slots=True)
class Watch:
    """A peak that began anew, and what was in use then; bytes."""

    peak: int
    used: int
    cache: int
    """Of the cache that the round is given."""
    group: cgroup.Watch | None

    @classmethod
    def begin(cls, work: Workload, cache: Any = None) -> "Watch | None":
        """Set the peak back; None where that cannot be done, or nothing tells it: the old one would stand.

        What is garbage by then is given back first: a round that took it up again would seem to need nothing.
        """
        release()
        if not memory.reset_peak(work.device):
            return None
        peak, used = memory.peak(work.device), memory.used(work.device)
        files, _ = cgroup.own()
        if peak is None or used is None:
            return None
        return cls(peak, used, held(cache), cgroup.Watch.begin(files) if files else None)

    def amounts(self, work: Workload, phase: str, cache: Any = None) -> list[Amount]:
        """The round's peaks at the depth that is loaded; none where no baseline was taken.

        `cache` is what the round has left to the next step. The states that rounds start from are counted and
        taken off: nobody else would keep them. Raises `Inconsistent` where the peak
        is another phase's, or without its weights or its baseline.
        """
        peak = memory.peak(work.device)
        if peak is None or work.baseline is None:
            return []
        baseline = work.baseline + work.spare_bytes
        above = max(0, peak - baseline)
        require(
            Peak(
                baseline=baseline,
                peak=peak,
                weights=work.loaded_bytes,
                used_at_reset=self.used,
                peak_at_reset=self.peak,
                libraries=memory.libraries() if work.device == "cpu" else 0,
            )
        )
        found = [
            Figure("peak_memory", "B", above),
            Figure("peak_memory_reserved", "B", memory.reserved_peak(work.device)),
            Figure("peak_memory_group", "B", self._group(work)),
            *self._parts(peak, phase, cache),
        ]
        return [
            Amount(name=figure.name, unit=figure.unit, value=float(figure.value))
            for figure in found
            if figure.value is not None
        ]

    def _group(self, work: Workload) -> int | None:
        peak = self.group.end() if self.group else None
        if peak is None or work.group_baseline is None:
            return None
        return max(0, peak - work.group_baseline - work.spare_bytes)

    def _parts(self, peak: int, phase: str, cache: Any) -> list[Figure]:
        """The cache as it was seen, and what was in use for the round beside it and the weights."""
        if phase not in PARTED:
            return []
        kept = held(cache)
        return [
            Figure("cache_memory", "B", kept or None),
            Figure("activation_memory", "B", max(0, peak - self.used - (kept - self.cache))),
        ]


def held(cache: Any) -> int:
    """Bytes of a cache's tensors; 0 of none."""
    return sum(tensor.nbytes for _, tensor in tensors(cache))
