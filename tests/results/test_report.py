"""What a person sees and what a program reads."""

import io
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from harness.errors import ResultsError
from harness.matrix.cells import Cell
from harness.matrix.schema import validate
from harness.results.overview import MOST_ROWS, shortened
from harness.results.record import Check, Estimate, Metric, Outcome, Result
from harness.results.report import MARKS, console, show, to_json, to_svg
from tests.results import evaluated

MakeResult = Callable[..., Result]
FOLDER = Path("results/run")


def _shown(results: list[Result], **more: list[str]) -> str:
    file = io.StringIO()
    show(console(file), results, FOLDER, **more)
    return file.getvalue()


def _checks(**outcomes: Outcome) -> tuple[Check, ...]:
    return tuple(
        Check(name=name, outcome=outcome, seconds=0.1, message="it has no such thing")
        for name, outcome in outcomes.items()
    )


def test_every_outcome_has_a_mark_of_its_own() -> None:
    assert MARKS.keys() == set(Outcome)
    assert len({marks[0] for marks in MARKS.values()}) == len(Outcome)
    assert len({marks[1] for marks in MARKS.values()}) == len(Outcome)


def test_functional_results_are_a_table_of_models_and_checks(make_result: MakeResult) -> None:
    good = make_result("bert functional", checks=_checks(construct=Outcome.PASSED, forward=Outcome.PASSED))
    bad = make_result(
        "vit functional",
        outcome=Outcome.FAILED,
        checks=_checks(
            construct=Outcome.PASSED, forward=Outcome.FAILED, padding_invariance=Outcome.UNSUPPORTED
        ),
    )
    text = _shown([good, bad])
    rows = [line.split() for line in text.splitlines()]
    assert "functional on cpu, float32" in text
    assert ["model", "new", "fwd", "in", "det", "bat", "pad"] in [row[:7] for row in rows]
    assert ["bert", "✓", "✓", "1.5", "passed"] in rows
    assert ["vit", "✓", "✗", "uns", "1.5", "failed"] in rows
    assert "✗ failed" in text
    assert "padding_invariance unsupported: it has no such thing (vit)" in text
    assert "nox -s test-cpu -- --model vit --class ViTForImageClassification --check forward" in text
    assert f"Results: {FOLDER}" in text


@pytest.mark.parametrize("message", ["no file [/tmp/x] there", "[/]", "[bold]plain"])
def test_brackets_in_a_message_are_text(make_result: MakeResult, message: str) -> None:
    """Rich would read them as markup, and end in an error or swallow them."""
    results = [
        make_result(name, outcome=Outcome.ERROR, message=message)
        for name in ("bert throughput", "vit functional")
    ]
    assert message in _shown(results)


def test_throughput_shows_figures_and_names_estimates(make_result: MakeResult) -> None:
    estimate = Estimate(
        method="linear in depth", layers=40, depths=(2, 4), low=0.2, high=0.3, confidence=0.95
    )
    measured = Metric.of("ttft", "s", "prefill", [0.01, 0.02, 0.03])
    guessed = replace(Metric.of("tpot", "s", "decode", [0.1, 0.1]), value=0.25, estimate=estimate)
    text = _shown([make_result("starcoder2_15b throughput", metrics=(measured, guessed))])
    assert "b1-i128-o16" in text
    assert "20 ms" in text
    assert "10 to 30" in text
    assert "250 ms" in text
    assert "200 to 300" in text
    assert "40 layers from 2, 4" in text
    assert "Estimates:\n  linear in depth\n" in text


def test_a_cell_without_figures_says_why(make_result: MakeResult) -> None:
    text = _shown([make_result("bert throughput", outcome=Outcome.OOM, message="killed at 4 GB")])
    assert "oom" in text
    assert "killed at 4 GB" in text
    assert "smaller --batch" in text


def test_cells_without_a_result_and_warnings_are_said(make_result: MakeResult) -> None:
    text = _shown(
        [make_result()],
        planned=["bert-BertForMaskedLM-cpu-functional-float32", "vit-x"],
        warnings=["line 3 is torn"],
    )
    assert "vit-x: no result" in text
    assert "bert-BertForMaskedLM-cpu-functional-float32: no result" not in text
    assert "line 3 is torn" in text


def test_nothing_a_container_wrote_reaches_the_terminal_as_an_escape(make_result: MakeResult) -> None:
    evil = "\x1b[2J[red]x[/red]\x07\ud800"
    results = [
        make_result(name, outcome=Outcome.CRASHED, message=evil, checks=_checks(forward=Outcome.ERROR))
        for name in ("bert functional", "bert throughput")
    ]
    text = _shown(results)
    assert "\x1b" not in text
    assert "\x07" not in text
    assert "[red]x[/red]" in text
    text.encode()


def test_a_file_that_holds_only_ascii_gets_ascii(make_result: MakeResult) -> None:
    raw = io.BytesIO()
    file = io.TextIOWrapper(raw, encoding="ascii")
    show(console(file), [make_result(checks=_checks(forward=Outcome.PASSED))], FOLDER)
    file.flush()
    assert b"+ passed" in raw.getvalue()


