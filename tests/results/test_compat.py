"""Which release broke a model, whatever the order of the results; what was not judged says nothing."""

import io
import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.results.compat import CELL, Change, Kind, Row, releases, rows
from harness.results.compat_report import markdown, tables
from harness.results.record import Check, Outcome, Result
from harness.results.report import console

OLD, MIDDLE, NEW = "4.9.0", "4.57.6", "5.10.0"
"""In the order of versions, which is not that of the texts."""
PASSED, FAILED, SKIPPED, UNSUPPORTED = Outcome.PASSED, Outcome.FAILED, Outcome.SKIPPED, Outcome.UNSUPPORTED


@pytest.fixture
def under(make_result: Any) -> Any:
    """A function that makes a result under a release: the cell's outcome, and those of its checks."""

    def make(release: str | None, outcome: Outcome = PASSED, /, **checks: Outcome) -> Result:
        found = tuple(
            Check(name=name, outcome=one, seconds=0.1, message=f"{name} {one} in {release}")
            for name, one in checks.items()
        )
        made: Result = make_result(outcome=outcome, checks=found, message="why")
        parameters = made.cell["parameters"] | {"transformers": release}
        return replace(made, cell=made.cell | {"parameters": parameters})

    return make


def changes(*results: Result) -> list[tuple[Kind, str, str, str]]:
    (row,) = rows(results)
    return [(change.kind, change.before, change.release, change.check) for change in row.changes]


def test_releases_stand_in_the_order_of_their_versions(under: Any) -> None:
    found = rows([under(NEW), under(OLD), under(MIDDLE)])
    assert releases(found) == (OLD, MIDDLE, NEW)
    assert [entry.release for entry in found[0].entries] == [OLD, MIDDLE, NEW]


def test_a_check_that_broke_is_said_with_its_release(under: Any) -> None:
    (row,) = rows(
        [under(NEW, FAILED, forward=PASSED, save_load=FAILED), under(OLD, forward=PASSED, save_load=PASSED)]
    )
    assert row.broke == Change(
        kind=Kind.BROKE, release=NEW, before=OLD, check="save_load", message=f"save_load failed in {NEW}"
    )


def test_a_check_comes_breaks_is_mended_and_leaves(under: Any) -> None:
    found = changes(
        under("1", forward=PASSED),
        under("2", forward=PASSED, pipeline=PASSED),
        under("3", FAILED, forward=PASSED, pipeline=FAILED),
        under("4", forward=PASSED, pipeline=PASSED),
        under("5", forward=PASSED, pipeline=UNSUPPORTED),
        under("6", forward=PASSED),
    )
    assert found == [
        (Kind.CAME, "1", "2", "pipeline"),
        (Kind.BROKE, "2", "3", "pipeline"),
        (Kind.MENDED, "3", "4", "pipeline"),
        (Kind.LEFT, "4", "5", "pipeline"),
    ]


def test_a_model_that_a_release_does_not_have_comes_and_goes_whole(under: Any) -> None:
    results = (
        under(OLD, UNSUPPORTED, construct=UNSUPPORTED),
        under(MIDDLE, forward=PASSED),
        under(NEW, UNSUPPORTED),
    )
    assert changes(*results) == [(Kind.CAME, OLD, MIDDLE, ""), (Kind.LEFT, MIDDLE, NEW, "")]
    assert rows(results)[0].first == MIDDLE
    assert rows([results[0]])[0].first is None


def test_what_is_skipped_says_nothing(under: Any) -> None:
    found = changes(
        under("1", construct=PASSED, forward=PASSED),
        under("2", FAILED, construct=FAILED, forward=SKIPPED),
        under("3", construct=PASSED, forward=PASSED, generate=PASSED),
    )
    assert found == [(Kind.BROKE, "1", "2", "construct"), (Kind.MENDED, "2", "3", "construct")]


def test_a_cell_that_ended_without_a_check_to_blame_is_one_of_its_own(under: Any) -> None:
    results = under("1", forward=PASSED), under("2", Outcome.CRASHED), under("3", forward=PASSED)
    assert changes(*results) == [(Kind.BROKE, "1", "2", CELL), (Kind.MENDED, "2", "3", CELL)]


def test_a_failure_that_is_known_is_one_of_its_release_all_the_same(under: Any) -> None:
    results = under("1", forward=Outcome.XPASSED), under("2", Outcome.XFAILED, forward=Outcome.XFAILED)
    assert changes(*results) == [(Kind.BROKE, "1", "2", "forward")]


def test_cells_of_the_image_are_those_of_the_release_they_found(under: Any, make_result: Any) -> None:
    own = replace(under(None), report=replace(under(None).report, facts={"transformers": NEW}))
    assert releases(rows([own, under(OLD), under(None)])) == (OLD, NEW)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])  # it only makes records
@given(outcomes=st.lists(st.sampled_from([PASSED, FAILED, SKIPPED]), min_size=1, max_size=8), data=st.data())
def test_the_first_that_broke_is_the_first_to_fail_after_a_pass(
    outcomes: list[Outcome], data: st.DataObject, under: Any
) -> None:
    made = [under(f"{place}.0", outcome, forward=outcome) for place, outcome in enumerate(outcomes)]
    (row,) = rows(data.draw(st.permutations(made)))
    first_pass = outcomes.index(PASSED) if PASSED in outcomes else len(outcomes)
    broken = [place for place, one in enumerate(outcomes) if one is FAILED and place > first_pass]
    assert (row.broke.release if row.broke else None) == (f"{broken[0]}.0" if broken else None)


def test_the_table_and_the_lists(under: Any) -> None:
    found = rows(
        [
            under(OLD, FAILED, forward=PASSED, save_load=FAILED, generate=PASSED),
            under(MIDDLE, forward=PASSED, save_load=PASSED, generate=PASSED),
            under(NEW, FAILED, forward=FAILED, save_load=PASSED),
        ]
    )
    page = markdown(found, "Releases")
    assert f"| model | {OLD} | {MIDDLE} | {NEW} | first that broke |" in page
    assert f"| bert | 2/3 save_load | 3/3 | 1/2 forward | {NEW}: forward |" in page
    assert f"- bert in {OLD}: save_load: save_load failed in {OLD}" in page
    assert f"- forward in {NEW}, after {MIDDLE}: forward failed in {NEW} (bert)" in page
    assert f"- save_load in {MIDDLE}, after {OLD} (bert)" in page
    out = io.StringIO()
    for part in tables(found, "Releases"):
        console(out).print(part, soft_wrap=True)
    assert "1/2 forward" in out.getvalue()


def test_json_says_what_the_table_says(under: Any) -> None:
    (row,) = rows(
        [under(OLD, UNSUPPORTED), under(MIDDLE, forward=PASSED), under(NEW, FAILED, forward=FAILED)]
    )
    data = json.loads(json.dumps(row.to_json(), allow_nan=False))
    assert (data["model"], data["first"], data["broke"]["release"]) == ("bert", MIDDLE, NEW)
    assert isinstance(row, Row)
