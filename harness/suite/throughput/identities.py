"""What holds for any correct measurement: a figure that breaks one of these is not kept.

Each identity is a row: its name, what it says, and a function from what was seen to what is wrong with it.
What was seen is a record of `seen.py`; `require` holds it against the rows of its kind.
"""

import struct
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from math import fsum, isclose, ulp
from statistics import median
from typing import Any

from harness.suite.throughput.seen import Peak, PhaseTimes, Prompt, Rate, Request, RoundTimes, Seen

FINE = 0.01
"""Share of an interval that the clock's resolution may come to: the error of a reading is then below 1 %."""
LEFT = 0.05
"""Share of a round that the device may still work after it, beside what asking it costs."""
ASKING_S = 1e-4
"""Seconds that waiting for an idle device may take: some 10 µs for CUDA, and a host that was interrupted."""
APART = 0.5
"""Share of prefill and decode that `generate` must take at least. They are measured one after the other, and
a machine drifts by tens of percent; a miscount or a device that nobody waited for makes it several times."""
GRAIN = 2**20
"""Bytes that two readings of the same memory may differ by: the kernel counts a CPU's pages in batches."""


class Inconsistent(RuntimeError):
    """A figure breaks an identity that holds for any correct measurement; it is not kept."""


Wrong = Callable[[Any], str | bool]
"""What is wrong with what was seen, in words or as True; empty or False where nothing is."""


@dataclass(frozen=True, slots=True)
class Identity:
    """A named property of every correct measurement of its kind."""

    name: str
    says: str
    wrong: Wrong


def _float32(seen: Request) -> bool:
    """A moment of another type, or none with the digits that a float32 has not: by chance, one in 2**29."""
    moments = (seen.start, *seen.marks, seen.end)
    return any(type(m) is not float for m in moments) or all(
        struct.unpack("f", struct.pack("f", m))[0] == m for m in seen.marks
    )


def _coarse(resolution: float, shortest: float) -> str:
    return f"{resolution:.3g} s of {shortest:.3g} s" if resolution > FINE * shortest else ""


def _rounding(seen: Request) -> float:
    """The clock's step, and what float64 loses in adding so many differences of such moments."""
    return seen.resolution + 2 * len(seen.marks) * ulp(seen.end)


def _miscounted(seen: Rate) -> str:
    units = seen.value * seen.seconds
    return "" if isclose(units, seen.counted, rel_tol=1e-6) else f"{units:.6g}, and there were {seen.counted}"


def _length(seen: Prompt) -> str:
    fits = all(n == seen.asked or (seen.placeholders and n > seen.asked) for n in seen.given)
    return "" if fits else f"{min(seen.given)} to {max(seen.given)} tokens where {seen.asked} were asked for"


def _unordered(seen: Request) -> bool:
    moments = (seen.start, *seen.marks, seen.end)
    return any(later < earlier for earlier, later in pairwise(moments))


IDENTITIES: dict[type, tuple[Identity, ...]] = {
    Request: (
        Identity(
            "tokens",
            "as many tokens are marked as were asked for",
            lambda seen: (
                f"{len(seen.marks)} tokens were marked where {seen.asked} were asked for"
                if len(seen.marks) != seen.asked
                else ""
            ),
        ),
        Identity("clock type", "moments are float64 seconds", _float32),
        Identity("order", "every token is marked within its request, one after the other", _unordered),
        Identity(
            "gaps",
            "there is one gap less than tokens",
            lambda seen: (
                f"{len(seen.itls)} gaps of {seen.asked} tokens" if len(seen.itls) != seen.asked - 1 else ""
            ),
        ),
        Identity(
            "sum of gaps",
            "the gaps together are no longer than the request",
            lambda seen: fsum(seen.itls) > seen.end - seen.start + _rounding(seen),
        ),
        Identity(
            "last token",
            "TTFT and the gaps together are the time to the last token",
            lambda seen: abs(seen.ttft + fsum(seen.itls) - (seen.marks[-1] - seen.start)) > _rounding(seen),
        ),
        Identity(
            "TPOT",
            "TPOT times the gaps is their sum",
            lambda seen: (
                abs(seen.tpot * (seen.asked - 1) - (seen.marks[-1] - seen.marks[0])) > _rounding(seen)
            ),
        ),
        Identity(
            "clock resolution",
            "the clock's resolution is below 1 % of a gap",
            lambda seen: _coarse(seen.resolution, min(seen.ttft, median(seen.itls or (seen.ttft,)))),
        ),
    ),
    Prompt: (Identity("input length", "the model reads as many tokens as were asked for", _length),),
    RoundTimes: (
        Identity(
            "clock resolution",
            "the clock's resolution is below 1 % of a round",
            lambda seen: _coarse(seen.resolution, min(seen.seconds)),
        ),
        Identity(
            "parts",
            "what is timed within a round is no longer than the round, and is timed in each",
            lambda seen: (
                bool(seen.parts)
                and (
                    len(seen.parts) != len(seen.seconds)
                    or any(part > whole for part, whole in zip(seen.parts, seen.seconds, strict=True))
                )
            ),
        ),
        Identity(
            "first",
            "a first time comes before any other, and rounds come after one",
            lambda seen: f"it had run {seen.before} times before" if seen.first == bool(seen.before) else "",
        ),
        Identity(
            "synchronised",
            "a round ends when the device has finished",
            lambda seen: (
                f"it worked {seen.left:.3g} s longer"
                if seen.left > LEFT * min(seen.seconds) + ASKING_S
                else ""
            ),
        ),
    ),
    Rate: (Identity("rate", "a rate times its seconds is what was counted", _miscounted),),
    Peak: (
        Identity(
            "fresh peak",
            "a phase's peak begins at what is in use",
            lambda seen: seen.peak_at_reset > 1.05 * seen.used_at_reset + GRAIN,
        ),
        Identity(
            "baseline",
            "the libraries' import is in the baseline",
            lambda seen: (
                f"the libraries have {seen.libraries} B of a baseline of {seen.baseline} B"
                if seen.baseline < seen.libraries
                else ""
            ),
        ),
        Identity(
            "own peak",
            "a phase's peak is no less than what was in use when it began",
            lambda seen: (
                f"{seen.peak} B, and {seen.used_at_reset} B were in use"
                if seen.peak < seen.used_at_reset - GRAIN
                else ""
            ),
        ),
        Identity(
            "weights",
            "the peak holds the weights",
            lambda seen: f"{seen.peak} B of {seen.weights} B" if seen.peak < seen.weights else "",
        ),
    ),
    PhaseTimes: (
        Identity(
            "phases",
            "generate takes about as long as prefill and decode at least",
            lambda seen: (
                f"{seen.generate:.3g} s, and they {seen.prefill + seen.decode:.3g} s"
                if seen.generate < APART * (seen.prefill + seen.decode)
                else ""
            ),
        ),
    ),
}
"""Kind of what was seen → the identities that it must satisfy, in the order in which they are asked."""


def broken(seen: Seen) -> Identity | None:
    """The first identity that what was seen breaks; None where it satisfies all of its kind."""
    return next((identity for identity in IDENTITIES[type(seen)] if identity.wrong(seen)), None)


def require(seen: Seen) -> None:
    """Raise `Inconsistent` where an identity is broken: which, what it says, and what was seen instead."""
    identity = broken(seen)
    if identity is None:
        return
    wrong = identity.wrong(seen)
    detail = f": {wrong}" if isinstance(wrong, str) else ""
    raise Inconsistent(f"{identity.name}: it must be that {identity.says}{detail}")
