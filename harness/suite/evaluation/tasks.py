"""The official tasks of lm_eval, loaded offline from a data root, and cut down to what is asked.

It is done so:

    with workplace(root, CODE_EVAL):
        loaded = load("mmlu")
        samples = chosen(loaded.counts, budget, seed)
        evaluate(lm, loaded.only(samples), samples=samples, confirm_run_unsafe_code=True, bootstrap_iters=0)
"""

import functools
import itertools
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import lm_eval.tasks
from lm_eval.api.group import Group
from lm_eval.api.samplers import ContextSampler
from lm_eval.api.task import Task
from lm_eval.tasks import TaskManager
from lm_eval.tasks._index import Entry, Kind
from lm_eval.tasks.manager import TaskDict

from harness.suite.evaluation.problems import DataProblem
from harness.suite.evaluation.rows import check

SHOTS_SEED = 1234
"""lm_eval's own, by which it picks the examples that stand before a question."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """A task of lm_eval, or a group of tasks, with its data."""

    name: str
    tasks: Mapping[str, Task]
    groups: Mapping[str, Group]
    counts: Mapping[str, int]
    """How many questions each of the tasks has."""

    @property
    def evenly(self) -> bool:
        """Whether each task counts alike in the score of all, and not by how many questions it has."""
        whole = self.groups.get(self.name)
        weighed = (whole.aggregate_metric_list or ()) if whole is not None else ()
        return any(not one.weight_by_size for one in weighed)

    def only(self, samples: Mapping[str, Sequence[int]]) -> TaskDict:
        """For `evaluate` of these samples (ascending): the tasks that have any, in groups of no others.

        DataProblem where a row of them cannot be made a question of.
        """
        tasks = {name: self.tasks[name] for name in self.counts if samples.get(name)}
        for name, task in tasks.items():
            _try(name, task, samples[name])
            if hasattr(task, "sampler"):
                task.sampler = InPlace(getattr(task.sampler, "inner", task.sampler), samples[name])
        groups = {row.name: row for group in self.groups.values() if (row := _pruned(group, set(tasks)))}
        return TaskDict(
            tasks=tasks, groups=groups, group_map={name: row.child_names for name, row in groups.items()}
        )


class InPlace:
    """Gives each question the examples that it has where all questions are asked, whichever of them are.

    lm_eval draws examples from one random sequence, question by question: with some left out, or more added,
    the others would get other examples, and an answer that was kept would be one to another prompt.
    """

    def __init__(self, inner: ContextSampler, places: Sequence[int]) -> None:
        self.inner = inner
        self._places = itertools.cycle(places)
        self._next = math.inf

    def sample(self, n: int, eval_doc: Any = None, **rest: Any) -> Any:
        """The examples of the next of the questions; after the last one, of the first."""
        place = next(self._places)
        if place < self._next:
            self.inner.set_rnd(SHOTS_SEED)
            self._next = 0
        while self._next < place:
            self.inner.sample(n, eval_doc=eval_doc, **rest)
            self._next += 1
        self._next += 1
        return self.inner.sample(n, eval_doc=eval_doc, **rest)


def load(name: str, fields: Sequence[str] = ()) -> Loaded:
    """The task or group of that name, from lm_eval's own files; only within a `workplace`.

    `fields` are those that each row has to have. KeyError where lm_eval has no such task; DataProblem where
    its data are not there or not whole, or a package that it needs is not there.
    """
    manager = TaskManager(include_defaults=False, include_path=[folder(name)])
    for repo, config in sorted(_repositories(manager.task_index, name), key=str):
        check(Path(repo), config, fields)
    try:
        found = manager.load(name)
    except ImportError as error:
        raise DataProblem(
            f"lm_eval's task {name} needs a package that is not here ({error}): use the image that evaluates"
        ) from error
    except Exception as error:  # a task's own functions are run on its rows: anything may come of it
        raise DataProblem(f"lm_eval's task {name} cannot be made of its data: {_said(error)}") from error
    counts = {task: len(row.task_docs) for task, row in found["tasks"].items()}
    return Loaded(name=name, tasks=found["tasks"], groups=found.get("groups", {}), counts=counts)


@functools.cache
def folder(name: str) -> Path:
    """Where lm_eval has the file of the task or group: to read all its 14,000 files takes 9 s.

    KeyError where there is none.
    """
    here = Path(lm_eval.tasks.__file__).parent
    line = re.compile(rf"""^(task|group): *["']?{re.escape(name)}["']? *$""", re.MULTILINE)
    first = re.split(r"[_-]", name)[0]
    for pattern in (f"{first}*/**/*.yaml", "**/*.yaml"):
        for path in sorted(here.glob(pattern)):
            if line.search(path.read_text(encoding="utf-8")):
                return path.parent
    raise KeyError(f"lm_eval has no task {name}")


def _repositories(index: Mapping[str, Entry], name: str) -> Iterator[tuple[str, str | None]]:
    """Repository and configuration of the data of each task of that name, group or tag."""
    entry = index[name]
    settings = entry.cfg or {}
    if "dataset_path" in settings:
        yield settings["dataset_path"], settings.get("dataset_name")
    for child in (
        settings["task"] if entry.kind is Kind.GROUP else entry.tags if entry.kind is Kind.TAG else ()
    ):
        yield from _repositories(index, child)


def _try(name: str, task: Task, indices: Sequence[int]) -> None:
    """DataProblem for the first of the rows that the task cannot make a question of."""
    for index in indices:
        row = task.task_docs[index]
        try:
            task.doc_to_text(row)
            task.doc_to_target(row)
            if task.config.doc_to_choice is not None:
                task.doc_to_choice(row)
        except Exception as error:  # templates and functions of the task raise anything
            raise DataProblem(
                f"row {index + 1} of {name} makes no question ({_said(error)}): look at it in its file under "
                f"{task.DATASET_PATH}, or fetch it anew with `harness data fetch`"
            ) from error


def _pruned(group: Group, names: set[str]) -> Group | None:
    """The group with no tasks but those of these names; None where that leaves it empty."""
    left = {}
    for name in group.child_names:
        child = group.get(name)
        kept = _pruned(child, names) if isinstance(child, Group) else child if name in names else None
        if kept is not None:
            left[name] = kept
    return replace(group, _children=left) if left else None


def _said(error: BaseException) -> str:
    """The innermost cause, in one line."""
    while error.__cause__ is not None:
        error = error.__cause__
    return f"{type(error).__name__}: {' '.join(str(error).split())}"[:300]
