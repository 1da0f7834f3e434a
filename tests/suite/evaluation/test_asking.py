"""Between lm_eval and a model: nothing is asked twice, and what was answered stays."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from lm_eval.api.instance import Instance
from lm_eval.api.model import LM

from harness.suite.evaluation.asking import Asking
from harness.suite.evaluation.kept import Answer, Answers
from harness.suite.evaluation.meter import Meter, Row


class Model(LM):
    """Answers with the question's length, in batches of two, and dies when it is told to."""

    def __init__(self, dies_after: int | None = None) -> None:
        super().__init__()
        self.meter = Meter()
        self.asked: list[str] = []
        self._dies_after = dies_after

    def loglikelihood(self, requests: Sequence[Instance]) -> list[tuple[float, bool]]:
        return self._batches(requests, "loglikelihood", lambda text: (-float(len(text)), False))

    def generate_until(self, requests: Sequence[Instance]) -> list[str]:
        return self._batches(requests, "generate_until", lambda text: "." * len(text))

    def loglikelihood_rolling(self, requests: Sequence[Instance]) -> list[float]:
        """Has no hook, as some of lm_eval's have none."""
        return [-float(len(request.args[0])) for request in requests]

    def _batches(self, requests: Sequence[Instance], kind: str, answer: Callable[[str], Any]) -> list[Any]:
        found = []
        for start in range(0, len(requests), 2):
            batch = requests[start : start + 2]
            with self.meter.batch():
                if self._dies_after is not None and len(self.asked) >= self._dies_after:
                    raise ConnectionError("gone")
                self.asked += [request.args[0] for request in batch]
            if kind == "generate_until":
                self.meter.rows += [Row(tokens=len(request.args[0]), stopped="end") for request in batch]
            for request in batch:
                found.append(answer(request.args[0]))
                self.cache_hook.add_partial(kind, request.args, found[-1])
        return found


def requests(kind: str, *texts: str) -> list[Instance]:
    second: Any = {"until": ["\n"]} if kind == "generate_until" else " yes"
    arguments = [(text,) if kind == "loglikelihood_rolling" else (text, second) for text in texts]
    return [
        Instance(request_type=kind, doc={}, arguments=given, idx=place)
        for place, given in enumerate(arguments)
    ]


@pytest.mark.parametrize("kind", ["loglikelihood", "generate_until", "loglikelihood_rolling"])
def test_a_second_asking_asks_nothing_and_gives_the_same(tmp_path: Path, kind: str) -> None:
    path, asked = tmp_path / "cell.jsonl", requests(kind, "one", "three", "seven", "a")
    first = getattr(Asking(Model(), Answers(path)), kind)(asked)
    model = Model()
    again = getattr(Asking(model, Answers(tmp_path / "more.jsonl", path)), kind)(asked)
    assert again == first
    assert model.asked == []


def test_only_what_is_not_known_is_asked_and_all_come_in_order(tmp_path: Path) -> None:
    path = tmp_path / "cell.jsonl"
    Asking(Model(), Answers(path)).generate_until(requests("generate_until", "bb", "dddd"))
    model = Model()
    found = Asking(model, Answers(tmp_path / "more.jsonl", path)).generate_until(
        requests("generate_until", "a", "bb", "ccc", "dddd", "eeeee")
    )
    assert found == [".", "..", "...", "....", "....."]
    assert model.asked == ["a", "ccc", "eeeee"]


def test_what_was_answered_before_the_model_died_is_kept(tmp_path: Path) -> None:
    path, asked = tmp_path / "cell.jsonl", requests("generate_until", "a", "bb", "ccc", "dddd")
    with pytest.raises(ConnectionError):
        Asking(Model(dies_after=2), Answers(path)).generate_until(asked)
    model = Model()
    assert Asking(model, Answers(tmp_path / "more.jsonl", path)).generate_until(asked)[0] == "."
    assert model.asked == ["ccc", "dddd"]


def test_each_turn_has_answers_of_its_own(tmp_path: Path) -> None:
    answers, model = Answers(tmp_path / "cell.jsonl"), Model()
    for turn in (0, 1, 1):
        Asking(model, answers, turn).generate_until(requests("generate_until", "a"))
    assert model.asked == ["a", "a"]


def test_a_batch_is_shared_by_its_answers(tmp_path: Path) -> None:
    answers, told = Answers(tmp_path / "cell.jsonl"), list[tuple[int, int]]()
    asking = Asking(Model(), answers, progress=lambda done, all_: told.append((done, all_)))
    asked = requests("generate_until", "a", "bb", "ccc")
    asking.generate_until(asked)
    found = [answers.of("generate_until", request.args, 0) for request in asked]
    assert [(row.tokens, row.stopped) for row in found if row] == [(1, "end"), (2, "end"), (3, "end")]
    assert found[0]
    assert found[1]
    assert found[2]
    assert found[0].seconds == found[1].seconds != found[2].seconds
    assert told[-1] == (3, 3)


def test_the_rest_is_the_models(tmp_path: Path) -> None:
    asking = Asking(Model(), Answers(tmp_path / "cell.jsonl"))
    assert (asking.rank, asking.world_size) == (0, 1)


def test_a_model_without_a_meter_tells_nothing(tmp_path: Path) -> None:
    answers = Answers(tmp_path / "cell.jsonl")
    (asked,) = requests("loglikelihood_rolling", "four")
    Asking(Model(), answers).loglikelihood_rolling([asked])
    assert answers.of("loglikelihood_rolling", asked.args, 0) == Answer(value=-4.0)
