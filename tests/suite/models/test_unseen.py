"""Model types that nobody has told the harness of are built and checked: no row, no change to the code."""

from collections.abc import Iterator
from typing import Any

import pytest
import torch

from harness.matrix.cells import Cell, Parameters
from harness.matrix.devices import Device
from harness.matrix.plan import plan
from harness.matrix.records import Matrix, Model, Suite
from harness.suite.functional.checks import CHECKS, Facts, applicable
from harness.suite.functional.subject import Subject
from harness.suite.functional.subjects import subject_of
from harness.suite.models.peculiar import ROWS
from tests.suite.models.unseen import REGISTERED, registered

ALWAYS = {
    "construct",
    "forward",
    "input_sensitivity",
    "determinism",
    "batch_equivalence",
    "padding_invariance",
    "save_load",
    "bf16_vs_fp32",
    "sdpa_vs_eager",
    "gradients",
    "parity_float32",
}
GENERATION = {"generate", "kv_cache_equivalence"}
APPLYING = {
    "pebble": ALWAYS | GENERATION | {"pipeline"},
    "twin": ALWAYS,
    "relay": ALWAYS | GENERATION,  # release 5 has no pipeline from text to text
}
PAIRS = [(row, check) for row in REGISTERED for check in CHECKS if check in APPLYING[row[0].model_type]]


@pytest.fixture(scope="module", autouse=True)
def known_to_the_library() -> Iterator[None]:
    with registered():
        yield


@pytest.fixture(scope="module", params=REGISTERED, ids=lambda row: row[0].model_type)
def cell(request: pytest.FixtureRequest, matrix: Matrix, cpu: Device) -> Cell:
    config, _, model, architecture = request.param
    row = Model(
        id=config.model_type,
        model_type=config.model_type,
        architecture=architecture,
        classes=(model.__name__,),
    )
    (planned,) = plan(matrix, [row], cpu, Suite.FUNCTIONAL, [Parameters()])
    return planned


@pytest.fixture(scope="module")
def subject(cell: Cell) -> Subject:
    return subject_of(cell)


def test_nothing_is_written_down_about_them(matrix: Matrix) -> None:
    for config, _, model, _ in REGISTERED:
        assert config.model_type not in {row.model_type for row in matrix.models}
        assert not {config.model_type, model.__name__} & ROWS.keys()


def test_they_are_tiny(subject: Subject) -> None:
    assert 0 < sum(parameter.numel() for parameter in subject.model.parameters()) < 300_000


def test_all_checks_apply_that_should(cell: Cell, subject: Subject) -> None:
    facts = Facts(type(subject.model), subject.model.config)
    assert {check.name for check in applicable(facts, cell.checks)} == APPLYING[cell.model.id]


@pytest.mark.parametrize(
    ("cell", "check"), PAIRS, indirect=["cell"], ids=[f"{row[0].model_type}-{check}" for row, check in PAIRS]
)
def test_each_check_that_applies_passes(cell: Cell, subject: Subject, check: str) -> None:
    found = CHECKS[check].run(subject)
    assert found.deviation <= cell.tolerances[check], found.detail


def test_they_are_given_what_they_read(subject: Subject) -> None:
    given: dict[str, Any] = subject.inputs()
    wanted = {
        "pebble": {"input_ids"},
        "twin": {"input_ids", "pixel_values"},
        "relay": {"input_ids", "decoder_input_ids"},
    }
    assert given.keys() == wanted[subject.model.config.model_type] | {"attention_mask"}
    assert all(isinstance(value, torch.Tensor) for value in given.values())
