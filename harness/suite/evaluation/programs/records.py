"""What a program is given, and what comes of it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Of one program. A second of the processor is one of its own; the others are the clock's."""

    cpu_s: int = 3
    """Of the processor, for everything it does: what upstream's `code_eval` gives a program by the clock,
    which would have a verdict depend on what else the machine does."""
    call_s: float = 10.0
    """To answer one call."""
    seconds: float = 30.0
    """For the program and the tests together."""
    memory_bytes: int = 1 << 30
    """Of addresses."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """A program, and the tests that it is to pass."""

    program: str
    tests: str
    prompt: str = ""
    """Text that the program begins with and that is the dataset's: what it defines is the tests' to use, but
    for the function that the program is to complete."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether the tests ran to their end, what stopped them otherwise, and the seconds it all took."""

    passed: bool
    reason: str
    seconds: float
