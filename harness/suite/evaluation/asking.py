"""Stands between lm_eval and an engine: what is known is not asked again, and what is answered is kept."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from lm_eval.api.instance import Instance
from lm_eval.api.model import LM, CacheHook

from harness.suite.evaluation.kept import Answer, Answers, Value
from harness.suite.evaluation.meter import Meter, Row

KINDS = ("loglikelihood", "loglikelihood_rolling", "generate_until")
"""What lm_eval asks of a model."""
UNKNOWN = Row(tokens=None, stopped="")

Told = tuple[str, Iterable[Any], Any]
"""An answer as lm_eval's cache hook has it: kind, arguments, value."""


class Asking:
    """An engine's model as lm_eval sees it; whatever it does not answer itself goes on to that model.

    The model's `meter` tells what a batch took, which its answers share evenly; without one nothing is known.
    """

    def __init__(
        self,
        model: LM,
        answers: Answers,
        turn: int = 0,
        progress: Callable[[int, int], None] = lambda *_: None,
    ) -> None:
        """`turn` is how often the questions were asked before; `progress` hears of answers as they come."""
        self._model = model
        self._answers = answers
        self.turn = turn
        self._progress = progress
        self._meter: Meter = getattr(model, "meter", Meter())
        self._meter.before = self.flush
        self._pending: list[Told] = []
        self._told = self._asked = 0
        model.set_cache_hook(_Hook(self))

    def __getattr__(self, name: str) -> Any:
        if name in KINDS:
            return lambda requests: self._ask(name, requests)
        return getattr(self._model, name)

    def hear(self, told: Told) -> None:
        """The model has an answer: it is kept with those of its batch."""
        self._pending.append(told)
        self._told += 1

    def flush(self) -> None:
        """Write down the answers of a batch, each with its share of what that took."""
        seconds, rows = self._meter.take()
        count = len(self._pending)
        known = rows if len(rows) == count else [UNKNOWN] * count
        for (kind, arguments, value), row in zip(self._pending, known, strict=True):
            plain = _plain(value)
            answer = Answer(
                value=plain,
                tokens=row.tokens,
                seconds=row.seconds if row.seconds is not None else seconds / count if seconds else None,
                stopped=row.stopped,
                thinking=row.thinking,
                text=None if row.text == plain else row.text,
            )
            self._answers.keep(kind, arguments, self.turn, answer)
        self._pending.clear()
        self._progress(self._told, self._asked)

    def _ask(self, kind: str, requests: Sequence[Instance]) -> list[Any]:
        """The answers to the requests, in their order; the model is asked for those that are not known."""
        known = [self._answers.of(kind, request.args, self.turn) for request in requests]
        left = [request for request, answer in zip(requests, known, strict=True) if answer is None]
        before, self._asked = self._told, self._told + len(left)
        try:
            new = list(getattr(self._model, kind)(left)) if left else []
        finally:
            self.flush()  # whatever ended the asking: what was answered is kept
        if self._told == before:  # a model without a hook has told nothing on its way
            for request, value in zip(left, new, strict=True):
                self.hear((kind, request.args, value))
            self.flush()
        rest = iter(new)
        return [next(rest) if answer is None else _given(answer.value) for answer in known]


class _Hook(CacheHook):
    """What a model calls when it has an answer, long before it has them all."""

    def __init__(self, asking: Asking) -> None:
        super().__init__(None)
        self._asking = asking

    def add_partial(self, attr: str, req: Iterable[Any], res: Any) -> None:
        """It has one."""
        self._asking.hear((attr, req, res))


def _plain(value: Any) -> Value:
    """An answer as JSON has it."""
    return [float(part) for part in value] if isinstance(value, tuple | list) else value


def _given(value: Value) -> Any:
    """An answer as the model gave it to lm_eval."""
    return (value[0], bool(value[1])) if isinstance(value, list) else value