@pytest.mark.parametrize("width", [20, 80, 200])
def test_any_width_will_do(make_result: MakeResult, width: int) -> None:
    file = io.StringIO()
    metric = Metric.of("ttft", "s", "prefill", [0.01])
    results = [
        make_result(checks=_checks(forward=Outcome.PASSED)),
        make_result("t5 throughput", metrics=(metric,)),
    ]
    show(Console(file=file, width=width), results, FOLDER)
    tables = file.getvalue().split("passed, ")[0]
    assert max(len(line) for line in tables.splitlines()[:-1]) <= max(
        width, len("functional on cpu, float32")
    )


def test_eighty_columns_hold_every_check_and_the_longest_id(make_result: MakeResult) -> None:
    file = io.StringIO()
    names = make_result("starcoder2_15b functional").cell["checks"]
    checks = _checks(**dict.fromkeys(names, Outcome.PASSED))
    show(Console(file=file, width=80), [make_result("starcoder2_15b functional", checks=checks)], FOLDER)
    rows = [line.split() for line in file.getvalue().splitlines()]
    assert ["starcoder2_15b", *["✓"] * len(names), "1.5", "passed"] in rows


def test_a_command_to_copy_is_not_broken(make_result: MakeResult) -> None:
    file = io.StringIO()
    bad = make_result(outcome=Outcome.FAILED, checks=_checks(forward=Outcome.FAILED))
    show(Console(file=file, width=40), [bad], FOLDER)
    assert "`nox -s test-cpu -- --model bert --class BertForMaskedLM --check forward`" in file.getvalue()


def test_the_document_is_json_and_its_results_pass_their_schema(make_result: MakeResult) -> None:
    results = [make_result(), make_result("vit functional", outcome=Outcome.OOM, message="killed")]
    document = json.loads(json.dumps(to_json("run", results, FOLDER, warnings=["w"]), allow_nan=False))
    assert document.keys() == {"run", "folder", "exit_code", "results", "verdicts", "missing", "warnings"}
    assert document["exit_code"] == 1
    assert [verdict["expected"] for verdict in document["verdicts"]] == [True, False]
    assert all(validate("result", result) == [] for result in document["results"])


def test_the_picture_is_an_svg(make_result: MakeResult, tmp_path: Path) -> None:
    to_svg(tmp_path / "report.svg", [make_result(checks=_checks(forward=Outcome.PASSED))], FOLDER)
    text = (tmp_path / "report.svg").read_text()
    assert text.startswith("<svg")
    assert "bert" in text
    with pytest.raises(ResultsError, match="cannot be written: No such file"):
        to_svg(tmp_path / "none" / "report.svg", [], FOLDER)


def many(make_result: MakeResult, cells: dict[str, Cell], count: int) -> list[Result]:
    """Results of as many classes of BERT, the last of which failed."""
    bert = cells["bert functional"]
    made = []
    for number in range(count):
        cell = replace(bert, id=f"cell{number}", model=replace(bert.model, classes=(f"Bert{number}",)))
        outcome = Outcome.FAILED if number == count - 1 else Outcome.PASSED
        result = make_result(outcome=outcome, checks=_checks(forward=outcome))
        made.append(replace(result, cell=cell.to_json(), report=replace(result.report, cell=cell.id)))
    return made


def test_classes_of_one_model_are_told_apart(make_result: MakeResult, cells: dict[str, Cell]) -> None:
    rows = [line.split() for line in _shown(many(make_result, cells, 3)).splitlines()]
    assert ["bert", "Bert0", "✓", "1.5", "passed"] in rows
    assert ["bert", "Bert2", "✗", "1.5", "failed"] in rows


def test_of_many_cells_only_the_unexpected_are_shown_and_the_rest_counted(
    make_result: MakeResult, cells: dict[str, Cell]
) -> None:
    text = _shown(many(make_result, cells, MOST_ROWS + 1))
    rows = [line.split() for line in text.splitlines()]
    assert ["bert", f"Bert{MOST_ROWS}", "✗", "1.5", "failed"] in rows
    assert "Bert0 " not in text
    assert ["architecture", "cells", "passed", "unexpected", "s"] in rows
    assert ["encoder-only", str(MOST_ROWS + 1), str(MOST_ROWS), "1", "92"] in rows
    assert ["all", str(MOST_ROWS + 1), str(MOST_ROWS), "1", "92"] in rows


def test_a_reason_that_holds_for_many_names_the_first() -> None:
    assert shortened([*"abcdefghij", "a"]) == "a, b, c, d, e, f, g, h and 2 more"
    assert shortened("aab") == "a, b"


def test_scores_are_a_table_of_models_and_questions_and_what_was_not_asked_is_told_once() -> None:
    why = "its weights are not here: `harness models fetch qwen3_8b`"
    asked = evaluated.cell("llama31_8b", "gsm8k", data="sample")
    text = _shown(
        [
            evaluated.result(asked, evaluated.answers("gsm8k", [1.0] * 9 + [0.0])),
            evaluated.result(evaluated.cell("qwen3_8b", "gsm8k"), outcome=Outcome.SKIPPED, message=why),
        ]
    )
    assert "evaluation on cpu" in text
    assert "90.0%" in text
    assert "59.6 to 98.2" in text
    assert "no score on them is a benchmark's" in text
    assert text.count(why) == 1
