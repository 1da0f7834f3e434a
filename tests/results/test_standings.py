"""Which scores stand beside which: only those on the same questions, and of a cell only the newest."""

from dataclasses import replace
from pathlib import Path

import pytest

from harness.results.record import Outcome
from harness.results.scored import Scored
from harness.results.sections import Section
from harness.results.standings import Standing, is_made_up, is_random, standings
from tests.results.evaluated import answers, cell, draws, kept, rated, result

GSM = answers("gsm8k", draws(0.7, 40))


def one(found: tuple[Standing, ...]) -> Standing:
    (row,) = found
    return row


def test_a_result_that_was_stored_stands_with_what_it_took(tmp_path: Path) -> None:
    asked = cell("qwen3_8b", "gsm8k", engine="vllm")
    store = kept(
        tmp_path, "20261122T000000Z-evaluation-cpu-1", [result(asked, GSM, memory_bytes=16_000_000_000)]
    )
    row = one(standings(store.read().results))
    assert (row.who.model, row.who.engine, row.column.dataset) == ("qwen3_8b", "vllm", "gsm8k")
    assert row.interval is not None
    assert row.interval.value == pytest.approx(sum(draws(0.7, 40)) / 40)
    assert (row.column.count, row.seconds, row.tokens, row.memory_bytes) == (40, 80, 2000, 16e9)
    assert row.run == store.run


def test_the_newest_result_of_a_cell_wins() -> None:
    asked = cell("qwen3_8b", "gsm8k")
    newest, older = answers("gsm8k", [1.0] * 40), answers("gsm8k", [0.0] * 40)
    row = one(standings([result(asked, newest), result(asked, older)]))
    assert row.interval is not None
    assert row.interval.value == 1


def test_what_is_no_evaluation_does_not_stand(tmp_path: Path) -> None:
    other = result(cell("qwen3_8b", "gsm8k"), GSM)
    timed = replace(other, cell=other.cell | {"suite": "throughput"})
    assert standings([timed]) == ()


@pytest.mark.parametrize(
    ("data", "given"),
    [
        ("sample", GSM),
        ("hub", answers("gsm8k", draws(0.7, 40), first=40)),
        ("hub", GSM[:-1]),
        ("hub", [replace(row, content="mended") for row in GSM]),
    ],
    ids=["sample data", "other questions", "fewer questions", "other content"],
)
def test_scores_on_other_questions_stand_in_another_column(data: str, given: list[Scored]) -> None:
    rows = standings(
        [
            result(cell("qwen3_8b", "gsm8k"), GSM),
            result(cell("llama31_8b", "gsm8k", data=data, samples=len(given)), given),
            result(cell("phi35_mini", "gsm8k"), GSM),
        ]
    )
    first, second, third = rows
    assert first.column == third.column
    assert first.column != second.column
    assert len(Section(title="", standings=rows).columns) == 2


def test_what_was_not_scored_has_no_column() -> None:
    asked = cell("qwen3_8b", "gsm8k", skip="its weights are not here")
    row = one(standings([result(asked, outcome=Outcome.SKIPPED, message="its weights are not here")]))
    section = Section(title="", standings=(row,))
    assert (row.score, row.interval, row.seconds, row.strata()) == (None, None, None, None)
    assert (section.columns, section.rows) == ((), ())


def test_samples_are_told_apart_by_subtask() -> None:
    row = one(standings([result(cell("qwen3_8b", "gsm8k"), answers("gsm8k", [1.0, 0.0, 1.0]))]))
    assert row.strata() == {"algebra": [0.0, 1.0], "logic": [1.0]}


@pytest.mark.parametrize(
    "subtasks", [None, "two", {"algebra": 7}, {"algebra": "3"}, {"algebra": -1, "logic": 4}, {}], ids=str
)
def test_facts_that_do_not_fit_are_not_believed(subtasks: object) -> None:
    """They come out of a container."""
    given = answers("gsm8k", [1.0, 0.0, 1.0])
    facts = {"subtasks": subtasks, "peak_memory_bytes": "much"}
    row = one(standings([result(cell("qwen3_8b", "gsm8k"), given, facts=facts)]))
    assert row.strata() is None
    assert row.memory_bytes is None


def test_only_what_is_told_of_the_dataset_is_its_score() -> None:
    """Metrics of other phases, such as a layer's, may have the same names."""
    found = result(cell("qwen3_8b", "gsm8k"), answers("gsm8k", [1.0, 0.0]))
    others = tuple(replace(metric, phase="layer-0", value=9.0) for metric in found.report.metrics)
    mixed = replace(found, report=replace(found.report, metrics=(*found.report.metrics, *others)))
    assert one(standings([mixed])).metrics == one(standings([found])).metrics


@pytest.mark.parametrize(
    ("engine", "made_up"),
    [("transformers", False), ("vllm", False), ("openai", False), ("gold", True), ("wrong", True)],
)
def test_a_server_s_answers_are_a_model_s_and_gold_ones_are_not(engine: str, *, made_up: bool) -> None:
    assert is_made_up(one(standings([result(cell("qwen3_8b", "gsm8k", engine=engine), GSM)])).who) is made_up


def test_ratings_of_another_judge_stand_in_another_column() -> None:
    rows = standings(
        [
            rated("qwen3_8b", [7.0, 8.0]),
            rated("llama31_8b", [6.0, None]),  # of one question too few ratings, and the same column
            rated("phi35_mini", [7.0, 8.0], judge="another"),
        ]
    )
    first, second, third = (row.column for row in rows)
    assert first == second
    assert first != third
    assert first.judge == "qwen3_14b, our own"
    assert [row.strata() is None for row in rows] == [False, True, False]


def test_a_rating_counts_as_its_place_between_the_least_and_the_most() -> None:
    row = one(standings([rated("qwen3_8b", [1.0, 10.0, 5.5])]))
    assert row.quality is not None
    assert row.interval is not None
    assert row.interval.value == pytest.approx(5.5)
    assert row.quality.value == pytest.approx(0.5)
    assert (row.interval.low - 1) / 9 == pytest.approx(row.quality.low)
    assert row.strata() == {"": [0.0, 1.0, 0.5]}


def test_a_score_in_a_unit_that_is_not_known_is_none() -> None:
    found = rated("qwen3_8b", [7.0])
    metrics = tuple(replace(metric, unit="stars") for metric in found.report.metrics)
    row = one(standings([replace(found, report=replace(found.report, metrics=metrics))]))
    assert (row.score, row.interval, row.quality) == (None, None, None)


def test_random_weights_are_known_as_such() -> None:
    row = one(standings([result(cell("qwen3_8b", "gsm8k", weights="tiny"), GSM)]))
    assert is_random(row.who)
