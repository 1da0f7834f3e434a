"""Coverage is counted from the library's list, not from the matrix's or from what happened to run."""

import io
import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.matrix.records import Matrix, Model, Priority
from harness.results.coverage import ALL, GROUPS, Change, Pair, State, changes, pairs, table, to_json
from harness.results.coverage_report import COLUMNS, markdown, tables
from harness.results.record import Check, Outcome, Report, Result
from harness.results.report import console

CATALOGUE: dict[str, Any] = {
    "transformers": "9.9.9",
    "types": {
        "alpha": {
            "architecture": "encoder-only",
            "classes": {"AlphaForMaskedLM": {"tasks": ["fill-mask"]}, "AlphaModel": {"tasks": []}},
        },
        "beta": {
            "architecture": "vision-text",
            "classes": {
                "BetaModel": {
                    "tasks": ["zero-shot-image-classification", "feature-extraction"],
                    "exempt": {"padding_invariance": "it convolves over the text"},
                }
            },
        },
        "gamma": {"architecture": "audio", "classes": {"GammaModel": {"tasks": []}}},
    },
}
MATRIX = Matrix(
    devices=(),
    architectures=(),
    tolerances=(),
    known_failures=(),
    models=(
        Model(
            id="alpha",
            model_type="alpha",
            architecture="encoder-only",
            classes=("AlphaForMaskedLM", "AlphaModel"),
            priority=Priority.CRITICAL,
        ),
        Model(id="beta", model_type="beta", architecture="vision-text", classes=("BetaModel",)),
        Model(id="gone", model_type="gone", architecture="audio", classes=("GoneModel",), left="9.9.0"),
    ),
)
PASSED, FAILED = Outcome.PASSED, Outcome.FAILED


@pytest.fixture
def tried(make_result: Any) -> Any:
    """A function that makes the result of a pair: its outcome, and those of its checks."""

    def make(
        model_type: str, name: str, outcome: Outcome = PASSED, message: str = "", **checks: Outcome
    ) -> Result:
        given = make_result("bert functional")
        model = {**given.cell["model"], "model_type": model_type, "classes": [name]}
        made = tuple(Check(name=check, outcome=found, seconds=0.1) for check, found in checks.items())
        report: Report = replace(given.report, outcome=outcome, message=message, checks=made)
        made_of: Result = replace(given, cell={**given.cell, "model": model}, report=report)
        return made_of

    return make


@pytest.fixture
def found(tried: Any) -> tuple[Pair, ...]:
    return pairs(
        CATALOGUE,
        MATRIX,
        [
            tried("alpha", "AlphaForMaskedLM", forward=PASSED, input_sensitivity=PASSED),
            tried("alpha", "AlphaModel", FAILED, "gradients failed", forward=PASSED, gradients=FAILED),
            tried("beta", "BetaModel", Outcome.XFAILED, "a bug", forward=PASSED, input_sensitivity=PASSED),
            tried("gone", "GoneModel"),
        ],
    )


def row(found: tuple[Pair, ...], by: str, group: str) -> Any:
    (only,) = (row for row in table(found, by) if row.group == group)
    return only


def test_every_pair_of_the_library_is_there_once_and_no_other(found: tuple[Pair, ...]) -> None:
    assert [pair.name for pair in found] == [
        "alpha AlphaForMaskedLM",
        "alpha AlphaModel",
        "beta BetaModel",
        "gamma GammaModel",
    ]
    assert [pair.in_matrix for pair in found] == [True, True, True, False]
    assert [pair.priority for pair in found] == ["critical", "critical", "low", "low"]


def test_what_came_of_each(found: tuple[Pair, ...]) -> None:
    states = [State.PASSED, State.UNEXPECTED, State.KNOWN, State.NOT_RUN]
    assert [pair.state for pair in found] == states
    assert [pair.forward for pair in found] == [True, True, True, False]
    assert [pair.own_path for pair in found] == [True, False, True, False]
    assert [pair.reason for pair in found] == ["", "gradients failed", "a bug", ""]


