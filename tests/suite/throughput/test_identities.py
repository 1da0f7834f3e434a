"""What is right satisfies every identity; each mistake that others made breaks the one meant for it."""

import struct
from collections.abc import Callable
from dataclasses import replace
from itertools import accumulate, pairwise
from math import fsum
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.suite.throughput.identities import IDENTITIES, Inconsistent, broken, require
from harness.suite.throughput.seen import Peak, PhaseTimes, Prompt, Rate, Request, RoundTimes, Seen

UPTIME = 10 * 86400.0 + 0.123456789
"""Ten days, at which neighbouring float32 are 62.5 ms apart."""
GIB, MIB = 2**30, 2**20


def request(start: float, gaps: list[float], resolution: float = 1e-7) -> Request:
    """What a right harness has seen of tokens so far apart, the first counted from the start."""
    marks = [start + seconds for seconds in accumulate(gaps)]
    return figures(start, marks, marks[-1] + 1e-4, len(gaps), resolution)


def figures(start: float, marks: list[float], end: float, asked: int, resolution: float = 1e-7) -> Request:
    return Request(
        start=start,
        marks=marks,
        end=end,
        asked=asked,
        ttft=marks[0] - start,
        tpot=(marks[-1] - marks[0]) / (asked - 1),
        itls=[later - earlier for earlier, later in pairwise(marks)],
        resolution=resolution,
    )


RIGHT = request(UPTIME, [0.012 + 0.001 * at for at in range(16)])
PROMPT = Prompt(asked=1024, given=(1024, 1024))
SERIES = RoundTimes(seconds=(0.2, 0.21), parts=(0.19, 0.2), before=1, first=False, left=1e-5, resolution=1e-7)
RATE = Rate(unit="samples/s", value=12.8, seconds=0.625, counted=8)
PEAK = Peak(
    baseline=465 * MIB,
    libraries=130 * MIB,
    peak=2 * GIB + 465 * MIB,
    weights=GIB,
    used_at_reset=GIB + 465 * MIB,
    peak_at_reset=GIB + 466 * MIB,
)
CELL = PhaseTimes(prefill=0.05, decode=0.15, generate=0.21)
ALL_RIGHT: tuple[Seen, ...] = (RIGHT, PROMPT, SERIES, RATE, PEAK, CELL)


def as_float32(second: float) -> float:
    (rounded,) = struct.unpack("f", struct.pack("f", second))
    return float(rounded)


def stale_marks() -> Request:
    """Marks are never reset: those of the request before are still there."""
    before = request(UPTIME - 5, [0.012] * 16)
    return figures(RIGHT.start, [*before.marks, *RIGHT.marks], RIGHT.end, 16)


def float32_clock() -> Request:
    start, end = as_float32(RIGHT.start), as_float32(RIGHT.end)
    return figures(start, [as_float32(mark) for mark in RIGHT.marks], end, 16)


def end_as_token() -> Request:
    """The end's mark closes one gap more; the mean of them all is (N - 1) / N of the true one or so."""
    itls = [*RIGHT.itls, RIGHT.end - RIGHT.marks[-1]]
    return replace(RIGHT, itls=itls, tpot=fsum(itls) / len(itls))


def end_among_marks() -> Request:
    return figures(RIGHT.start, [*RIGHT.marks, RIGHT.end], RIGHT.end, 16)


