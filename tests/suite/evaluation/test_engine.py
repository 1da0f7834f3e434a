"""The library's engine loads the class of the model's row, whole, or says why there is nothing to ask."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from harness.matrix.cells import Cell
from harness.matrix.records import Model
from harness.suite.evaluation.engines.transformers import Transformers
from harness.suite.evaluation.tiny import tiny_checkpoint
from harness.suite.models.build import model_class
from harness.suite.outcomes import Unsupported
from tests.results.evaluated import cell
from tests.suite.evaluation.asking import generated, likelihoods

pytestmark = pytest.mark.filterwarnings("ignore")  # lm_eval's and its needs' own


def asking(row: Model) -> Cell:
    asked = cell("mixtral_8x7b", "gsm8k", options={"dtype": "float32", "batch_size": 2})
    return replace(asked, model=replace(row, classes=row.classes[:1]))


@pytest.mark.parametrize("name", ["llava_next", "mllama", "qwen2_vl", "t5", "gpt2"])
def test_a_model_is_of_its_row_s_class_and_answers(rows: dict[str, Model], name: str, tmp_path: Path) -> None:
    lm: Any = Transformers(tiny_checkpoint(rows[name], tmp_path), asking(rows[name])).model({})
    assert type(lm.model) is model_class(rows[name])
    assert likelihoods(lm, [("The sky is", " blue")])[0][0] < 0
    assert len(generated(lm, ["The sky is", "Why"], tokens=3)) == 2
    assert [row.tokens for row in lm.meter.rows] == [3, 3]


def test_what_answers_no_questions_is_not_read(rows: dict[str, Model], tmp_path: Path) -> None:
    with pytest.raises(Unsupported, match="BertForMaskedLM answers no questions"):
        Transformers(tmp_path, asking(rows["bert"]))
