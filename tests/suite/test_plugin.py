"""The suite itself, run as a runner runs it: one process over cells of every kind of ending."""

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from itertools import chain
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from harness.matrix.cells import Cell, Parameters
from harness.matrix.records import KnownFailure, Suite
from harness.matrix.schema import validate
from harness.results.record import Metric, Report

ROOF = {"memory_bandwidth", "matmul_rate"}
"""Metrics that are the machine's."""
TINY = {"n_embd": 64, "n_layer": 2, "n_head": 4, "vocab_size": 256, "n_positions": 64}
"""A GPT-2 of 0.6 MB, under a whisker of the limit below."""
DEEP = TINY | {"n_embd": 512, "n_layer": 8}
"""One of 101 MB, of which some layers fit."""
LIMIT = 120_000_000
"""Bytes of memory that the cells are told they have; nothing enforces it here."""
ONCE = ("fill", "first_call")
"""Phases that are measured once in a process."""
PARAMETERS = Parameters(batch=2, input_tokens=10, output_tokens=5, rounds=4, processes=2, threads=1)


def known(check: str, reason: str) -> dict[str, dict[str, str | None]]:
    """A ledger of one row."""
    row = KnownFailure(model="bert", check=check, reason=reason, expires="2999-12-31")
    return {check: asdict(row)}


@dataclass(frozen=True)
class Ran:
    """What one process over all the cells left."""

    code: int
    out: Path
    cells: dict[str, Cell]
    reports: dict[str, Report]

    def checks(self, kind: str) -> dict[str, str]:
        """Check → outcome of the cell of that kind."""
        return {check.name: check.outcome.value for check in self.reports[kind].checks}

    def message(self, kind: str, check: str) -> str:
        (found,) = (row.message for row in self.reports[kind].checks if row.name == check)
        return found

    def metrics(self, kind: str) -> dict[str, Metric]:
        return {metric.name: metric for metric in self.reports[kind].metrics if metric.phase not in ONCE}


@pytest.fixture(scope="module")
def planned(make_cell: Callable[..., Cell]) -> dict[str, Cell]:
    """A cell of each kind: what is asked, and what is wrong with it."""
    functional = make_cell("bert")
    timed = make_cell("gpt2", TINY, Suite.THROUGHPUT, PARAMETERS)
    no_tolerance = {"bf16_vs_fp32": 0.0}
    kinds = {
        "unknown": replace(functional, model=replace(functional.model, model_type="no_such_type")),
        "unbuildable": make_cell("gpt2", {"activation_function": "nonsense"}),
        "right": make_cell("wav2vec2"),
        "wrong": replace(functional, tolerances=functional.tolerances | no_tolerance),
        "known": replace(
            functional,
            tolerances=functional.tolerances | no_tolerance,
            known_failures=known("bf16_vs_fp32", "rounds otherwise than it should"),
        ),
        "mended": replace(functional, known_failures=known("forward", "was broken until last week")),
        "fast": timed,
        "fast again": replace(timed, parameters=replace(PARAMETERS, batch=1, threads=None)),
        "fast and wrong": replace(timed, tolerances=timed.tolerances | no_tolerance),
        "fast and mended": replace(timed, known_failures=known("forward", "was broken until last week")),
        "fast and unknown": replace(timed, model=replace(timed.model, model_type="no_such_type")),
        "too deep": make_cell("gpt2", DEEP, Suite.THROUGHPUT, PARAMETERS),
        "too large": make_cell("resnet", {"hidden_sizes": [2048] * 4}, Suite.THROUGHPUT, PARAMETERS),
    }
    return {kind: replace(cell, id=f"c{at}-{cell.id}") for at, (kind, cell) in enumerate(kinds.items())}


@pytest.fixture(scope="module")
def ran(planned: dict[str, Cell], tmp_path_factory: pytest.TempPathFactory) -> Ran:
    """All of them in one process."""
    folder = tmp_path_factory.mktemp("door")
    order = {
        "version": 1,
        "run": "run",
        "limits": {"memory_bytes": LIMIT, "cpus": None},
        "cells": [cell.to_json() for cell in planned.values()],
    }
    assert validate("cells", order) == []
    (folder / "cells.json").write_text(json.dumps(order))
    out = folder / "out"
    out.mkdir()
    command = [sys.executable, "-m", "harness.suite", str(folder / "cells.json"), str(out)]
    process = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    rows = [json.loads(line) for line in (out / "results.jsonl").read_text().splitlines()]
    assert [problem for row in rows for problem in validate("report", row)] == [], process.stdout
    by_id = {row["cell"]: Report.from_json(row) for row in rows}
    return Ran(process.returncode, out, planned, {kind: by_id[cell.id] for kind, cell in planned.items()})


