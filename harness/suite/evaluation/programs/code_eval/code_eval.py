"""The metric `code_eval` by upstream's interface, with programs judged as `harness` does.

`evaluate.load("code_eval")` finds it where this folder is in the working directory, so that tasks of lm_eval
use it as they are. Upstream's is of huggingface/evaluate, metrics/code_eval.
"""

import math
import statistics
from collections.abc import Sequence
from typing import Any

import datasets
import evaluate

from harness.suite.evaluation.programs.judge import WORKERS, judge_all
from harness.suite.evaluation.programs.prompts import prompt_of
from harness.suite.evaluation.programs.records import Submission, Verdict

DESCRIPTION = (
    "The share of problems that a program out of k solves, each program run in a sandbox of its own."
)
CITATION = "Chen et al. 2021, Evaluating Large Language Models Trained on Code, arXiv:2107.03374"

Results = dict[int, list[tuple[int, dict[str, Any]]]]
"""Problem → place of the program and what came of it, by upstream's names."""


class CodeEval(evaluate.Metric):
    """`compute(references=[tests], predictions=[[program, …]], k=[1])` → the shares, and `Results`."""

    def _info(self) -> evaluate.MetricInfo:
        features = {
            "predictions": datasets.Sequence(datasets.Value("string")),
            "references": datasets.Value("string"),
        }
        return evaluate.MetricInfo(
            description=DESCRIPTION,
            citation=CITATION,
            inputs_description=self.__doc__,
            features=datasets.Features(features),
        )

    def _compute(
        self,
        predictions: Sequence[Sequence[str]],
        references: Sequence[str],
        k: Sequence[int] = (1, 10, 100),
        num_workers: int = WORKERS,
    ) -> tuple[dict[str, float], Results]:
        places = [
            (task, place) for task, programs in enumerate(predictions) for place in range(len(programs))
        ]
        submissions = [
            Submission(
                program=predictions[task][place],
                tests=references[task],
                prompt=prompt_of(predictions[task][place]),
            )
            for task, place in places
        ]
        results: Results = {}
        verdicts = judge_all(submissions, workers=num_workers)
        for (task, place), verdict in zip(places, verdicts, strict=True):
            row = {
                "task_id": task,
                "passed": verdict.passed,
                "result": _result(verdict),
                "completion_id": place,
            }
            results.setdefault(task, []).append((place, row))
        solved = [[row["passed"] for _, row in rows] for rows in results.values()]
        wanted = [most for most in k if solved and all(len(rows) >= most for rows in solved)]
        return {
            f"pass@{most}": statistics.fmean(pass_at(most, rows) for rows in solved) for most in wanted
        }, results


def pass_at(k: int, passed: Sequence[bool]) -> float:
    """Whether one of k programs solves a problem, without bias from n ≥ k of them: 1 - C(n - c, k) / C(n, k).

    Chen et al. 2021, equation 1, where c of the n passed.
    """
    return 1 - math.comb(len(passed) - sum(passed), k) / math.comb(len(passed), k)


def _result(verdict: Verdict) -> str:
    return (
        verdict.reason
        if verdict.passed or verdict.reason.startswith("timed out")
        else f"failed: {verdict.reason}"
    )
