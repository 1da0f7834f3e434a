"""A run as Markdown."""

from typing import Any

from harness.results.markdown import MOST, markdown
from harness.results.record import Check, Outcome


def test_outcomes_are_counted_and_what_is_not_expected_is_listed(make_result: Any) -> None:
    failed = Check(name="forward", outcome=Outcome.FAILED, seconds=0.1, message="0.3 is above 0.1")
    results = [
        make_result(seconds=2.0),
        make_result("albert functional", outcome=Outcome.FAILED, message="forward: a|b\nc", checks=(failed,)),
        make_result("bert throughput", seconds=90.0),
    ]
    text = markdown("20261121T1-functional-cpu-1", results, ["lost-cell"])
    assert "| suite | device | failed | passed | s |\n| --- | --- | --- | --- | --- |\n" in text
    assert "| functional | cpu | 1 | 1 | 4 |" in text
    assert "| throughput | cpu | 0 | 1 | 90 |" in text
    assert r"| albert-AlbertForMaskedLM-cpu-functional-float32 | failed | forward: a\|b |" in text
    assert "forward failed (0.3 is above 0.1): see it alone with" in text
    assert "- lost-cell: no result; the run ended before it" in text


def test_where_all_is_as_expected_there_is_one_table(make_result: Any) -> None:
    assert markdown("run", [make_result()], []).splitlines() == [
        "### run",
        "",
        "| suite | device | passed | s |",
        "| --- | --- | --- | --- |",
        "| functional | cpu | 1 | 2 |",
    ]


def test_of_very_many_the_rest_is_counted() -> None:
    text = markdown("run", [], [f"cell{number}" for number in range(MOST + 7)])
    assert text.count("no result") == MOST
    assert "7 more are in the results." in text