@pytest.mark.parametrize(
    ("outcome", "state"),
    [
        (Outcome.PASSED, State.PASSED),
        (Outcome.XFAILED, State.KNOWN),
        (Outcome.UNSUPPORTED, State.UNSUPPORTED),
        (Outcome.SKIPPED, State.UNSUPPORTED),
        (Outcome.FAILED, State.UNEXPECTED),
        (Outcome.XPASSED, State.UNEXPECTED),
        (Outcome.OOM, State.UNEXPECTED),
        (Outcome.TIMEOUT, State.UNEXPECTED),
        (Outcome.CRASHED, State.UNEXPECTED),
        (Outcome.ERROR, State.UNEXPECTED),
    ],
)
def test_an_outcome_is_a_state(tried: Any, outcome: Outcome, state: State) -> None:
    (first, *_) = pairs(CATALOGUE, MATRIX, [tried("alpha", "AlphaForMaskedLM", outcome, "why")])
    assert first.state is state


def test_a_check_that_is_unsupported_is_counted_and_spoils_nothing(tried: Any) -> None:
    result = tried("beta", "BetaModel", forward=PASSED, pipeline=Outcome.UNSUPPORTED)
    pair = pairs(CATALOGUE, MATRIX, [result])[2]
    assert (pair.state, pair.unsupported_checks) == (State.PASSED, 1)


def test_a_type_passes_by_its_own_modality_only(tried: Any) -> None:
    textual = tried("beta", "BetaModel", forward=PASSED)  # its image's path was not looked at
    assert row(pairs(CATALOGUE, MATRIX, [textual]), "architecture", "vision-text").types_passing == 0
    whole = tried("beta", "BetaModel", forward=PASSED, input_sensitivity=PASSED)
    assert row(pairs(CATALOGUE, MATRIX, [whole]), "architecture", "vision-text").types_passing == 1


def test_the_counts_of_a_group(found: tuple[Pair, ...]) -> None:
    alpha = row(found, "architecture", "encoder-only")
    assert (alpha.types, alpha.types_passing, alpha.pairs, alpha.forward, alpha.own_path) == (1, 1, 2, 2, 1)
    assert (alpha.passed, alpha.unexpected, alpha.known, alpha.not_run) == (1, 1, 0, 0)
    everything = row(found, "architecture", ALL)
    assert (everything.types, everything.pairs, everything.in_matrix, everything.not_run) == (3, 4, 3, 1)


def test_a_type_is_sound_if_one_class_on_its_own_path_passed_all(found: tuple[Pair, ...]) -> None:
    known = row(found, "architecture", "vision-text")
    assert (known.types_passing, known.types_sound) == (1, 0)


def test_a_pair_of_two_tasks_counts_in_both_and_once_in_all(found: tuple[Pair, ...]) -> None:
    assert row(found, "task", "feature-extraction").pairs == 1
    assert row(found, "task", "zero-shot-image-classification").pairs == 1
    assert row(found, "task", "no pipeline").pairs == 2
    assert row(found, "task", ALL).pairs == 4


some_pairs = st.lists(
    st.builds(
        Pair,
        model_type=st.sampled_from("abcd"),
        model_class=st.sampled_from("XYZ"),
        architecture=st.sampled_from(("vision", "audio")),
        priority=st.sampled_from(("critical", "low")),
        tasks=st.lists(st.sampled_from(("t", "u")), unique=True).map(tuple),
        in_matrix=st.booleans(),
        state=st.sampled_from(State),
        forward=st.booleans(),
        own_path=st.booleans(),
        unsupported_checks=st.integers(0, 2),
        reason=st.just(""),
    ),
    max_size=12,
    unique_by=lambda pair: pair.name,
).map(tuple)