def progress(ran: Ran) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (ran.out / "progress.jsonl").read_text().splitlines()]


def test_the_suite_did_its_work_whatever_the_checks_said(ran: Ran) -> None:
    assert ran.code == 0


def test_each_cell_has_one_report(ran: Ran) -> None:
    rows = [json.loads(line)["cell"] for line in (ran.out / "results.jsonl").read_text().splitlines()]
    assert sorted(rows) == sorted(cell.id for cell in ran.cells.values())


def test_what_is_timed_is_alone_and_in_the_order_given(ran: Ran) -> None:
    timed = {cell.id for cell in ran.cells.values() if cell.suite is Suite.THROUGHPUT}
    turns = [row["cell"] for row in progress(ran) if row["event"] in {"start", "finish"}]
    assert turns[-2 * len(timed) :] == [
        cell.id for cell in ran.cells.values() if cell.id in timed for _ in range(2)
    ]


def test_functional_cells_have_a_thread_each_and_timed_ones_the_machine(ran: Ran) -> None:
    threads = {kind: ran.reports[kind].facts["threads"] for kind in ("right", "fast again")}
    assert threads == {"right": 1, "fast again": ran.reports["fast again"].facts["cpus"]}


@pytest.mark.parametrize(
    ("kind", "outcome"),
    {
        "unknown": "unsupported",
        "unbuildable": "failed",
        "right": "passed",
        "wrong": "failed",
        "known": "xfailed",
        "mended": "xpassed",
        "fast": "passed",
        "fast and wrong": "failed",
        "fast and mended": "xpassed",
        "fast and unknown": "unsupported",
        "too deep": "passed",
        "too large": "unsupported",
    }.items(),
)
def test_each_kind_of_cell_ends_as_it_should(ran: Ran, kind: str, outcome: str) -> None:
    report = ran.reports[kind]
    assert report.outcome == outcome, report
    assert bool(report.message) == (outcome != "passed")


def test_a_check_over_its_tolerance_has_failed_and_no_other(ran: Ran) -> None:
    assert [name for name, outcome in ran.checks("wrong").items() if outcome != "passed"] == ["bf16_vs_fp32"]
    (check,) = (check for check in ran.reports["wrong"].checks if check.name == "bf16_vs_fp32")
    assert check.limit == 0
    assert check.measured is not None
    assert check.measured > 0
    assert "over tolerance 0" in check.message


def test_checks_that_do_not_apply_are_absent_and_the_others_are_all_there(ran: Ran) -> None:
    absent = {"padding_invariance", "kv_cache_equivalence", "generate"}
    assert ran.checks("right").keys() == set(ran.cells["right"].checks) - absent
    assert set(ran.checks("right").values()) == {"passed"}


def test_an_unknown_model_type_is_named_and_costs_the_other_cells_nothing(ran: Ran) -> None:
    assert ran.checks("unknown") == {"construct": "unsupported"}
    assert "no_such_type" in ran.reports["unknown"].message


def test_a_model_that_cannot_be_built_fails_to_construct_and_the_rest_says_so(ran: Ran) -> None:
    found = ran.checks("unbuildable")
    assert found.pop("construct") == "failed"
    assert set(found.values()) == {"skipped"}
    assert "nonsense" in ran.reports["unbuildable"].message
    assert ran.message("unbuildable", "forward") == "the model could not be built"


def test_a_known_failure_that_passes_is_told_from_one_that_fails(ran: Ran) -> None:
    assert ran.checks("known")["bf16_vs_fp32"] == "xfailed"
    assert ran.checks("mended")["forward"] == "xpassed"
    assert "remove from known_failures in matrix.json" in ran.reports["mended"].message


def test_no_speed_of_a_model_whose_outputs_are_wrong(ran: Ran) -> None:
    assert ran.reports["fast and wrong"].metrics == ()
    phases = {name: out for name, out in ran.checks("fast and wrong").items() if name.startswith("phase.")}
    assert phases == dict.fromkeys(
        [f"phase.{name}" for name in ("fill", "first_call", "prefill", "decode", "generate")],
        "skipped",
    )
    reason = ran.message("fast and wrong", "phase.fill")
    assert reason == "no speed is published: bf16_vs_fp32 failed"


def test_speed_of_a_model_that_is_better_than_its_ledger_says(ran: Ran) -> None:
    assert ran.metrics("fast and mended").keys() == ran.metrics("fast").keys()


