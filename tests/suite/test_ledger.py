"""Known failures: expected in the versions they name, and loud when they are gone."""

import json
from collections.abc import Callable
from dataclasses import asdict, replace
from typing import Any

import pytest
import torch
import transformers
from hypothesis import given
from hypothesis import strategies as st
from packaging.version import Version

from harness.matrix.cells import Cell
from harness.matrix.records import KnownFailure
from harness.results.record import Outcome
from harness.suite.ledger import KNOWN, judged, known

HERE = Version(transformers.__version__)
HOLDS = [
    None,
    "transformers",
    f"transformers=={HERE}",
    f"transformers>={HERE.major}.0,<{HERE.major + 1}",
    f"torch=={Version(torch.__version__).public}",
    f"Transformers ~= {HERE.major}.0",
]
HOLDS_NOT = [
    f"transformers<{HERE.major}",
    f"transformers!={HERE}",
    f"torch>{Version(torch.__version__).major + 1}",
    "no-such-library>=1",
]


@pytest.fixture(scope="module")
def cell(make_cell: Callable[..., Cell]) -> Callable[..., Cell]:
    """Makes a cell whose check `forward` is known to fail, in some versions."""

    def make(**row: Any) -> Cell:
        entry = KnownFailure(
            model="bert", check="forward", reason="loses a layer", expires="2999-01-01", **row
        )
        return make_cell("bert", known_failures={"forward": asdict(entry)})

    return make


@pytest.mark.parametrize("versions", HOLDS)
def test_a_row_holds_for_the_versions_it_names(cell: Callable[..., Cell], versions: str | None) -> None:
    found = cell(versions=versions)
    assert known(found, "forward")
    assert known(found, "construct") is None
    assert judged(found, "forward", Outcome.FAILED, "deviation 1")[0] is Outcome.XFAILED


@pytest.mark.parametrize("versions", HOLDS_NOT)
def test_in_other_versions_a_failure_is_a_failure_and_a_pass_a_pass(
    cell: Callable[..., Cell], versions: str
) -> None:
    found = cell(versions=versions)
    assert known(found, "forward") is None
    for outcome in (Outcome.FAILED, Outcome.PASSED):
        assert judged(found, "forward", outcome, "as it was") == (outcome, "as it was")


def test_an_expected_failure_says_why_and_what_was_found(cell: Callable[..., Cell]) -> None:
    outcome, message = judged(cell(), "forward", Outcome.FAILED, "deviation 1 over tolerance 0")
    assert outcome is Outcome.XFAILED
    assert message == "loses a layer (deviation 1 over tolerance 0)"


def test_an_unexpected_pass_prints_the_row_to_remove(cell: Callable[..., Cell]) -> None:
    versions = f"transformers>={HERE.major}"
    outcome, message = judged(cell(versions=versions, model_class="BertModel"), "forward", Outcome.PASSED, "")
    assert outcome is Outcome.XPASSED
    assert json.loads(message[message.index("{") :]) == {
        "model": "bert",
        "check": "forward",
        "reason": "loses a layer",
        "expires": "2999-01-01",
        "versions": versions,
        "model_class": "BertModel",
    }
    assert "remove from known_failures in matrix.json" in message


def test_an_unexpected_pass_under_a_release_that_was_named_prints_the_row_to_narrow(
    cell: Callable[..., Cell],
) -> None:
    made = cell()
    named = replace(made, parameters=replace(made.parameters, transformers=str(HERE)))
    assert "narrow the versions in known_failures" in judged(named, "forward", Outcome.PASSED, "")[1]


@given(outcome=st.sampled_from(sorted(set(Outcome) - KNOWN.keys() - set(KNOWN.values()))))
def test_nothing_but_a_failure_is_expected(cell: Callable[..., Cell], outcome: Outcome) -> None:
    assert judged(cell(), "forward", outcome, "out of memory") == (outcome, "out of memory")
