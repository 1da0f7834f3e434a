"""Records pass through JSON and their schema unchanged."""

import json
from dataclasses import asdict, fields
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.matrix.cells import Cell, Parameters
from harness.matrix.devices import ContainerAccess, Device, Presence, Variant
from harness.matrix.questions import Questions
from harness.matrix.records import (
    Architecture,
    Checkpoint,
    Family,
    Gone,
    KnownFailure,
    Model,
    Priority,
    Suite,
    Tolerance,
)
from harness.matrix.schema import SCHEMAS, validate
from harness.results.cache import Cache, Kept, LayerCache
from harness.results.record import (
    Check,
    Estimate,
    ImageCheck,
    Isolation,
    Metric,
    Outcome,
    Provenance,
    Report,
    Result,
)
from harness.results.sheet import Activations, Counted, Layers, Routed, Sheet, Step
from harness.results.store import Manifest

names = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,20}", fullmatch=True)
lines = st.text(st.characters(exclude_characters="\r\n"), max_size=50)
numbers = st.floats(allow_nan=False, allow_infinity=False)
seconds = st.floats(0, 1e9)
sizes = st.integers(1, 1000)
scalars = st.none() | st.booleans() | numbers | st.text(max_size=20)
messages = st.text(min_size=1, max_size=50)
name_lists = st.lists(names, max_size=4).map(tuple)

checks = st.builds(
    Check,
    name=names,
    outcome=st.sampled_from(Outcome),
    seconds=seconds,
    message=messages,
    measured=st.none() | numbers,
    limit=st.none() | numbers,
)
estimates = st.builds(
    Estimate,
    method=lines,
    layers=sizes,
    depths=st.lists(sizes, min_size=1, max_size=4).map(tuple),
    low=numbers,
    high=numbers,
    confidence=st.floats(0, 1),
)
metrics = st.builds(
    Metric,
    name=names,
    unit=st.sampled_from(["s", "B", "tokens/s", "%"]),
    phase=names,
    value=numbers,
    samples=st.lists(numbers, max_size=4).map(tuple),
    layers=st.none() | sizes,
    estimate=st.none() | estimates,
    disturbed=st.lists(names, max_size=2).map(tuple),
)
routed = st.lists(st.builds(Routed, sizes, sizes, sizes, sizes), max_size=2).map(tuple)
layers = st.lists(st.builds(Layers, lines, lines, sizes, sizes, sizes), max_size=2).map(tuple)
layer_caches = st.lists(
    st.builds(LayerCache, lines, sizes, st.none() | sizes, sizes, sizes), min_size=1, max_size=2
).map(tuple)
sheets = st.builds(
    Sheet,
    parameters=st.builds(Counted, sizes, sizes, sizes, st.booleans(), sizes, sizes, routed, layers),
    heads=st.none() | sizes,
    kv_heads=st.none() | sizes,
    positions=st.none() | sizes,
    step=st.none() | st.builds(Step, sizes, sizes, sizes, routed, st.booleans()),
    theory=st.none() | st.builds(Cache, layer_caches),
    library=st.none() | st.builds(Kept, numbers, numbers, numbers),
    library_dtype=names,
    activations=st.none() | st.builds(Activations, sizes, sizes, sizes),
)
reports = st.builds(
    Report,
    cell=names,
    outcome=st.sampled_from(Outcome),
    message=messages,
    checks=st.lists(checks, max_size=3).map(tuple),
    metrics=st.lists(metrics, max_size=3).map(tuple),
    sheet=st.none() | sheets,
    facts=st.dictionaries(
        names, scalars | st.dictionaries(names, scalars | st.lists(scalars, max_size=3)), max_size=4
    ),
    started=st.datetimes().map(lambda moment: moment.isoformat() + "Z"),
    seconds=seconds,
)
models = st.builds(
    Model,
    id=names,
    model_type=names,
    architecture=names,
    classes=st.lists(st.sampled_from(["BertModel", "BertForMaskedLM"]), min_size=1, max_size=2).map(tuple),
    tasks=name_lists,
    priority=st.sampled_from(Priority),
    left=st.none() | st.just("5.23.0"),
    aliases=st.lists(messages, max_size=3).map(tuple),
    checkpoint=st.none()
    | st.builds(Checkpoint, hub_id=st.just("a/b"), config=st.dictionaries(names, scalars)),
)