MISTAKES: dict[str, tuple[Callable[[], Seen], str]] = {
    "marks of the request before": (stale_marks, "tokens"),
    "gaps of the request before": (lambda: replace(RIGHT, itls=[4.4 / 870] * 870), "gaps"),
    "gaps longer than the request": (lambda: replace(RIGHT, itls=[4.4 / 15] * 15), "sum of gaps"),
    "decode tokens called samples": (lambda: replace(RATE, value=192.0), "rate"),
    "a first generate that is the second": (lambda: replace(SERIES, first=True), "first"),
    "rounds that nothing warmed up": (lambda: replace(SERIES, before=0), "first"),
    "a warm-up of 2 tokens": (lambda: replace(request(UPTIME, [0.012] * 2), asked=16), "tokens"),
    "float32 for a clock": (float32_clock, "clock type"),
    "a clock of 62.5 ms": (lambda: replace(RIGHT, resolution=0.0625), "clock resolution"),
    "a clock too coarse for a round": (lambda: replace(SERIES, resolution=0.0625), "clock resolution"),
    "the end counted as a token": (end_among_marks, "tokens"),
    "the end as one more gap": (end_as_token, "gaps"),
    "TPOT scaled by (N - 1) / N": (lambda: replace(RIGHT, tpot=RIGHT.tpot * 15 / 16), "TPOT"),
    "TTFT from another request": (lambda: replace(RIGHT, ttft=2 * RIGHT.ttft), "last token"),
    "marks out of order": (lambda: replace(RIGHT, marks=[*RIGHT.marks[1::-1], *RIGHT.marks[2:]]), "order"),
    "a prompt cut short": (lambda: replace(PROMPT, given=(331, 331)), "input length"),
    "one row of padding": (lambda: replace(PROMPT, given=(1024, 1000)), "input length"),
    "peak memory with the import in it": (lambda: replace(PEAK, baseline=60 * MIB), "baseline"),
    "decode's memory copied from generate's": (
        lambda: replace(PEAK, peak=3 * GIB, peak_at_reset=3 * GIB),
        "fresh peak",
    ),
    "generate's memory copied from a phase that took less": (
        lambda: replace(PEAK, used_at_reset=3 * GIB, peak_at_reset=3 * GIB),
        "own peak",
    ),
    "device memory that a container cannot see": (
        lambda: replace(PEAK, baseline=0, libraries=0, peak=0, used_at_reset=0, peak_at_reset=0),
        "weights",
    ),
    "an accelerator nobody waited for": (lambda: replace(SERIES, left=0.19), "synchronised"),
    "a series with a round too few": (lambda: replace(SERIES, parts=(0.1,)), "parts"),
    "a request longer than its round": (lambda: replace(SERIES, parts=(0.19, 0.22)), "parts"),
    "prefill and decode of too many tokens": (lambda: replace(CELL, decode=0.4), "phases"),
}
"""What others got wrong → what would have been seen of it, and the identity that must say so."""


@pytest.mark.parametrize("seen", ALL_RIGHT, ids=lambda seen: type(seen).__name__)
def test_what_is_right_is_kept(seen: Seen) -> None:
    require(seen)


@pytest.mark.parametrize(("seen", "identity"), MISTAKES.values(), ids=MISTAKES)
def test_each_mistake_breaks_the_identity_meant_for_it(seen: Callable[[], Seen], identity: str) -> None:
    found = broken(seen())
    assert found is not None
    assert found.name == identity


def test_every_identity_has_a_mistake_that_it_catches() -> None:
    caught = {(type(seen()), identity) for seen, identity in MISTAKES.values()}
    assert caught == {(kind, row.name) for kind, rows in IDENTITIES.items() for row in rows}


def test_the_error_says_which_identity_and_what_was_seen() -> None:
    with pytest.raises(Inconsistent, match=r"input length: .* as were asked for: 331 to 331 tokens"):
        require(replace(PROMPT, given=(331, 331)))


@given(
    st.floats(0, 1e8),
    st.lists(st.floats(1e-4, 10), min_size=2, max_size=200),
)
def test_no_request_that_is_right_is_refused(start: float, gaps: list[float]) -> None:
    """At any uptime, for tokens however far apart and however many: adding them loses digits, not figures."""
    start += 1 / 3  # else the moments may be such as a float32 holds
    require(request(start, [gap + 1e-9 / 3 for gap in gaps]))


@given(st.lists(st.floats(1e-4, 10), min_size=2, max_size=50), st.integers(0, 49), st.sampled_from([-1, 1]))
def test_a_token_too_many_or_too_few_is_always_caught(gaps: list[float], at: int, by: int) -> None:
    seen = request(UPTIME, gaps)
    assert broken(replace(seen, asked=seen.asked + by)) is not None
    marks: list[Any] = [*seen.marks]
    del marks[at % len(marks)]
    assert broken(replace(seen, marks=marks)) is not None


def test_placeholders_come_on_top_and_never_in_place_of_text() -> None:
    require(replace(PROMPT, given=(1600, 1600), placeholders=True))
    with pytest.raises(Inconsistent):
        require(replace(PROMPT, given=(1000, 1600), placeholders=True))
