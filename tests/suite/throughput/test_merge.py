"""What processes timed becomes figures with intervals, and an estimate is named one."""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.results.record import Metric
from harness.suite.throughput.design import Layer, Layers, design
from harness.suite.throughput.merge import ITL, merged
from harness.suite.throughput.timed import TOTAL, Amount, Figure, Timed, rounds_of

rounds = st.lists(st.floats(1e-6, 1e4), min_size=1, max_size=8)
BATCH, WHOLE = 2, 4
LAYERS = Layers((Layer("full dense", "full dense", 1, 1),) * WHOLE, 1)
LINE = design(LAYERS, (1, 2))
TIME = Figure(name="forward_time", unit="s", series=TOTAL, rate=False, factor=1.0, whole=1.0)
RATE = Figure(name="samples_per_s", unit="samples/s", series=TOTAL, rate=True, factor=BATCH, whole=BATCH)


def timed(by_depth: Mapping[int | None, Sequence[float]], layers: int | None = None, **more: object) -> Timed:
    """A process's rounds of `forward`."""
    made = Timed(
        phase="forward",
        layers=layers,
        rounds=rounds_of({TOTAL: by_depth}),
        figures=(TIME, RATE),
    )
    return replace(made, **more)  # type: ignore[arg-type]


def named(*processes: Timed) -> dict[str, Metric]:
    found = merged(processes)
    assert len({metric.name for metric in found}) == len(found)
    return {metric.name: metric for metric in found}


@given(seconds=rounds)
def test_a_figure_of_one_process_is_the_median_and_has_no_interval(seconds: list[float]) -> None:
    found = named(timed({None: seconds}))
    assert found["forward_time"].samples == tuple(seconds)
    assert found["forward_time"].value == statistics.median(seconds)
    assert found["forward_time"].interval is None
    assert {metric.estimate for metric in found.values()} == {None}


@given(st.lists(rounds, min_size=2, max_size=7))
def test_a_figure_of_several_is_the_median_of_theirs(
    processes: list[list[float]],
) -> None:
    found = named(*(timed({None: seconds}) for seconds in processes))
    for metric in found.values():
        assert metric.interval is not None
        assert metric.interval.low <= metric.value <= metric.interval.high
        assert metric.interval.count == len(processes) == len(metric.processes)
        assert sum(metric.processes) == len(metric.samples)
    assert found["forward_time"].value == statistics.median(map(statistics.median, processes))


def test_phases_keep_the_order_in_which_they_were_timed_and_processes_theirs() -> None:
    one = [timed({None: [1.0]}, phase=phase) for phase in ("prefill", "decode")]
    two = [timed({None: [2.0]}, phase=phase) for phase in ("prefill", "decode")]
    found = merged([*one, *two])
    assert [metric.phase for metric in found] == ["prefill"] * 2 + ["decode"] * 2
    assert found[0].samples == (1.0, 2.0)


def test_a_process_that_did_not_come_to_a_phase_is_not_in_its_figures() -> None:
    found = merged([timed({None: [1.0]}), timed({None: [1.0]}, phase="decode"), timed({None: [3.0]})])
    assert [(m.phase, m.processes) for m in found if m.unit == "s"] == [("forward", (1, 1)), ("decode", (1,))]


def test_a_pause_in_one_round_of_many_is_in_the_high_quantiles_of_the_gaps() -> None:
    """A median of the rounds' own quantiles would hide it."""
    found = named(timed({None: [1.0]}, gaps=(((0.01,) * 15,) * 5 + ((0.01,) * 14 + (1.0,),))))
    assert found["itl_p50"].value == found["itl_p90"].value == 0.01
    assert found["itl_p99"].value > 0.1
    assert statistics.median(found["itl_p99"].samples) == 0.01


@given(st.lists(st.lists(rounds, min_size=1, max_size=3), min_size=1, max_size=4))
def test_quantiles_of_gaps_rise_and_lie_among_them(processes: list[list[list[float]]]) -> None:
    found = named(*(timed({None: [1.0]}, gaps=tuple(tuple(g) for g in gaps)) for gaps in processes))
    low, middle, high = (found[name] for name in ITL)
    pooled = [gap for gaps in processes for one in gaps for gap in one]
    assert min(pooled) <= low.value <= middle.value <= high.value <= max(pooled)
    assert low.value == pytest.approx(statistics.median(pooled))
    assert {metric.processes for metric in (low, middle, high)} == {tuple(len(gaps) for gaps in processes)}


def test_where_no_tokens_are_marked_there_is_no_latency_between_them() -> None:
    assert not ITL.keys() & named(timed({None: [1.0]}, gaps=((), ()))).keys()


