"""A point is read against the roof that its own intensity has."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.results.record import Metric, Result
from harness.results.report import console, show
from harness.results.roofline_report import share_of_roof

MakeResult = Callable[..., Result]
METRICS = (
    Metric.of("memory_roof", "B/s", "roof", [10e9]),
    Metric.of("arithmetic_roof", "FLOP/s", "roof", [100e9]),
    Metric.of("copy-64MiB", "B/s", "copy", [8e9, 8e9, 8e9]),
    Metric.of("matmul-2048x2048x2048", "FLOP/s", "matmul", [100e9]),
    Metric.of("matmul-1x4096x4096", "FLOP/s", "matmul", [3e9]),
)
POINTS = {
    "copy-64MiB": [0, 1 << 27],
    "matmul-2048x2048x2048": [2 * 2048**3, 12 * 2048**2],
    "matmul-1x4096x4096": [2 * 4096**2, 4 * 4096**2],
}


@pytest.fixture
def measured(make_result: MakeResult) -> Result:
    return make_result("machine roofline", metrics=METRICS, facts={"points": POINTS, "threads": 2})


def test_copies_are_under_the_bandwidth_and_products_under_what_their_intensity_allows(
    measured: Result,
) -> None:
    """A product of one row does half an operation a byte: 5 of 100 GFLOP/s."""
    shares = {metric.name: share_of_roof(metric, measured) for metric in METRICS}
    assert shares["copy-64MiB"] == pytest.approx(0.8)
    assert shares["matmul-2048x2048x2048"] == pytest.approx(1)
    assert shares["matmul-1x4096x4096"] == pytest.approx(3 / 5)
    assert shares["memory_roof"] is None


@pytest.mark.parametrize("facts", [{}, {"points": 3}, {"points": {"copy-64MiB": [1]}}])
def test_what_a_container_wrote_may_say_nothing_of_its_points(
    make_result: MakeResult, facts: dict[str, object]
) -> None:
    odd = make_result("machine roofline", metrics=METRICS, facts=facts)
    assert {share_of_roof(metric, odd) for metric in METRICS} == {None}


def test_the_table_has_a_row_a_point_and_its_share(
    measured: Result, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    show(console(sys.stdout), [measured], tmp_path)
    out = capsys.readouterr().out
    assert "roofline on cpu" in out
    for metric, share in (("copy-64MiB", "80%"), ("matmul-1x4096x4096", "60%")):
        (row,) = (line for line in out.splitlines() if metric in line)
        assert share in row