def test_a_throughput_cell_is_checked_before_it_is_timed(ran: Ran) -> None:
    assert ran.checks("fast").keys() == set(ran.cells["fast"].checks)


def test_every_phase_publishes_its_figures(ran: Ran) -> None:
    found = {(metric.phase, metric.name, metric.unit) for metric in ran.reports["fast"].metrics}
    assert found >= {
        ("fill", "fill_time", "s"),
        ("prefill", "prefill_time", "s"),
        ("prefill", "prefill_tokens_per_s", "tokens/s"),
        ("decode", "decode_step_time", "s"),
        ("decode", "decode_tokens_per_s", "tokens/s"),
        ("generate", "generate_time", "s"),
        ("generate", "output_tokens_per_s", "tokens/s"),
        ("generate", "ttft", "s"),
        ("generate", "tpot", "s"),
        ("generate", "itl_p50", "s"),
        ("generate", "itl_p90", "s"),
        ("generate", "itl_p99", "s"),
    }


def test_each_figure_has_a_sample_a_round(ran: Ran) -> None:
    rounds = {name: len(metric.samples) for name, metric in ran.metrics("fast").items()}
    rounds = {n: count for n, count in rounds.items() if "memory" not in n and n not in ROOF}
    assert set(rounds.values()) == {PARAMETERS.rounds * PARAMETERS.processes}


def test_first_token_and_the_others_add_up_to_no_more_than_the_whole(ran: Ran) -> None:
    found = ran.metrics("fast")
    for whole, first, each in zip(
        *(found[name].samples for name in ("generate_time", "ttft", "tpot")), strict=True
    ):
        assert 0 < first < whole
        assert 0 < first + (PARAMETERS.output_tokens - 1) * each <= whole


@pytest.mark.parametrize(
    ("rate", "time", "amount"),
    [
        ("prefill_tokens_per_s", "prefill_time", PARAMETERS.batch * PARAMETERS.input_tokens),
        ("decode_tokens_per_s", "decode_step_time", PARAMETERS.batch),
        ("output_tokens_per_s", "generate_time", PARAMETERS.batch * PARAMETERS.output_tokens),
    ],
)
def test_a_rate_is_its_amount_over_its_time(ran: Ran, rate: str, time: str, amount: int) -> None:
    found = ran.metrics("fast")
    for tokens, seconds in zip(found[rate].samples, found[time].samples, strict=True):
        assert tokens * seconds == pytest.approx(amount)


def test_the_input_has_the_length_that_was_asked_for(ran: Ran) -> None:
    assert ran.reports["fast"].facts["shapes"]["input_ids"] == [PARAMETERS.batch, PARAMETERS.input_tokens]


def test_what_does_not_fit_is_measured_shallower_and_its_whole_is_named_an_estimate(ran: Ran) -> None:
    report = ran.reports["too deep"]
    loaded = report.facts["layers_loaded"]
    assert 2 <= loaded < report.facts["layers"] == DEEP["n_layer"]
    assert {metric.layers for metric in report.metrics if metric.name in ROOF} == {None}
    of_model = [metric for metric in report.metrics if metric.name not in ROOF]
    for metric in of_model:
        assert metric.name.endswith("_estimate") == (metric.estimate is not None)
        assert metric.layers == (DEEP["n_layer"] if metric.estimate else loaded)
        if metric.estimate:
            assert metric.estimate.low <= metric.value <= metric.estimate.high
            assert metric.estimate.depths[-1] == loaded
    measured = {metric.name for metric in of_model if not metric.estimate}
    estimated = {metric.name.removesuffix("_estimate") for metric in of_model if metric.estimate}
    whole = {"fill_time", "first_call_time", "later_call_time", "first_call_overhead"}
    itl = {"itl_p50", "itl_p90", "itl_p99"}
    assert {name for name in measured - estimated if "memory" not in name} == whole | itl


def test_what_does_not_fit_at_any_depth_is_unsupported_and_says_how_much_it_needs(ran: Ran) -> None:
    assert "GB do not fit" in ran.reports["too large"].message
    assert ran.reports["too large"].metrics == ()


