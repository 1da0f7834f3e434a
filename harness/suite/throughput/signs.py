"""The ways in which a measurement can be disturbed: what tells of each, and from which amount on it matters.

Each sign is a row: what is read, how its readings become an amount, and the amount that is still undisturbed.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import mean

from harness.suite.throughput import counters, sharers
from harness.suite.throughput.counters import TICKS_PER_S, Place

MIB, GIB = 2**20, 2**30
Amount = Callable[[Sequence[float], float], float]
"""Readings in their order, and the seconds from first to last → how much a reader is told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sign:
    """A way in which a measurement can be disturbed."""

    name: str
    says: str
    """A sentence's words, with the amount in its place."""
    read: Callable[[Place], float | None]
    amount: Amount
    limit: float
    """The amount that is still taken for undisturbed."""
    limit_per_cpu: float = 0
    """On a machine of many CPUs so much for each, where that is more: a quiet one does as much on each."""
    least: float = 0
    """The change, in the counter's unit, below which it is only the counter's grain."""
    state: bool = False
    """It is read after each round too."""
    elsewhere: bool = False
    """Of an accelerator."""

    def allows(self, cpus: int) -> float:
        """The limit with so many CPUs."""
        return max(self.limit, self.limit_per_cpu * cpus)


def per_second(values: Sequence[float], seconds: float) -> float:
    """The change in a second; of seconds of CPU time, how many CPUs' worth."""
    return (values[-1] - values[0]) / seconds


def change(values: Sequence[float], _: float) -> float:
    """The change itself."""
    return values[-1] - values[0]


def dip(values: Sequence[float], _: float) -> float:
    """How far the lowest lies below the mean, as a share of it; some virtual machines say 0 of anything."""
    usual = mean(values)
    return 1 - min(values) / usual if usual else 0.0


def highest(values: Sequence[float], _: float) -> float:
    """The most at any moment."""
    return max(values)


def held_gib(values: Sequence[float], seconds: float) -> float:
    """The most at any moment, of bytes in GiB."""
    return highest(values, seconds) / GIB


def moved_mib(values: Sequence[float], _: float) -> float:
    """From the lowest to the highest, of bytes in MiB."""
    return (max(values) - min(values)) / MIB


SIGNS = (
    # A tenth of a CPU: with a thread a CPU, all wait for the one that shares its own. A hundredth of each is
    # what a kernel does by the way, and is spread too thin for any to wait long.
    Sign(
        name="others",
        says="other processes took {:.2f} of its CPUs",
        read=counters.others_cpu,
        amount=per_second,
        limit=0.1,
        limit_per_cpu=0.01,
        least=5 / TICKS_PER_S,
    ),
    # A parent that waits takes nothing; one that polls a pipe takes a CPU.
    Sign(
        name="harness",
        says="the processes that started it took {:.2f} CPUs",
        read=counters.ancestors_cpu,
        amount=per_second,
        limit=0.02,
        least=2 / TICKS_PER_S,
    ),
    Sign(
        name="stolen",
        says="the hypervisor took {:.2f} of its CPUs",
        read=counters.stolen,
        amount=per_second,
        limit=0.02,
        limit_per_cpu=0.002,
        least=2 / TICKS_PER_S,
    ),
    # Whoever made a thread leave stays for a slice of 3 ms at most: 50 of them are 15 % of its CPU, and make
    # the threads that wait for it late. Virtual machines with nothing else to do show 20 to 30 a CPU.
    Sign(
        name="preempted",
        says="its threads were made to leave a CPU {:.0f} times a second",
        read=counters.preemptions,
        amount=per_second,
        limit=0,
        limit_per_cpu=50,
        least=10,
    ),
    Sign(
        name="heat",
        says="its CPUs were throttled {:.0f} times by heat",
        read=counters.throttled_by_heat,
        amount=change,
        limit=0,
    ),
    Sign(
        name="quota",
        says="its control group was throttled {:.0f} times by its CPU quota",
        read=counters.throttled_by_quota,
        amount=change,
        limit=0,
    ),
    Sign(
        name="frequency",
        says="its CPUs' frequency fell by {:.0%}",
        read=counters.frequency,
        amount=dip,
        limit=0.05,
        state=True,
    ),
    Sign(
        name="swap",
        says="the machine moved {:.0f} pages to or from swap",
        read=counters.swapped,
        amount=change,
        limit=0,
    ),
    # A page takes 0.1 ms from a solid-state disk and 10 ms from another: 10 a second are 0.1 % to 10 %. A
    # handful is code that runs for the first time.
    Sign(
        name="major faults",
        says="it waited {:.0f} times a second for a page to be read",
        read=counters.major_faults,
        amount=per_second,
        limit=10,
        least=10,
    ),
    Sign(
        name="memory pressure",
        says="tasks waited for memory {:.0%} of the time",
        read=counters.memory_pressure,
        amount=per_second,
        limit=0.01,
    ),
    Sign(
        name="accelerator processes",
        says="{:.0f} other processes were on its accelerator",
        read=sharers.other_processes,
        amount=highest,
        limit=0,
        elsewhere=True,
    ),
    # A context with its libraries' code and workspaces takes 0.5 to 1 GiB; nobody says what part is ours.
    Sign(
        name="accelerator memory",
        says="others held {:.3g} GiB of its accelerator's memory",
        read=sharers.foreign_memory,
        amount=held_gib,
        limit=2,
        state=True,
        elsewhere=True,
    ),
    # Kernels that are loaded at their first use take a few MiB.
    Sign(
        name="accelerator memory moved",
        says="others took or gave back {:.0f} MiB of its accelerator's memory",
        read=sharers.foreign_memory,
        amount=moved_mib,
        limit=128,
        state=True,
        elsewhere=True,
    ),
)
