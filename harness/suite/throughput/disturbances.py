"""What disturbed a measurement, said in words with its amount: a disturbed figure is kept, and marked.

Counters are read before and after the rounds. Each sign is a row: what is read, how its change becomes an
amount, and from which amount on it disturbs. What the kernel does not tell is no sign that all was well: it
is listed by name as unread.

A short measurement hides a small disturbance: the kernel counts CPU time in ticks of 10 ms, and less than a
few of them is not judged.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from time import monotonic

from harness.suite.throughput import counters
from harness.suite.throughput.counters import TICKS_PER_S, Place

Amount = Callable[[float, float, float], float]
"""Before, after and the seconds between → how much a reader is told."""


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
    least: float = 0
    """The change, in the counter's unit, below which it is only the counter's grain."""


@dataclass(frozen=True, slots=True)
class Reading:
    """The counters at a moment; those that the kernel does not tell are None."""

    at: float
    counts: Mapping[str, float | None]

    @property
    def unread(self) -> tuple[str, ...]:
        """Names of the signs that cannot be seen here."""
        return tuple(name for name, count in self.counts.items() if count is None)


def per_second(before: float, after: float, seconds: float) -> float:
    """The change in a second; of seconds of CPU time, how many CPUs' worth."""
    return (after - before) / seconds


def change(before: float, after: float, _: float) -> float:
    """The change itself."""
    return after - before


def ratio(before: float, after: float, _: float) -> float:
    """How far it moved either way, as a share of where it was; some virtual machines say 0 of anything."""
    return abs(after - before) / before if before else 0.0


SIGNS = (
    # A tenth of a CPU: with a thread a CPU, all wait for the one that shares its own.
    Sign(
        name="others",
        says="other processes took {:.2f} of its CPUs",
        read=counters.others_cpu,
        amount=per_second,
        limit=0.1,
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
        least=2 / TICKS_PER_S,
    ),
    # Whoever made a thread leave stays for a slice of some 3 ms: 20 of them are 6 % of a CPU.
    Sign(
        name="preempted",
        says="its threads were made to leave a CPU {:.0f} times a second",
        read=counters.preemptions,
        amount=per_second,
        limit=20,
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
        says="its CPUs' frequency moved by {:.0%}",
        read=counters.frequency,
        amount=ratio,
        limit=0.05,
    ),
    Sign(
        name="swap",
        says="the machine moved {:.0f} pages to or from swap",
        read=counters.swapped,
        amount=change,
        limit=0,
    ),
    Sign(
        name="major faults",
        says="it waited {:.0f} times for a page to be read",
        read=counters.major_faults,
        amount=change,
        limit=0,
    ),
    Sign(
        name="memory pressure",
        says="tasks waited for memory {:.0%} of the time",
        read=counters.memory_pressure,
        amount=per_second,
        limit=0.01,
    ),
)


def read(place: Place | None = None) -> Reading:
    """All counters now, of this process where no place is given."""
    place = place or Place()
    return Reading(monotonic(), {sign.name: sign.read(place) for sign in SIGNS})


def disturbances(before: Reading, after: Reading) -> dict[str, str]:
    """Name of each sign that was seen between two readings → what happened, in words with its amount."""
    seconds = after.at - before.at
    found = {}
    for sign in SIGNS:
        was, is_ = before.counts[sign.name], after.counts[sign.name]
        if was is None or is_ is None or is_ == was or abs(is_ - was) < sign.least:
            continue
        amount = sign.amount(was, is_, seconds)
        if amount > sign.limit:
            found[sign.name] = sign.says.format(amount)
    return found
