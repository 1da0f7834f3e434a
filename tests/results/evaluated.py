"""Evaluation results as a run would leave them, made of answers that a test gives."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from harness.matrix.cells import Cell, Parameters
from harness.matrix.questions import Questions
from harness.matrix.records import Model, Suite
from harness.results.ratings import rating_metrics
from harness.results.record import Isolation, Outcome, Provenance, Report, Result
from harness.results.scored import Costs, Scored, score_facts, score_metrics
from harness.results.store import RunStore

ISOLATION = Isolation(
    runner="docker",
    network="none",
    user="10001:10001",
    read_only=True,
    memory_bytes=None,
    cpus=None,
    pids=512,
)
PROVENANCE = Provenance(
    image=None,
    image_id=None,
    lock_hash=None,
    base=None,
    engine=None,
    revision="abc",
    host="box",
    kernel="6.1",
    cpu="a CPU",
)
SCORES = {
    "gsm8k": "exact_match_flexible",
    "mmlu": "accuracy",
    "humaneval": "pass_at_1",
    "mt_bench": "judge_score",
}
"""Dataset → the metric of its answers here."""


def cell(model: str, dataset: str, **questions: Any) -> Cell:
    """Of a model of the registry; the rest of its questions as given, or the likeliest."""
    asked = Questions(
        entry=model,
        dataset=dataset,
        task=dataset,
        kind="generation",
        score=SCORES[dataset],
        **{
            "data": "hub",
            "samples": None,
            "preset": "balanced",
            "max_tokens": 256,
            "sample_s": 60.0,
            "categories": ("general_purpose",),
        }
        | questions,
    )
    named = [model, "cpu", "evaluation", dataset, asked.engine, asked.data, asked.weights]
    return Cell(
        id="-".join([*named, *([f"n{asked.samples}"] if asked.samples else [])]),
        model=Model(id=model, model_type="llama", architecture="decoder-only", classes=("LlamaForCausalLM",)),
        suite=Suite.EVALUATION,
        device="cpu",
        torch_device="cpu",
        parameters=Parameters(dtype="bfloat16"),
        checks=(),
        phases=(),
        tolerances={},
        known_failures={},
        timeout_s=600.0,
        questions=asked,
    )


def answers(
    dataset: str,
    right: Sequence[float],
    *,
    seconds: float | None = 2.0,
    tokens: int | None = 50,
    first: int = 0,
) -> list[Scored]:
    """A question each, its score and what it took; their ids count from `first`."""
    return [
        Scored(
            sample=f"{first + number:05}",
            subtask="algebra" if number % 3 else "logic",
            values={SCORES[dataset]: value},
            seconds=seconds,
            tokens=tokens,
        )
        for number, value in enumerate(right)
    ]


def draws(share: float, count: int, seed: int = 0) -> list[float]:
    """Right and wrong answers, drawn."""
    chance = random.Random(seed)
    return [float(chance.random() < share) for _ in range(count)]


def result(
    asked: Cell,
    given: Sequence[Scored] = (),
    *,
    memory_bytes: int | None = None,
    run: str = "run",
    facts: Mapping[str, Any] | None = None,
    **report: Any,
) -> Result:
    """What the suite leaves of the answers; of none, a cell that was not scored."""
    questions = asked.questions
    assert questions is not None
    costs = Costs(memory_bytes=memory_bytes)
    metrics = (
        score_metrics(given, dataset=questions.dataset, score=questions.score, costs=costs) if given else []
    )
    known = {} if memory_bytes is None else {"peak_memory_bytes": memory_bytes}
    said: dict[str, Any] = {"outcome": Outcome.PASSED, "started": "2026-11-22T00:00:00Z", "seconds": 9.0}
    return Result(
        run=run,
        cell=asked.to_json(),
        attempt=1,
        report=Report(
            cell=asked.id,
            metrics=tuple(metrics),
            facts=(dict(score_facts(given)) if given else {}) | known | dict(facts or {}),
            **said | report,
        ),
        isolation=ISOLATION,
        provenance=PROVENANCE,
    )


def kept(results: Path, run: str, found: Sequence[Result]) -> RunStore:
    """The results written through the store's door, and read by whoever looks there."""
    cells = [Cell.from_json(row.cell) for row in found]
    store = RunStore.create(results, run, cells)
    for row in found:
        store.append(replace(row, run=run))
    return store


def rated(model: str, ratings: Sequence[float | None], judge: str = "qwen3_14b", **questions: Any) -> Result:
    """Conversations that a judge rated, of two turns each; None where it gave no rating."""
    asked = cell(model, "mt_bench", **questions)
    rows = [Scored(sample=f"{number:05}", values={}) for number in range(len(ratings))]
    found = result(asked, facts=score_facts(rows) | {"judge_model": judge, "judge_prompts": "our own"})
    metrics = rating_metrics([("", [value, value]) for value in ratings], "mt_bench")
    return replace(found, report=replace(found.report, metrics=tuple(metrics)))