def test_an_amount_is_of_all_processes_or_of_none() -> None:
    peak = Amount(name="peak_memory", unit="B", value=5.0)
    both = named(
        timed({None: [1.0]}, amounts=(peak,)), timed({None: [1.0]}, amounts=(replace(peak, value=7.0),))
    )
    assert (both["peak_memory"].value, both["peak_memory"].samples) == (6.0, (5.0, 7.0))
    assert "peak_memory" not in named(timed({None: [1.0]}, amounts=(peak,)), timed({None: [1.0]}))


def test_what_disturbed_one_process_marks_the_figure_with_how_many() -> None:
    calm, shaken = timed({None: [1.0]}), timed({None: [1.0]}, disturbed=("it swapped",))
    assert named(shaken)["forward_time"].disturbed == ("it swapped",)
    assert named(calm, shaken)["forward_time"].disturbed == ("1 of 2 processes, at worst", "it swapped")
    assert named(calm, calm)["forward_time"].disturbed == ()


def test_of_disturbances_of_one_kind_the_worst_is_said() -> None:
    words = ("others took 0.50 of its CPUs", "others took 1.25 of its CPUs", "it swapped")
    found = named(*(timed({None: [1.0]}, disturbed=(text,)) for text in words))["forward_time"].disturbed
    assert found == ("3 of 3 processes, at worst", "others took 1.25 of its CPUs", "it swapped")


def test_what_never_settled_says_so() -> None:
    never = timed({None: [1.0]}, warm_up="never settled in 20 rounds", settled=False)
    assert named(never)["forward_time"].unsettled == "never settled in 20 rounds"
    assert named(never, timed({None: [1.0]}))["forward_time"].unsettled.endswith("(1 of 2 processes)")


def test_one_depth_alone_has_no_estimate() -> None:
    found = merged([timed({2: [1.0]}, 2)])
    assert [(metric.name, metric.layers, metric.estimate) for metric in found] == [
        ("forward_time", 2, None),
        ("samples_per_s", 2, None),
    ]


def test_depths_give_the_whole_s_time_and_rate() -> None:
    found = named(*[timed({1: [2.0] * 3, 2: [3.0] * 3}, 2, design=LINE)] * 2)
    assert found["forward_time"].value == 3.0
    assert found["forward_time"].layers == 2
    assert found["forward_time_estimate"].value == pytest.approx(5.0)
    assert found["forward_time_estimate"].layers == WHOLE
    assert found["forward_time_estimate"].samples == ()
    assert found["samples_per_s_estimate"].value == pytest.approx(BATCH / 5.0)
    assert found["samples_per_s_estimate"].unit == "samples/s"
    assert "forward_time_estimate_error" not in found


def test_a_whole_that_is_timed_as_well_says_how_far_its_estimate_is() -> None:
    found = named(timed({1: [2.0], 2: [3.0], None: [4.0]}, design=LINE))
    assert found["forward_time"].value == 4.0
    assert found["forward_time"].layers is None
    assert found["forward_time_estimate"].value == pytest.approx(5.0)
    assert found["forward_time_estimate_error"].value == pytest.approx(25.0)
    assert found["forward_time_estimate_error"].unit == "%"
    assert found["samples_per_s_estimate_error"].value == pytest.approx(-20.0)


def test_an_estimate_is_of_the_processes_that_timed_the_same_depths() -> None:
    """Where the library failed at a depth in one of them, that one's others differ."""
    odd = timed({2: [9.0], 3: [9.0]}, 2, design=design(LAYERS, (2, 3)))
    found = named(timed({1: [2.0], 2: [3.0]}, 2, design=LINE), odd)
    assert found["forward_time_estimate"].value == pytest.approx(5.0)


def test_what_a_part_and_the_whole_do_apart_is_counted_apart() -> None:
    share = Figure(name="forward_mbu", unit="%", series=TOTAL, rate=True, factor=150, whole=400)
    found = named(timed({1: [2.0] * 3, 2: [3.0] * 3}, 2, figures=(share,), design=LINE))
    assert found["forward_mbu"].value == pytest.approx(50)
    assert found["forward_mbu_estimate"].value == pytest.approx(80)


@given(shallow=rounds, deep=rounds)
def test_an_estimate_lies_between_its_bounds_in_its_own_unit(shallow: list[float], deep: list[float]) -> None:
    for metric in merged([timed({1: shallow, 2: deep}, 2, design=LINE)]):
        if metric.estimate:
            assert 0 < metric.estimate.low <= metric.value <= metric.estimate.high < float("inf")
