"""What was seen of a measurement, and is held against the identities before a figure of it is kept.

Moments are readings of one monotonic clock; they and times are in seconds, memory is in bytes.
"""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request's moments, and the figures that are about to be made of them."""

    start: float
    marks: Sequence[float]
    """A token each."""
    end: float
    asked: int
    """Tokens."""
    ttft: float
    tpot: float
    itls: Sequence[float]
    """Gaps between successive tokens."""
    resolution: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompt:
    """Tokens of a row: asked for, and those that the model is given and reads."""

    asked: int
    given: tuple[int, ...]
    """Each row's, padding not counted."""
    placeholders: bool = False
    """Tokens that stand for an image or a sound come on top."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundTimes:
    """The rounds of one phase in one process."""

    seconds: Sequence[float]
    """End to end, as pytest-benchmark timed them."""
    parts: Sequence[float]
    """Sum of the intervals that the phase itself timed within each round; empty where it timed none."""
    before: int
    """Times that the phase had run before the first of these."""
    first: bool
    """The figure's name says that it is of the first time."""
    left: float
    """Seconds that the device still worked after a round had ended."""
    resolution: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """One sample of a rate, and what was counted in the round it is of."""

    unit: str
    """`tokens/s`, `samples/s`."""
    value: float
    seconds: float
    counted: int
    """Of the unit's things, as the tensors have them and not as they were asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Peak:
    """Most memory of a phase, in bytes."""

    baseline: int
    """What the figure is counted from: in use before the model, with all libraries imported."""
    libraries: int
    """Resident now of what is imported; 0 where that is not in what is counted, or nobody tells."""
    peak: int
    """As the kernel or the allocator says it."""
    weights: int
    """Of what is loaded."""
    used_at_reset: int
    peak_at_reset: int
    """The peak just after it was set back, and what was in use then."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PhaseTimes:
    """The fastest round of each phase of one cell, at one depth."""

    prefill: float
    decode: float
    generate: float


Seen = Request | Prompt | RoundTimes | Rate | Peak | PhaseTimes
