"""A cell stops for a reason, and says which."""

import random
from dataclasses import replace

import pytest

from harness.matrix.cells import Parameters
from harness.results.record import Metric
from harness.suite.throughput.merge import combined
from harness.suite.throughput.stopping import FEWEST, stop

ASKED = Parameters(processes=6, interval=0.05, budget_s=100)


def after(*medians: float, name: str = "decode_step_time") -> list[Metric]:
    return [combined(name, "s", "decode", [[value] for value in medians])]


def test_narrow_intervals_stop_it_but_not_before_five_processes() -> None:
    near = (1.0, 1.01, 1.02, 1.0, 1.03)
    assert stop(after(*near[:4]), ASKED, [1.0] * 4) is None
    assert stop(after(*near), ASKED, [1.0] * 5) == "every interval is within 5% after 5 processes"
    assert stop(after(*near[:4], 1.2), ASKED, [1.0] * 5) is None


def test_the_widest_of_the_figures_decides_and_rates_and_peaks_do_not() -> None:
    narrow, wide = after(*[1.0] * 5), after(1.0, 1.3, 1.5, 1.5, 1.5, name="ttft")
    assert stop([*narrow, *wide], ASKED, [1.0] * 5) is None
    peak = [replace(metric, name="peak_memory", unit="B") for metric in wide]
    assert stop([*narrow, *peak], ASKED, [1.0] * 5) is not None


def test_the_most_processes_stop_it() -> None:
    assert stop(after(*[1.0, 2.0] * 3), ASKED, [1.0] * 6) == "all 6 processes were run"
    one = replace(ASKED, processes=1)
    assert stop(after(1.0), one, [1.0]) == "the one process asked for was run"


@pytest.mark.parametrize(("spent", "stops"), [([30.0, 30.0], False), ([50.0], False), ([51.0], True)])
def test_a_process_that_would_pass_the_budget_is_not_begun(spent: list[float], *, stops: bool) -> None:
    why = stop(after(*range(1, len(spent) + 1)), ASKED, spent)
    assert (why is not None) == stops
    if why:
        assert why == "another process would pass the budget of 100 s after 1"


def test_an_interval_that_a_cell_stopped_at_still_holds_the_truth_about_as_often_as_it_says() -> None:
    """Stopping where it looks narrow makes it too narrow: by how much, for runs that drift by 2 %."""
    draw, held, said = random.Random(7), 0, 0.0
    for _ in range(400):
        medians: list[float] = []
        metrics: list[Metric] = []
        while stop(metrics, replace(ASKED, processes=10), [0.1] * len(medians)) is None:
            medians.append(draw.gauss(1.0, 0.02))
            metrics = after(*medians)
        interval = metrics[0].interval
        assert interval is not None
        assert len(medians) >= FEWEST
        held += interval.low <= 1.0 <= interval.high
        said += interval.confidence
    assert held / said > 0.94
