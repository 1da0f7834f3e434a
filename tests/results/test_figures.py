"""Figures for people."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.results.figures import figure, line, note, number, repetition, spread
from harness.results.intervals import Interval
from harness.results.record import Estimate, Metric


def _metric(
    value: float, unit: str, samples: tuple[float, ...] = (), estimate: Estimate | None = None
) -> Metric:
    return Metric(name="m", unit=unit, phase="p", value=value, samples=samples, estimate=estimate)


@pytest.mark.parametrize(
    ("value", "unit", "expected"),
    [
        (0.01234, "s", "12.3 ms"),
        (1.5, "s", "1.5 s"),
        (2e-7, "s", "0.2 µs"),
        (0, "s", "0 µs"),
        (31.9e9, "B", "31.9 GB"),
        (1234567, "B", "1.23 MB"),
        (1234.4, "tokens/s", "1,234 tokens/s"),
        (999.6, "tokens/s", "1,000 tokens/s"),
        (7.123, "samples/s", "7.12 samples/s"),
    ],
)
def test_a_figure_has_the_unit_people_use(value: float, unit: str, expected: str) -> None:
    assert figure(_metric(value, unit)) == expected


def test_a_spread_names_what_it_is_in_the_figure_s_unit() -> None:
    estimate = Estimate(
        method="linear in depth", layers=40, depths=(2, 4), low=0.9, high=1.1, confidence=0.95
    )
    assert spread(_metric(1.0, "s", (0.9, 1.0, 1.2))) == "0.9 to 1.2 (extremes)"
    assert spread(_metric(0.5, "s", tuple(n / 100 for n in range(100)))).endswith("(quartiles)")
    assert spread(_metric(1.0, "s", (1.0,))) == "-"
    assert spread(_metric(1.0, "s", (0.1, 0.2), estimate)) == "0.9 to 1.1 (95%)"
    assert note(_metric(1.0, "s", (0.1,), estimate)) == "40 layers from 2, 4"


def test_a_figure_whose_rounds_differ_much_says_so() -> None:
    assert note(_metric(1.0, "s", (0.95, 1.0, 1.15))) == ""
    assert note(_metric(1.0, "s", (0.9, 1.0, 1.2))) == "unsteady"
    shared = replace(_metric(1.0, "s", (0.9, 1.0, 1.2)), disturbed=("others took 0.50 CPUs", "it swapped"))
    assert note(shared) == "unsteady, disturbed"
    assert (
        note(replace(shared, unsettled="never settled in 20 rounds")) == "unsteady, never settled, disturbed"
    )


def test_between_processes_the_interval_is_what_is_shown_and_judged() -> None:
    interval = Interval(value=1.0, low=0.98, high=1.03, confidence=0.9375, count=5)
    metric = replace(
        _metric(1.0, "s", (0.5, 1.0, 1.9)), interval=interval, processes=(1, 2), disturbed=("it swapped",)
    )
    assert spread(metric) == "0.98 to 1.03 (94%)"
    assert note(metric) == "disturbed"
    assert repetition(metric) == "2×2"
    assert note(replace(metric, interval=replace(interval, high=1.4))) == "unsteady, disturbed"


@given(st.floats(-1e300, 1e300))
def test_any_number_can_be_shown_and_none_as_another(value: float) -> None:
    shown = float(number(value).replace(",", ""))
    assert shown == pytest.approx(value, rel=6e-3)


@given(st.text())
def test_a_line_is_one_printable_line(text: str) -> None:
    assert line(text).isprintable()
    assert len(line(text)) <= 161
