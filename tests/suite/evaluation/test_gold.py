"""Gold answers score 1.0 and wrong ones 0.0, for each dataset, through its official task."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from lm_eval.evaluator import evaluate

from harness.matrix.datasets import Dataset
from harness.suite.evaluation.choice import chosen
from harness.suite.evaluation.gold import Gold, Wrong
from harness.suite.evaluation.tasks import Loaded, load
from harness.suite.evaluation.workplace import workplace
from tests.suite.evaluation.conftest import CODE_EVAL

KEYS = {
    "arc_challenge": ("acc,none", "acc_norm,none"),
    "bigbench_hard": ("exact_match,get-answer",),
    "chartqa": ("exact_match,none", "relaxed_accuracy,none", "anywhere_accuracy,none"),
    "gsm8k": ("exact_match,strict-match", "exact_match,flexible-extract"),
    "hellaswag": ("acc,none", "acc_norm,none"),
    "humaneval": ("pass@1,create_test",),
    "longbench": ("score,none",),
    "math": ("exact_match,none",),
    "mbpp": ("pass_at_1,none",),
    "medqa": ("acc,none", "acc_norm,none"),
    "mmlu": ("acc,none",),
    "mmlu_pro": ("exact_match,custom-extract",),
    "mmmu": ("acc,none",),
    "pubmedqa": ("acc,none",),
    "repobench": ("score,none", "code_sim_score,none"),
    "toxicity_detection": ("acc,none", "acc_norm,none"),
    "truthfulqa": ("acc,none",),
}
"""Dataset → the scores that lm_eval gives to its task or group."""
SUBTASKS = {"mmlu": 57, "mmmu": 30, "bigbench_hard": 27, "longbench": 21, "mmlu_pro": 14, "math": 7}


def scores(loaded: Loaded, kind: type[Gold | Wrong]) -> Mapping[str, Any]:
    """lm_eval's results for all questions."""
    samples = chosen(loaded.counts, None, 0)
    asked = loaded.only(samples)
    result = evaluate(
        kind(asked["tasks"]), asked, samples=samples, bootstrap_iters=0, confirm_run_unsafe_code=True
    )
    results: Mapping[str, Any] = result["results"]
    return results


def test_every_dataset_that_has_a_task_is_tried(datasets: dict[str, Dataset]) -> None:
    assert set(KEYS) == {row.id for row in datasets.values() if row.task}


@pytest.mark.parametrize("dataset", KEYS)
def test_gold_scores_one_and_wrong_scores_nothing(
    dataset: str, sample: Path, datasets: dict[str, Dataset]
) -> None:
    task = str(datasets[dataset].task)
    with workplace(sample, CODE_EVAL):
        loaded = load(task)
        assert len(loaded.counts) == SUBTASKS.get(dataset, 1)
        gold, wrong = scores(loaded, Gold), scores(loaded, Wrong)
    assert {key for key in gold[task] if "," in key and "_stderr" not in key} == set(KEYS[dataset])
    for key in KEYS[dataset]:
        assert gold[task][key] == pytest.approx(1.0, abs=1e-6)  # rouge adds 1e-8 to what it divides by
        assert wrong[task][key] == 0.0
        for subtask in loaded.counts:
            assert gold[subtask][key] == pytest.approx(1.0, abs=1e-6)
            assert wrong[subtask][key] == 0.0


def test_minerva_reads_the_same_rows(sample: Path) -> None:
    with workplace(sample):
        loaded = load("minerva_math_algebra")
        gold, wrong = scores(loaded, Gold), scores(loaded, Wrong)
    for key in ("exact_match,none", "math_verify,none"):
        assert gold["minerva_math_algebra"][key] == 1.0
        assert wrong["minerva_math_algebra"][key] == 0.0


def test_how_likely_a_text_is_has_no_right_answer(sample: Path) -> None:
    with workplace(sample):
        loaded = load("pubmedqa")
    task = loaded.tasks["pubmedqa"]
    task.build_all_requests(limit=1)
    with pytest.raises(TypeError, match="pubmedqa asks how likely texts are"):
        Gold(loaded.tasks).loglikelihood_rolling(task.instances)