def test_progress_tells_of_each_thing_before_it_is_done(ran: Ran) -> None:
    begun = progress(ran)
    assert [event["at"] for event in begun] == sorted(event["at"] for event in begun)
    for kind, cell in ran.cells.items():
        if "checked_with" in ran.reports[kind].facts:
            continue
        own = [(event["event"], event["name"]) for event in begun if event["cell"] == cell.id]
        checks = [
            ("phase" if check.startswith("phase.") else "check", check.removeprefix("phase."))
            for check in ran.checks(kind)
        ]
        own = [(event, name) for event, name in own if "process" not in (name or "")]
        assert own[0] == ("start", None)
        assert own[-1] == ("finish", None)
        assert [event for event in own[1:-1] if event in checks] == checks


def test_phases_are_timed_in_the_order_of_the_cell(ran: Ran) -> None:
    cell = ran.cells["fast"]
    timed = [row["name"] for row in progress(ran) if row["cell"] == cell.id and row["event"] == "phase"]
    assert timed == [*cell.phases, *(f"{phase}, process 2" for phase in cell.phases)]


def test_every_figure_has_an_interval_between_processes(ran: Ran) -> None:
    for name, metric in ran.metrics("fast").items():
        if name in ROOF:
            continue
        assert metric.interval is not None, name
        assert metric.interval.count == len(metric.processes) == PARAMETERS.processes
    assert ran.reports["fast"].facts["stopped"] == "all 2 processes were run"
    assert ran.reports["fast"].facts["processes"] == 2


def test_figures_are_held_against_the_roof_that_was_measured_beside_them(ran: Ran) -> None:
    found = {metric.name: metric for metric in ran.reports["fast"].metrics}
    assert found.keys() >= {*ROOF, "prefill_mfu", "prefill_mbu", "decode_mfu", "decode_mbu", "generate_mbu"}
    assert found["decode_mbu"].value > 0
    assert set(ran.reports["fast"].facts["roof"]) == ROOF


def test_cells_of_one_model_are_checked_once(ran: Ran) -> None:
    again = ran.reports["fast again"]
    assert again.facts["checked_with"] == ran.cells["fast"].id
    assert ran.checks("fast again") == ran.checks("fast")
    assert {check.seconds for check in again.checks} == {0.0}
    assert again.metrics


def test_junit_has_a_case_a_check_and_phase(ran: Ran) -> None:
    root = ET.parse(ran.out / "junit.xml").getroot()
    names = [case.attrib["name"] for case in root.iter("testcase")]
    begun = [row for row in progress(ran) if row["event"] in {"check", "phase"}]
    assert sorted(names) == sorted(f"test_{row['event']}[{row['cell']}-{row['name']}]" for row in begun)


def test_junit_knows_what_the_ledger_knows(ran: Ran) -> None:
    root = ET.parse(ran.out / "junit.xml").getroot()
    cases = {case.attrib["name"]: [child.tag for child in case] for case in root.iter("testcase")}
    named = {kind: f"test_check[{cell.id}-{{}}]" for kind, cell in ran.cells.items()}
    assert cases[named["right"].format("forward")] == []
    assert cases[named["wrong"].format("bf16_vs_fp32")] == ["failure"]
    assert cases[named["known"].format("bf16_vs_fp32")] == ["skipped"]
    assert cases[named["mended"].format("forward")] == ["failure"]


def test_the_benchmark_file_holds_each_phase_s_rounds(ran: Ran) -> None:
    rows = json.loads((ran.out / "benchmark.json").read_text())["benchmarks"]
    cell = ran.cells["fast"].id
    of_cell = [row for row in rows if row["params"]["cell"] == cell]
    rounds = [(row["params"]["phase"], row["params"]["process"], row["stats"]["rounds"]) for row in of_cell]
    once = {"fill": 1, "first_call": 1, "prefill": 4, "decode": 4, "generate": 4}
    assert rounds == [(phase, process, once[phase]) for process in (0, 1) for phase in once]
    prefill = [row["stats"]["data"] for row in of_cell if row["params"]["phase"] == "prefill"]
    assert tuple(chain.from_iterable(prefill)) == ran.metrics("fast")["prefill_time"].samples


def test_cells_of_another_release_are_not_run_by_this_one(planned: dict[str, Cell], tmp_path: Path) -> None:
    cell = next(iter(planned.values()))
    strange = replace(cell, parameters=replace(cell.parameters, transformers="0.1"))
    (tmp_path / "cells.json").write_text(
        json.dumps({"cells": [strange.to_json()], "limits": {"memory_bytes": None}})
    )
    command = [sys.executable, "-m", "harness.suite", str(tmp_path / "cells.json"), str(tmp_path)]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ended.returncode == pytest.ExitCode.USAGE_ERROR
    assert "cells of transformers 0.1 came to" in ended.stderr
    assert not (tmp_path / "results.jsonl").exists()
