"""What disturbed a measurement, said in words with its amount: a disturbed figure is kept, and marked.

Counters are read before and after the rounds; what has a state and no count, such as a frequency, also after
each round, while the cores still are as the round left them. What the kernel does not
tell is no sign that all was well: it is listed by name as unread.

A short measurement hides a small disturbance: the kernel counts CPU time in ticks of 10 ms, and less than a
few of them is not judged.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from time import monotonic

from harness.suite.throughput.counters import Place
from harness.suite.throughput.signs import SIGNS, Sign


@dataclass(frozen=True, slots=True)
class Reading:
    """The counters at a moment; those that the kernel does not tell are None."""

    at: float
    counts: Mapping[str, float | None]
    cpus: int = 1

    @property
    def unread(self) -> tuple[str, ...]:
        """Names of the signs that cannot be seen here."""
        return tuple(name for name, count in self.counts.items() if count is None)


def read(place: Place | None = None) -> Reading:
    """All counters now, of this process on the CPU where no place is given."""
    return _read(place or Place(), SIGNS)


def glance(place: Place | None = None) -> Reading:
    """What has a state, now: to be taken right after a round."""
    return _read(place or Place(), [sign for sign in SIGNS if sign.state])


def disturbances(before: Reading, after: Reading, between: Sequence[Reading] = ()) -> dict[str, str]:
    """Name of each sign that was seen → what happened, in words with its amount.

    `between` are glances. Where there are any, a sign with a state is judged by them alone: before the rounds
    one thread may have run, and faster than all of them can.
    """
    found = {}
    for sign in SIGNS:
        readings = between if sign.state and between else (before, after)
        values = [value for one in readings if (value := one.counts.get(sign.name)) is not None]
        if len(values) < (1 if sign.state else 2):
            continue
        amount = _amount(sign, values, after.at - before.at)
        if amount > sign.allows(before.cpus):
            found[sign.name] = sign.says.format(amount)
    return found


@dataclass(slots=True)
class Lookout:
    """Signs of disturbance from now on: `glance` after each round, and `end`."""

    place: Place = field(default_factory=Place)
    before: Reading = field(init=False)
    between: list[Reading] = field(init=False, default_factory=list)

    def __post_init__(self) -> None:
        self.before = read(self.place)

    def glance(self) -> None:
        """After a round, when its device has finished."""
        self.between.append(glance(self.place))

    def end(self) -> "Disturbed":
        """What was seen, and what could not be."""
        seen = disturbances(self.before, read(self.place), self.between)
        return Disturbed(tuple(seen.values()), self.before.unread)


@dataclass(frozen=True, slots=True)
class Disturbed:
    """Of a measurement: the disturbances in words with their amounts, and the names of the signs unread."""

    words: tuple[str, ...]
    unread: tuple[str, ...]


def _read(place: Place, signs: Sequence[Sign]) -> Reading:
    counts = {sign.name: sign.read(place) for sign in signs if place.device != "cpu" or not sign.elsewhere}
    return Reading(monotonic(), counts, len(place.cpus) or 1)


def _amount(sign: Sign, values: Sequence[float], seconds: float) -> float:
    """0 where it only moved by the grain of its counter."""
    if not sign.state and abs(values[-1] - values[0]) < sign.least:
        return 0.0
    return sign.amount(values, seconds)
