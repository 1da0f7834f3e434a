"""What an evaluation of a tiny Mixtral reports of its experts is the count by hand, whatever the batch."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from harness.matrix.cells import Cell
from harness.matrix.records import Model
from harness.suite.evaluation.engines.transformers import Transformers
from harness.suite.evaluation.evaluate import evaluate
from harness.suite.evaluation.place import Place
from harness.suite.evaluation.tiny import tiny_checkpoint
from tests.results.evaluated import cell
from tests.suite.evaluation.test_experts import by_hand, states

ASKED = {"gsm8k": "exact_match_flexible", "hellaswag": "accuracy_norm"}
"""Answers that are generated and that are chosen: batches are padded on the left, and on the right."""


def asking(row: Model, dataset: str, batch: int) -> Cell:
    options = {"dtype": "float32", "batch_size": batch}
    asked = cell("mixtral_8x7b", "gsm8k", samples=3, max_tokens=6, options=options, data="sample")
    assert asked.questions is not None
    questions = replace(asked.questions, dataset=dataset, task=dataset, score=ASKED[dataset])
    return replace(asked, model=replace(row, classes=row.classes[:1]), questions=questions)


@pytest.mark.parametrize("dataset", ASKED)
@pytest.mark.filterwarnings("ignore")  # lm_eval's and its needs' own
def test_an_evaluation_reports_the_count_by_hand(
    rows: dict[str, Model], sample: Path, tmp_path: Path, dataset: str
) -> None:
    folder = tiny_checkpoint(rows["mixtral_8x7b"], tmp_path / "weights")

    def use(batch: int) -> tuple[Mapping[str, Any], list[tuple[int, ...]]]:
        asked = asking(rows["mixtral_8x7b"], dataset, batch)
        engine = Transformers(folder, asked)
        place = Place(out=tmp_path / f"out{batch}", data=sample, weights=None, earlier=None)
        place.out.mkdir()
        model = engine.model({}).model
        with states(model) as seen:
            found = evaluate(asked, engine, place)
        told = {metric.name for metric in found.metrics}
        assert {"experts_used", "expert_entropy", "expert_imbalance"} <= told
        return found.facts["expert_use"], by_hand(model, seen, 4)

    told, counted = use(batch=1)
    assert [tuple(counts) for counts in told.values()] == counted
    in_batches, with_padding = use(batch=3)
    assert in_batches == told
    assert with_padding != counted
