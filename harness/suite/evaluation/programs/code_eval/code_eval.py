"""The metric `code_eval` by upstream's interface, with programs judged as `harness` does.

`evaluate.load("code_eval")` finds it where this folder is in the working directory, so that tasks of lm_eval
use it as they are. Upstream's is of huggingface/evaluate, metrics/code_eval.
"""

from collections.abc import Sequence
from statistics import fmean
from typing import Any

import datasets
import evaluate

from harness.results.scores import pass_at_k
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
        places = [(task, place) for task, row in enumerate(predictions) for place in range(len(row))]
        programs = [(predictions[task][place], references[task]) for task, place in places]
        submissions = (
            Submission(program=program, tests=tests, prompt=prompt_of(program)) for program, tests in programs
        )
        results: Results = {}
        verdicts = judge_all(submissions, workers=num_workers)
        for (task, place), verdict in zip(places, verdicts, strict=True):
            results.setdefault(task, []).append((place, _row(task, place, verdict)))
        solved = [[row["passed"] for _, row in rows] for rows in results.values()]
        wanted = [most for most in k if solved and all(len(rows) >= most for rows in solved)]
        return {f"pass@{most}": _share(solved, most) for most in wanted}, results


def _share(solved: Sequence[Sequence[bool]], k: int) -> float:
    return fmean(pass_at_k(len(rows), sum(rows), k) for rows in solved)


def _row(task: int, place: int, verdict: Verdict) -> dict[str, Any]:
    said_so = verdict.passed or verdict.reason.startswith("timed out")
    result = verdict.reason if said_so else f"failed: {verdict.reason}"
    return {"task_id": task, "passed": verdict.passed, "result": result, "completion_id": place}
