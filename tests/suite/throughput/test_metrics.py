"""Figures follow from seconds, and an estimate is named one."""

import statistics
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.results.record import Metric
from harness.suite.throughput.metrics import DERIVED, ITL, Series, itl, metrics
from harness.suite.throughput.phases import PHASES, TOTAL, TPOT, TTFT
from harness.suite.throughput.workload import Workload

MakeWorkload = Callable[..., Workload]
rounds = st.lists(st.floats(1e-6, 1e4), min_size=1, max_size=8)
BATCH, INPUT, OUTPUT, WHOLE = 2, 10, 4, 4
"""What the small workloads are asked for, and their layers."""


@pytest.fixture(scope="module")
def whole(make_workload: MakeWorkload) -> Workload:
    return make_workload("gpt2")


@pytest.fixture(scope="module")
def cut(make_workload: MakeWorkload) -> Workload:
    return make_workload("gpt2", 2)


def named(found: list[Metric]) -> dict[str, Metric]:
    assert len({metric.name for metric in found}) == len(found)
    return {metric.name: metric for metric in found}


def test_every_phase_has_figures() -> None:
    assert DERIVED.keys() == PHASES.keys()


@given(seconds=rounds)
def test_a_figure_is_the_median_and_keeps_every_sample_in_order(
    whole: Workload, seconds: list[float]
) -> None:
    found = named(metrics(whole, "prefill", {TOTAL: {None: seconds}}, None))
    assert found["prefill_time"].samples == tuple(seconds)
    assert found["prefill_time"].value == statistics.median(seconds)
    assert found["prefill_time"].layers is None


@given(seconds=rounds)
def test_rates_count_what_was_moved_in_that_time(whole: Workload, seconds: list[float]) -> None:
    tokens = {
        ("prefill", "prefill_tokens_per_s"): BATCH * INPUT,
        ("decode", "decode_tokens_per_s"): BATCH * (OUTPUT - 1),
        ("generate", "output_tokens_per_s"): BATCH * OUTPUT,
        ("forward", "samples_per_s"): BATCH,
    }
    for (phase, name), amount in tokens.items():
        series: dict[str, Series] = {name: {None: seconds} for name in (TOTAL, TTFT, TPOT)}
        metric = named(metrics(whole, phase, series, None))[name]
        assert metric.unit == ("samples/s" if phase == "forward" else "tokens/s")
        assert metric.samples == pytest.approx(tuple(amount / second for second in seconds))


def test_a_decode_step_is_one_of_the_tokens_after_the_first(whole: Workload) -> None:
    found = named(metrics(whole, "decode", {TOTAL: {None: [3.0]}}, None))
    assert found["decode_step_time"].value == pytest.approx(3.0 / (OUTPUT - 1))


def test_first_token_and_each_further_are_series_of_their_own(whole: Workload) -> None:
    found = named(
        metrics(whole, "generate", {TOTAL: {None: [1.0]}, TTFT: {None: [0.4]}, TPOT: {None: [0.2]}}, None)
    )
    assert (found["generate_time"].value, found["ttft"].value, found["tpot"].value) == (1.0, 0.4, 0.2)


def test_a_pause_in_one_round_of_many_is_in_the_high_quantiles_of_the_gaps() -> None:
    """A median of the rounds' own quantiles would hide it."""
    found = named(itl("generate", [[0.01] * 15] * 5 + [[0.01] * 14 + [1.0]], None))
    assert found.keys() == ITL.keys()
    assert found["itl_p50"].value == found["itl_p90"].value == 0.01
    assert found["itl_p99"].value > 0.1
    assert statistics.median(found["itl_p99"].samples) == 0.01


@given(st.lists(rounds, min_size=1, max_size=5))
def test_quantiles_of_gaps_rise_and_lie_among_them(gaps: list[list[float]]) -> None:
    found = named(itl("generate", gaps, None))
    low, middle, high = (found[name] for name in ITL)
    pooled = [gap for one in gaps for gap in one]
    assert min(pooled) <= low.value <= middle.value <= high.value <= max(pooled)
    assert low.value == pytest.approx(statistics.median(pooled))
    assert {len(metric.samples) for metric in found.values()} == {len(gaps)}


def test_where_no_tokens_are_marked_there_is_no_latency_between_them() -> None:
    assert itl("prefill", [[], []], None) == []


def test_a_model_that_reads_no_tokens_has_no_rate_of_them(make_workload: MakeWorkload) -> None:
    found = named(metrics(make_workload("whisper"), "prefill", {TOTAL: {None: [1.0]}}, None))
    assert found.keys() == {"prefill_time"}


def test_what_was_measured_whole_has_no_estimate(whole: Workload) -> None:
    found = metrics(whole, "forward", {TOTAL: {None: [1.0, 1.1, 0.9]}}, None)
    assert {metric.estimate for metric in found} == {None}


def test_one_depth_alone_has_no_estimate(cut: Workload) -> None:
    found = metrics(cut, "load", {TOTAL: {2: [1.0]}}, 2)
    assert [(metric.name, metric.layers, metric.estimate) for metric in found] == [("load_time", 2, None)]


def test_a_line_through_two_depths_gives_the_whole_s_time_and_rate(cut: Workload) -> None:
    found = named(metrics(cut, "forward", {TOTAL: {1: [2.0] * 3, 2: [3.0] * 3}}, 2))
    assert found["forward_time"].value == 3.0
    assert found["forward_time"].layers == 2
    assert found["forward_time_estimate"].value == pytest.approx(5.0)
    assert found["forward_time_estimate"].layers == WHOLE
    assert found["forward_time_estimate"].samples == ()
    assert found["samples_per_s_estimate"].value == pytest.approx(BATCH / 5.0)
    assert found["samples_per_s_estimate"].unit == "samples/s"


@given(shallow=rounds, deep=rounds)
def test_an_estimate_lies_between_its_bounds_in_its_own_unit(
    cut: Workload, shallow: list[float], deep: list[float]
) -> None:
    by_depth: dict[int | None, list[float]] = {1: shallow, 2: deep}
    for metric in metrics(cut, "decode", {TOTAL: by_depth}, cut.layers):
        if metric.estimate:
            assert 0 < metric.estimate.low <= metric.value <= metric.estimate.high < float("inf")
