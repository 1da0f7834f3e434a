"""A cell of evaluation: a dataset's questions chosen, put to the engine by lm_eval, scored and measured."""

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import torch
import torch.distributed as dist
from lm_eval.evaluator import evaluate as ask
from lm_eval.tasks.manager import TaskDict

from harness.matrix.cells import Cell
from harness.matrix.datasets import Kind
from harness.matrix.questions import Questions
from harness.results.scored import score_facts, score_metrics
from harness.suite.evaluation.asking import Asking
from harness.suite.evaluation.choice import chosen
from harness.suite.evaluation.engines.engine import Engine
from harness.suite.evaluation.found import Found, Progress
from harness.suite.evaluation.judged import Pass, judged, samples
from harness.suite.evaluation.place import Place
from harness.suite.evaluation.programs.prompts import trusted_prompts
from harness.suite.evaluation.tasks import Loaded, load
from harness.suite.evaluation.templates import compiled_once
from harness.suite.evaluation.workplace import workplace

METRICS = Path(__file__).parent / "programs" / "code_eval"
"""The metric of tasks whose answers are programs, in place of the one that the hub has."""


def evaluate(cell: Cell, engine: Engine, place: Place, progress: Progress = lambda *_: None) -> Found:
    """Put the questions that are not answered yet, and score all answers.

    Whatever ends it, the answers so far are kept. `DataProblem` where the data are not whole.
    """
    asked = cell.questions
    assert asked is not None
    if asked.kind == Kind.JUDGED:
        # A judge is a server, and what speaks to servers takes a while to import.
        from harness.suite.evaluation.conversations import converse  # noqa: PLC0415

        return converse(cell, engine, place, progress)
    assert asked.task is not None
    answers = place.answers(cell)
    with workplace(place.data or place.out, METRICS), compiled_once():
        tasks = load(asked.task, asked.fields)
        prepare(tasks, asked, engine)
        picked = chosen(tasks.counts, asked.samples, cell.parameters.seed)
        model = engine.model(tasks.tasks, asked.sample_s)
        with trusted_prompts(_prompts(tasks, picked)), engine.watched() as watched:
            passes = [
                _put(tasks.only(picked), picked, engine, Asking(model, answers, turn, progress), cell)
                for turn in range(asked.repeats)
            ]
    place.write_samples(cell, samples(passes, answers))
    rows = judged(passes, answers, asked.score, _longest(asked, engine))
    costs = engine.costs()
    if answers.earlier or cell.parameters.tensor_parallel > 1:  # of this attempt, and of this device, alone
        costs = replace(costs, joules=None)
    metrics = score_metrics(rows, dataset=asked.dataset, score=asked.score, costs=costs, evenly=tasks.evenly)
    facts = {
        "earlier_answers": answers.earlier,
        "questions": len(rows),
        "peak_memory_bytes": costs.memory_bytes,
        **score_facts(rows, evenly=tasks.evenly),
        **engine.facts(),
        **watched.facts(),
    }
    return Found(metrics=(*metrics, *watched.metrics(asked.dataset)), facts=facts)


def _prompts(tasks: Loaded, picked: Mapping[str, Sequence[int]]) -> Iterator[str]:
    """Beginnings of programs that are the dataset's own, where a dataset has any."""
    for name, numbers in picked.items():
        rows = tasks.tasks[name].task_docs
        yield from (rows[number]["prompt"] for number in numbers if "prompt" in rows.column_names)


def prepare(tasks: Loaded, asked: Questions, engine: Engine) -> None:
    """Limit the answers, and have them drawn at random where a question is put more than once."""
    longest = _longest(asked, engine)
    drawn = {"do_sample": True, "temperature": asked.temperature or 1.0} if asked.repeats > 1 else {}
    for task in tasks.tasks.values():
        if task.OUTPUT_TYPE == "generate_until":
            task.set_config("generation_kwargs", {"max_gen_toks": longest, **drawn}, update=True)


def _longest(asked: Questions, engine: Engine) -> int:
    """Most tokens of an answer."""
    return min(asked.max_tokens, engine.longest_answer)


def _put(
    tasks: TaskDict, picked: Mapping[str, Sequence[int]], engine: Engine, asking: Asking, cell: Cell
) -> Pass:
    """All questions once; with half as many at a time as often as memory runs out."""
    while True:
        _seed(cell.parameters.seed + asking.turn)
        try:
            found = ask(
                asking,
                tasks,
                samples={name: list(numbers) for name, numbers in picked.items()},
                bootstrap_iters=0,
                apply_chat_template=cell.questions is not None and cell.questions.chat,
                confirm_run_unsafe_code=True,  # it runs in the sandbox of `programs`
            )
        except torch.OutOfMemoryError:
            if dist.is_initialized() or not engine.fewer_at_once():  # ranks halve together or not at all
                raise
        else:
            return Pass(turn=asking.turn, samples=found["samples"])


def _seed(seed: int) -> None:
    random.seed(seed)
    torch.manual_seed(seed)
