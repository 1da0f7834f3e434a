"""A cell of evaluation: its dataset's questions chosen, put to the engine by lm_eval, scored, and measured."""

import json
import random
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from lm_eval.evaluator import evaluate as ask

from harness.matrix.cells import Cell
from harness.matrix.questions import Questions
from harness.results.record import Metric
from harness.results.scored import Costs, score_facts, score_metrics
from harness.suite.evaluation.answers import Answers
from harness.suite.evaluation.asking import Asking
from harness.suite.evaluation.engines.engine import Engine
from harness.suite.evaluation.judged import Pass, judged, samples
from harness.suite.evaluation.tasks import Loaded, chosen, loaded, working

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a cell's questions are, and where its answers go."""

    data: Path
    """The data root."""
    out: Path
    earlier: Path | None
    """Answers of earlier attempts; None where there is no such folder."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What an evaluation gave."""

    metrics: tuple[Metric, ...]
    facts: Mapping[str, Any]


def evaluate(cell: Cell, engine: Engine, place: Place, progress: Progress) -> Found:
    """Put the questions that are not answered yet, and score all answers.

    Whatever ends it, the answers so far are kept. `DataProblem` where the data are not whole.
    """
    asked = cell.questions
    assert asked is not None
    assert asked.task is not None
    name = f"{cell.id}.jsonl"
    answers = Answers(
        place.out / "answers" / name, place.earlier / name if place.earlier is not None else None
    )
    with ExitStack() as stack:
        stack.enter_context(working(place.data))
        tasks = loaded(asked.task)
        prepare(tasks, asked, engine)
        picked = chosen(tasks.counts, asked.samples, cell.parameters.seed)
        watched = stack.enter_context(engine.watched())
        passes = [
            _put(tasks, picked, engine, Asking(engine.model, answers, turn, progress), asked, cell.parameters.seed)
            for turn in range(asked.repeats)
        ]
    _write(place.out / "samples" / name, passes, answers)
    rows = judged(passes, answers, asked.score)
    metrics = score_metrics(rows, dataset=asked.dataset, score=asked.score, costs=engine.costs())
    facts = {"earlier_answers": answers.earlier, "questions": len(rows)} | score_facts(rows) | engine.facts()
    return Found(metrics=(*metrics, *watched.metrics(asked.dataset)), facts=facts | watched.facts())


def prepare(tasks: Loaded, asked: Questions, engine: Engine) -> None:
    """Limit the answers, and have them drawn at random where a question is put more than once."""
    longest = min(asked.max_tokens, engine.longest_answer)
    drawn = {"do_sample": True, "temperature": asked.temperature or 1.0} if asked.repeats > 1 else {}
    for task in tasks.each.values():
        if task.OUTPUT_TYPE == "generate_until":
            task.set_config("generation_kwargs", {"max_gen_toks": longest, **drawn}, update=True)


def _put(
    tasks: Loaded,
    picked: Mapping[str, Sequence[int]],
    engine: Engine,
    asking: Asking,
    asked: Questions,
    seed: int,
) -> Pass:
    """All questions once; with half as many at a time as often as memory runs out."""
    turn = asking.turn
    while True:
        for task in tasks.each.values():
            task.set_fewshot_seed(seed)  # else examples would differ from one asking to the next
        _seed(seed + turn)
        try:
            found = ask(
                asking,
                tasks.of(picked),
                samples={name: list(numbers) for name, numbers in picked.items()},
                bootstrap_iters=0,
                apply_chat_template=asked.chat,
                confirm_run_unsafe_code=True,  # it runs in the sandbox of `programs`
            )
        except torch.OutOfMemoryError:
            if not engine.fewer_at_once():
                raise
        else:
            return Pass(turn=turn, samples=found["samples"])


def _seed(seed: int) -> None:
    random.seed(seed)
    torch.manual_seed(seed)


def _write(path: Path, passes: Sequence[Pass], answers: Answers) -> None:
    path.parent.mkdir(exist_ok=True)
    with path.open("w", encoding="utf-8") as file:
        for row in samples(passes, answers):
            file.write(json.dumps(row) + "\n")
