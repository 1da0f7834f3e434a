"""What a change touches."""

from typing import Any

import pytest

from harness.matrix.ci.changes import Changes
from harness.matrix.ci.touched import NOTHING, critical, touched, wanted
from harness.matrix.records import Matrix, Suite
from harness.matrix.select import Selection, select

CRITICAL = "the critical models"
EVERY = "every device"


def of(
    matrix: Matrix, *paths: str, rows: tuple[Any, ...] = ()
) -> dict[tuple[str, str], dict[str, tuple[str, ...]]]:
    """Device and suite → model → classes that are to be run."""
    found = wanted(touched(matrix, Changes(paths=paths, rows=rows)), matrix)
    return {
        (group.device.id, group.suite.value): {model.id: model.classes for model in group.models}
        for group in found
    }


@pytest.mark.parametrize(
    ("path", "devices", "suites"),
    [
        ("harness/suite/functional/checks.py", EVERY, {"functional"}),
        ("harness/suite/throughput/phases.py", EVERY, {"throughput"}),
        ("harness/suite/models/tiny.py", EVERY, {"functional", "throughput"}),
        ("harness/runners/docker.py", EVERY, {"functional"}),
        ("images/cpu/requirements.lock", {"cpu"}, {"functional"}),
        ("images/cpu-py313/requirements.lock", {"cpu"}, {"functional"}),
        ("images/install.py", EVERY, {"functional"}),
        (".github/workflows/cells.yml", EVERY, {"functional"}),
        ("something/new", EVERY, {"functional"}),
    ],
)
def test_a_path_touches_the_critical_models(
    matrix: Matrix, path: str, devices: Any, suites: set[str]
) -> None:
    found = of(matrix, path)
    ids = {device.id for device in matrix.devices} if devices == EVERY else devices
    assert found.keys() == {(device, suite) for device in ids for suite in suites}
    principal = {model.id: model.classes for model in select(matrix, Selection())}
    assert all(models == principal for models in found.values())


@pytest.mark.parametrize(
    "path",
    [
        "README.md",
        "docs/depth.svg",
        "images/README.md",
        "tests/matrix/test_plan.py",
        "harness/suite/fit/sheet.py",
    ],
)
def test_what_runs_no_model_touches_none(matrix: Matrix, path: str) -> None:
    assert of(matrix, path) == {}


def test_every_pattern_that_touches_nothing_stands_for_something(root: Any) -> None:
    for pattern in NOTHING:
        if pattern != "results/*":
            assert any(root.glob(pattern if "/" not in pattern else pattern.replace("/*", "/**"))), pattern


@pytest.mark.parametrize(
    ("kind", "row", "models", "devices"),
    [
        ("models", {"id": "vit"}, {"vit"}, EVERY),
        ("models", {"id": "no_more"}, set(), EVERY),
        ("known_failures", {"model": "t5", "check": "forward", "device": "cpu"}, {"t5"}, {"cpu"}),
        ("tolerances", {"check": "forward", "model": "t5"}, {"t5"}, EVERY),
        (
            "tolerances",
            {"check": "forward", "architecture": "encoder-only", "device": "cpu"},
            "encoder-only",
            {"cpu"},
        ),
        ("tolerances", {"check": "forward"}, CRITICAL, EVERY),
        ("architectures", {"id": "encoder-only"}, "encoder-only", EVERY),
        ("devices", {"id": "cpu"}, CRITICAL, {"cpu"}),
        ("families", {"name": "flan-t5", "model": "t5"}, set(), EVERY),
        ("gone", {"name": "bort"}, set(), EVERY),
    ],
)
def test_a_row_touches_what_it_is_about(
    matrix: Matrix, kind: str, row: dict[str, Any], models: Any, devices: Any
) -> None:
    found = of(matrix, rows=((kind, row),))
    if isinstance(models, str):
        models = {model.id for model in critical(matrix, None if models == CRITICAL else models)}
        assert models
    ids = {device.id for device in matrix.devices} if devices == EVERY else devices
    assert found.keys() == ({(device, "functional") for device in ids} if models else set())
    assert all(group.keys() == models for group in found.values())


def test_a_models_row_touches_all_its_classes_and_a_path_beside_it_no_more(matrix: Matrix) -> None:
    found = of(matrix, "harness/run.py", rows=(("models", {"id": "bert"}),))["cpu", "functional"]
    (bert,) = select(matrix, Selection(models=("bert",)))
    assert found["bert"] == bert.classes
    assert found["albert"] == ("AlbertForMaskedLM",)


def test_what_is_touched_is_told_by_what_touches_it(matrix: Matrix) -> None:
    rows = (("known_failures", {"model": "t5", "check": "forward"}),)
    first, second = touched(matrix, Changes(paths=("README.md", "images/cpu/Dockerfile"), rows=rows))
    assert (first.what, first.suites) == ("images/cpu/Dockerfile", (Suite.FUNCTIONAL,))
    assert second.to_json() | {"devices": []} == {
        "what": "known_failures forward t5",
        "models": ["t5"],
        "devices": [],
        "suites": ["functional"],
    }
