"""Two models that need no weights: one answers each question rightly from its own row, and one wrongly.

They are the test of the whole path: through a task, its data and its metric they score 1.0 and 0.0.
"""

from collections.abc import Mapping
from typing import Any, final

from lm_eval.api.instance import Instance
from lm_eval.api.model import LM
from lm_eval.api.task import Task

from harness.suite.evaluation.answers import form, right_choices

SURE = (0.0, True)
"""Logarithm of the probability 1, and that greedy decoding would say so."""
IMPOSSIBLE = (-1000.0, False)
"""e**-1000 is 0.0 in float64."""


class _Answers(LM):
    """Answers of one kind to the questions of these tasks."""

    MULTIMODAL = True
    """lm_eval refuses to show images to others; no answer here is made of one."""
    gold: bool

    def __init__(self, tasks: Mapping[str, Task]) -> None:
        super().__init__()
        self._tasks = tasks

    def loglikelihood(self, requests: list[Instance]) -> list[tuple[float, bool]]:
        """(log probability, whether greedy) of each choice: 1 for those of our kind and 0 for others."""
        return [SURE if self._right(request) is self.gold else IMPOSSIBLE for request in requests]

    def generate_until(self, requests: list[Instance]) -> list[str]:
        """A text that the task takes for an answer of our kind."""
        forms = [form(_task(request)) for request in requests]
        return [
            (one.right if self.gold else one.wrong)(request.doc)
            for one, request in zip(forms, requests, strict=True)
        ]

    def loglikelihood_rolling(self, requests: list[Instance]) -> list[float]:
        """TypeError: how likely a text is has no right answer."""
        raise TypeError(
            f"{_task(requests[0])} asks how likely texts are: no answer to that is right or wrong"
        )

    def _right(self, request: Instance) -> bool:
        name, row = _task(request), request.doc
        task: Any = self._tasks[name]
        return request.idx in right_choices(name, row, task.doc_to_target(row), task.doc_to_choice(row))


def _task(request: Instance) -> str:
    """lm_eval's name of the task that asks."""
    return str(request.task_name)


@final
class Gold(_Answers):
    """Answers everything rightly."""

    gold = True


@final
class Wrong(_Answers):
    """Answers everything wrongly."""

    gold = False