known_failures = st.builds(
    KnownFailure,
    model=names,
    check=names,
    reason=st.text(min_size=10, max_size=40),
    expires=st.dates().map(str),
    versions=st.none() | st.just("transformers>=5.20,<6"),
    model_class=st.none() | st.just("BertModel"),
    device=st.none() | names,
    link=st.none() | st.just("https://example.org/1"),
)


questions = st.builds(
    Questions,
    entry=names,
    dataset=names,
    task=st.none() | names,
    kind=names,
    score=names,
    data=names,
    fields=name_lists,
    samples=st.none() | sizes,
    engine=names,
    weights=st.sampled_from(["hub", "tiny", "folder"]),
    preset=names,
    max_tokens=sizes,
    sample_s=st.floats(0.1, 1e6),
    repeats=sizes,
    temperature=st.floats(0, 2),
    chat=st.booleans(),
    options=st.dictionaries(names, sizes | st.booleans() | names, max_size=3),
    server=st.none() | st.just("http://localhost:8000/v1"),
    served=st.none() | names,
    judge=st.none() | st.just("https://judge.example/v1"),
    judge_model=st.none() | names,
    categories=name_lists,
    skip=lines,
)


@st.composite
def cells(draw: st.DrawFn) -> Cell:
    suite = draw(st.sampled_from(Suite))
    phases = st.lists(names, min_size=1, max_size=4).map(tuple) if suite is Suite.THROUGHPUT else st.just(())
    return draw(
        st.builds(
            Cell,
            id=names,
            model=models,
            suite=st.just(suite),
            device=names,
            torch_device=names,
            parameters=st.builds(
                Parameters,
                dtype=st.sampled_from(["float32", "bfloat16"]),
                batch=sizes,
                input_tokens=sizes,
                output_tokens=sizes,
                threads=st.none() | sizes,
                rounds=sizes,
                budget_s=st.floats(1, 1e6),
                seed=sizes,
            ),
            checks=name_lists,
            phases=phases,
            tolerances=st.dictionaries(names, seconds, max_size=3),
            known_failures=st.dictionaries(names, known_failures.map(asdict), max_size=3),
            timeout_s=st.floats(0.1, 1e6),
            questions=questions if suite is Suite.EVALUATION else st.none(),
        )
    )


results = st.builds(
    Result,
    run=names,
    cell=cells().map(Cell.to_json),
    attempt=sizes,
    report=reports,
    isolation=st.builds(
        Isolation,
        runner=names,
        network=lines,
        user=lines,
        read_only=st.booleans(),
        memory_bytes=st.none() | sizes,
        cpus=st.none() | st.just("0-3"),
        pids=st.none() | sizes,
        loosened=st.lists(messages, max_size=2).map(tuple),
    ),
    provenance=st.builds(Provenance),
)


