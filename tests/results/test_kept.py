"""What is answered from earlier runs, and what is not."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from harness.matrix.cells import Cell
from harness.matrix.records import Suite
from harness.results.kept import roofs, sheets
from harness.results.record import Metric, Outcome, Result
from harness.results.sheet import COUNTER, Counted, Sheet, counter
from harness.results.store import RunStore

MakeResult = Callable[..., Result]
RELEASE = "5.23.0"
SHEET = Sheet(
    parameters=Counted(100, 10, 10, True, 80, 8, (), ()),
    heads=4,
    kv_heads=4,
    positions=128,
    step=None,
    theory=None,
    library=None,
    library_dtype="bfloat16",
    activations=None,
)


def facts(**changed: Any) -> dict[str, Any]:
    return {"transformers": RELEASE, COUNTER: counter()} | changed


def stored(results: Path, run: str, *kept: Result) -> None:
    store = RunStore.create(results, run, [Cell.from_json(result.cell) for result in kept])
    for result in kept:
        store.append(replace(result, run=run))


@pytest.fixture
def wanted(cells: dict[str, Cell]) -> list[Cell]:
    return [cells["bert fit"], cells["t5 fit"]]


def test_the_newest_sheet_of_a_model_is_found(
    tmp_path: Path, make_result: MakeResult, wanted: list[Cell]
) -> None:
    bert, t5 = (make_result(f"{name} fit", sheet=SHEET, facts=facts()) for name in ("bert", "t5"))
    stored(tmp_path, "20260101T000000Z-fit-cpu-aaaa", bert, t5)
    stored(tmp_path, "20260102T000000Z-fit-cpu-aaaa", bert)
    found = sheets(tmp_path, wanted, RELEASE)
    assert {model: result.run[:8] for model, result in found.items()} == {
        "bert": "20260102",
        "t5": "20260101",
    }
    assert found["t5"].report.sheet == SHEET


@pytest.mark.parametrize(
    "changed",
    [
        {"facts": facts(transformers="4.57.6")},
        {"facts": facts(**{COUNTER: "of other code"})},
        {"sheet": None, "outcome": Outcome.OOM, "message": "out of memory"},
    ],
)
def test_what_was_counted_otherwise_does_not_answer(
    tmp_path: Path, make_result: MakeResult, wanted: list[Cell], changed: dict[str, Any]
) -> None:
    said: dict[str, Any] = {"sheet": SHEET, "facts": facts()} | changed
    stored(tmp_path, "20260101T000000Z-fit-cpu-aaaa", make_result("bert fit", **said))
    assert sheets(tmp_path, wanted, RELEASE) == {}


def test_another_row_of_the_same_name_does_not_answer(
    tmp_path: Path, make_result: MakeResult, wanted: list[Cell]
) -> None:
    stored(tmp_path, "20260101T000000Z-fit-cpu-aaaa", make_result("bert fit", sheet=SHEET, facts=facts()))
    changed = replace(wanted[0], model=replace(wanted[0].model, classes=("BertModel",)))
    assert "bert" in sheets(tmp_path, wanted, RELEASE)
    assert sheets(tmp_path, [changed], RELEASE) == {}


def test_where_nothing_was_kept_nothing_is_found(tmp_path: Path, wanted: list[Cell]) -> None:
    assert sheets(tmp_path / "none", wanted, RELEASE) == {}
    assert roofs(tmp_path / "none", "box", "a CPU") == ()


def machine(make_result: MakeResult, bandwidth: float, **changed: Any) -> Result:
    (name,) = {f"machine {Suite.ROOFLINE}"}
    said: dict[str, Any] = {
        "metrics": (
            Metric.of("memory_roof", "B/s", "roof", [bandwidth]),
            Metric.of("arithmetic_roof", "FLOP/s", "roof", [5e10]),
        ),
        "facts": {"device_memory_bytes": 24 << 30, "devices": 1},
    } | changed
    return make_result(name, **said)


def test_this_machine_has_the_rates_of_its_newest_run(tmp_path: Path, make_result: MakeResult) -> None:
    stored(tmp_path, "20260101T000000Z-roofline-cpu-aaaa", machine(make_result, 9e9))
    stored(tmp_path, "20260102T000000Z-roofline-cpu-aaaa", machine(make_result, 2e10))
    (row,) = roofs(tmp_path, "box", "a CPU")
    assert (row.name, row.bandwidth, row.memory_bytes, row.most) == ("this machine (cpu)", 2e10, 24 << 30, 1)
    assert (row.roof, row.bf16) == ("measured", None)
    assert "20260102" in row.source


@pytest.mark.parametrize(("host", "cpu"), [("other", "a CPU"), ("box", "another CPU")])
def test_what_another_machine_measured_is_not_this_one_s(
    tmp_path: Path, make_result: MakeResult, host: str, cpu: str
) -> None:
    stored(tmp_path, "20260101T000000Z-roofline-cpu-aaaa", machine(make_result, 9e9))
    assert roofs(tmp_path, host, cpu) == ()


@pytest.mark.parametrize(
    "changed", [{"facts": {}}, {"facts": {"device_memory_bytes": "much"}}, {"metrics": ()}]
)
def test_a_run_that_does_not_tell_is_passed_over(
    tmp_path: Path, make_result: MakeResult, changed: dict[str, Any]
) -> None:
    stored(tmp_path, "20260102T000000Z-roofline-cpu-aaaa", machine(make_result, 2e10, **changed))
    stored(tmp_path, "20260101T000000Z-roofline-cpu-aaaa", machine(make_result, 9e9))
    (row,) = roofs(tmp_path, "box", "a CPU")
    assert row.bandwidth == 9e9
