"""How long cells took."""

from dataclasses import replace
from typing import Any

from harness.matrix.ci.durations import Duration
from harness.results.durations import durations
from harness.results.record import Outcome


def row(model: str, seconds: float, cells: int, suite: str = "functional") -> Duration:
    return Duration(model=model, device="cpu", suite=suite, seconds=seconds, cells=cells)


def test_the_median_of_a_models_cells_over_all_runs(make_result: Any) -> None:
    results = [make_result(seconds=seconds) for seconds in (1.0, 7.0, 2.0)]
    results += [make_result("bert throughput", seconds=90.0), make_result("albert functional", seconds=0.5)]
    assert durations(results) == (
        row("albert", 0.5, 1),
        row("bert", 2.0, 3),
        row("bert", 90.0, 1, "throughput"),
    )


def test_what_ended_early_or_runs_in_no_job_says_nothing(make_result: Any) -> None:
    assert durations([make_result(outcome=Outcome.CRASHED, message="exit code 3")]) == ()
    assert durations([make_result("bert fit"), make_result("machine roofline")]) == ()


def test_other_parameters_than_the_jobs_say_nothing(make_result: Any) -> None:
    result = make_result("bert throughput", seconds=3.0)
    for name, value in (("budget_s", 20.0), ("batch", 8), ("layers", 2)):
        parameters = result.cell["parameters"] | {name: value}
        assert durations([replace(result, cell=result.cell | {"parameters": parameters})]) == ()
    functional = make_result(seconds=3.0)
    unread = functional.cell["parameters"] | {"budget_s": 150.0}
    assert durations([replace(functional, cell=functional.cell | {"parameters": unread})])


def test_what_was_known_stands_until_it_is_measured(make_result: Any) -> None:
    known = [row("bert", 9.0, 4), row("t5", 8.0, 4)]
    assert durations([make_result(seconds=1.0)], known) == (row("bert", 1.0, 1), row("t5", 8.0, 4))