@pytest.mark.parametrize(
    ("record", "path"),
    [
        (Cell, ("common", "$defs", "cell")),
        (Model, ("common", "$defs", "model")),
        (Checkpoint, ("common", "$defs", "model", "properties", "checkpoint")),
        (Parameters, ("common", "$defs", "parameters")),
        (Check, ("common", "$defs", "check")),
        (Metric, ("common", "$defs", "metric")),
        (Estimate, ("common", "$defs", "metric", "properties", "estimate")),
        (Report, ("report",)),
        (Sheet, ("sheet",)),
        (Counted, ("sheet", "properties", "parameters")),
        (Layers, ("sheet", "properties", "parameters", "properties", "layers", "items")),
        (Step, ("sheet", "properties", "step")),
        (Cache, ("sheet", "properties", "theory")),
        (LayerCache, ("sheet", "properties", "theory", "properties", "layers", "items")),
        (Kept, ("sheet", "properties", "library")),
        (Activations, ("sheet", "properties", "activations")),
        (Routed, ("sheet", "$defs", "experts", "items")),
        (Result, ("result",)),
        (Isolation, ("result", "properties", "isolation")),
        (Provenance, ("result", "properties", "provenance")),
        (Manifest, ("run",)),
        (Device, ("matrix", "$defs", "device")),
        (Variant, ("matrix", "$defs", "variant")),
        (ImageCheck, ("image", "properties", "checks", "items")),
        (Presence, ("matrix", "$defs", "device", "properties", "presence")),
        (ContainerAccess, ("matrix", "$defs", "device", "properties", "container")),
        (Architecture, ("matrix", "$defs", "architecture")),
        (Tolerance, ("matrix", "$defs", "tolerance")),
        (KnownFailure, ("common", "$defs", "known_failure")),
        (Gone, ("matrix", "$defs", "gone")),
        (Family, ("matrix", "$defs", "family")),
    ],
)
def test_a_schema_has_the_fields_of_its_record(record: Any, path: tuple[str, ...]) -> None:
    schema = json.loads((SCHEMAS / f"{path[0]}.schema.json").read_text())
    for part in path[1:]:
        schema = schema[part]
    taken = {"variant"} if record is Device else set()  # what was asked for, and of no row
    assert schema["properties"].keys() == {field.name for field in fields(record)} - taken


def _through_json(data: dict[str, Any]) -> dict[str, Any]:
    read: dict[str, Any] = json.loads(json.dumps(data, allow_nan=False))
    return read


@given(cells())
def test_a_cell_passes_the_door_unchanged(cell: Cell) -> None:
    data = _through_json({"version": 1, "run": "r", "cells": [cell.to_json()]})
    assert validate("cells", data) == []
    assert Cell.from_json(data["cells"][0]) == cell


@given(reports)
def test_a_report_passes_the_door_unchanged(report: Report) -> None:
    data = _through_json(report.to_json())
    assert validate("report", data) == []
    assert Report.from_json(data) == report


@given(results)
def test_a_result_passes_the_store_unchanged(result: Result) -> None:
    data = _through_json(result.to_json())
    assert validate("result", data) == validate("result", result.to_json()) == []
    assert _through_json(Result.from_json(data).to_json()) == data


@given(reports, st.data())
def test_a_report_with_a_field_of_another_type_is_refused(report: Report, data: st.DataObject) -> None:
    broken = report.to_json()
    field = data.draw(st.sampled_from(sorted(broken)))
    broken[field] = data.draw(st.sampled_from([{"x": [[[]]]}, float("nan")]))
    assert validate("report", broken)


@pytest.mark.parametrize("name", ["message", "checks", "metrics", "sheet", "facts"])
def test_a_report_written_before_a_field_had_a_default_is_read(name: str) -> None:
    full = Report(cell="bert", outcome=Outcome.PASSED, started="2026-11-21T03:15:00Z", seconds=1.0)
    data = _through_json(full.to_json())
    del data[name]
    assert validate("report", data) == []
    assert Report.from_json(data) == full


def test_a_metric_and_a_check_written_without_optional_fields_are_read() -> None:
    data = {
        "cell": "bert",
        "outcome": "passed",
        "started": "2026-11-21T03:15:00Z",
        "seconds": 1,
        "checks": [{"name": "forward", "outcome": "passed", "seconds": 0.1}],
        "metrics": [{"name": "latency", "unit": "s", "phase": "forward", "value": 1, "samples": [1]}],
    }
    assert validate("report", data) == []
    report = Report.from_json(data)
    assert report.checks[0].measured is None
    assert report.metrics[0].estimate is None


def test_a_metric_is_the_median_of_its_samples() -> None:
    assert Metric.of("latency", "s", "forward", [3.0, 1.0, 2.0]).value == 2.0