@given(some_pairs)
def test_the_states_of_a_group_add_up_to_its_pairs(found: tuple[Pair, ...]) -> None:
    for by in GROUPS:
        for group in table(found, by):
            states = group.passed + group.known + group.unsupported + group.unexpected + group.not_run
            assert states == group.pairs
            assert group.types_sound <= group.types_passing <= group.types <= group.pairs
    for by in ("architecture", "priority"):
        *groups, everything = table(found, by)
        assert sum(group.pairs for group in groups) == everything.pairs == len(found)


@given(some_pairs, some_pairs)
def test_nothing_changes_against_itself_and_a_change_goes_back_the_way_it_came(
    now: tuple[Pair, ...], before: tuple[Pair, ...]
) -> None:
    assert changes(now, now) == ()
    there, back = changes(now, before), changes(before, now)
    assert {(c.pair, c.before, c.now) for c in there} == {(c.pair, c.now, c.before) for c in back}


def test_only_what_ran_both_times_can_change(found: tuple[Pair, ...], tried: Any) -> None:
    before = pairs(CATALOGUE, MATRIX, [tried("alpha", "AlphaForMaskedLM"), tried("alpha", "AlphaModel")])
    expected = Change(pair="alpha AlphaModel", before=State.PASSED, now=State.UNEXPECTED)
    assert changes(found, before) == (expected,)


def test_the_document_has_it_all(found: tuple[Pair, ...]) -> None:
    document = json.loads(json.dumps(to_json(CATALOGUE, found, changes(found, found))))
    assert document["transformers"] == "9.9.9"
    assert document["by"].keys() == GROUPS.keys()
    assert [pair["state"] for pair in document["pairs"]] == [
        "passed",
        "unexpected",
        "known failure",
        "not run",
    ]
    assert document["changes"] == []


def test_the_page_has_a_row_a_group_and_a_reason_for_all_that_did_not_pass(found: tuple[Pair, ...]) -> None:
    changed = (Change(pair="alpha AlphaModel", before=State.PASSED, now=State.UNEXPECTED),)
    page = markdown(found, changed, "transformers 9.9.9 on cpu")
    assert page.startswith("# transformers 9.9.9 on cpu\n")
    rows = [line.strip("| ").split(" | ") for line in page.splitlines() if line.startswith("|")]
    assert all(len(cells) == 1 + len(COLUMNS) for cells in rows if cells[0] != "---")
    (alpha,) = (cells for cells in rows if cells[0] == "encoder-only")
    assert alpha[1:5] == ["1", "1", "1", "2"]
    assert "## Not as expected (1)\n\n- alpha AlphaModel: gradients failed" in page
    assert "## Known failures (1)\n\n- beta BetaModel: a bug" in page
    assert "## Not in the matrix (run `harness matrix sync`)\n\n- gamma" in page
    assert "alpha AlphaModel: passed → unexpected" in page
    assert "- padding_invariance: it convolves over the text (1 classes of beta)" in page


def test_a_terminal_is_told_the_same(found: tuple[Pair, ...]) -> None:
    file = io.StringIO()
    out = console(file)
    for part in tables(found, (), "title"):
        out.print(part, soft_wrap=not hasattr(part, "columns"))
    text = file.getvalue()
    rows = [line.split() for line in text.splitlines()]
    assert ["encoder-only", "1", "1", "1", "2", "2", "2", "1", "1", "0", "0", "1", "0"] in rows
    assert "alpha AlphaModel: gradients failed" in text


def test_what_a_container_said_is_text_on_a_page(tried: Any) -> None:
    evil = "\x1b[2J| a | b |\n# heading"
    (first, *_) = pairs(CATALOGUE, MATRIX, [tried("alpha", "AlphaForMaskedLM", FAILED, evil)])
    page = markdown((first,), (), "title")
    assert "\x1b" not in page
    assert not any(line.startswith("# heading") for line in page.splitlines())
