"""The metric as lm_eval's tasks load it: upstream's interface, our judge."""

import contextlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import datasets
import evaluate
import lm_eval
import pytest
from lm_eval.api.instance import Instance
from lm_eval.api.model import LM
from lm_eval.tasks import TaskManager

from harness.suite.evaluation.programs import code_eval
from harness.suite.evaluation.programs.prompts import prompt_of, trusted_prompts
from tests.suite.evaluation.programs.hostile import HARMFUL, PRETENDERS, REFUSED, TESTS

METRIC = Path(next(iter(code_eval.__path__)))
TASKS = Path(lm_eval.__file__).parent / "tasks"
RIGHT, WRONG = "def add(a, b):\n    return a + b", "def add(a, b):\n    return a * b"


@pytest.fixture
def data(tmp_path: Path, root: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The sample data and the metric in the working directory, and caches that are this test's own."""
    for folder in (METRIC, *(root / "data" / "sample").iterdir()):
        (tmp_path / folder.name).symlink_to(folder)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(datasets.config, "HF_DATASETS_OFFLINE", True)
    for library, name in (
        (evaluate.config, "HF_METRICS_CACHE"),
        (evaluate.config, "HF_MODULES_CACHE"),
        (datasets.config, "HF_DATASETS_CACHE"),
    ):
        monkeypatch.setattr(library, name, tmp_path / "cache" / name)
    return tmp_path


@pytest.fixture
def metric(data: Path) -> Any:
    return evaluate.load("code_eval")


def test_its_answer_has_upstreams_shape(metric: Any) -> None:
    shares, results = metric.compute(
        references=[TESTS, TESTS], predictions=[[WRONG, RIGHT, WRONG], [RIGHT, RIGHT, "x ="]], k=[1, 2, 10]
    )
    assert shares == {"pass@1": pytest.approx(0.5), "pass@2": pytest.approx((2 / 3 + 1) / 2)}
    assert [place for place, _ in results[0]] == [0, 1, 2]
    assert results[0][1] == (1, {"task_id": 0, "passed": True, "result": "passed", "completion_id": 1})
    assert results[0][2][1]["result"] == "failed: assert add(2, 3) == 5"
    assert [row["passed"] for _, row in results[1]] == [True, True, False]


def test_hostile_programs_score_nothing(metric: Any) -> None:
    """Those that end by themselves; the limits of time and memory are tested with the judge."""
    quick = {name: program for name, program in PRETENDERS.items() if name != "answers_without_end"}
    quick |= {name: harm.program for name, harm in HARMFUL.items() if harm.end == REFUSED}
    shares, results = metric.compute(references=[TESTS], predictions=[[*quick.values(), RIGHT]], k=[1])
    passed = [row["passed"] for _, row in results[0]]
    assert [name for name, right in zip([*quick, "right"], passed, strict=True) if right] == ["right"]
    assert shares["pass@1"] == pytest.approx(1 / len(passed))


class Answers(LM):
    """Answers from the row: what is right, but for one problem."""

    def __init__(self, instead: dict[str, str]) -> None:
        super().__init__()
        self._instead = instead

    def generate_until(self, requests: Sequence[Instance]) -> list[str]:
        docs = [request.doc for request in requests]
        return [self._instead.get(doc["entry_point"], doc["canonical_solution"]) for doc in docs]

    def loglikelihood(self, requests: Sequence[Instance]) -> list[tuple[float, bool]]:
        raise NotImplementedError

    def loglikelihood_rolling(self, requests: Sequence[Instance]) -> list[float]:
        raise NotImplementedError


def score(instead: dict[str, str], trusted: Sequence[str] = ()) -> float:
    """pass@1 of lm_eval's own task on the five problems of the sample."""
    manager = TaskManager(include_defaults=False, include_path=str(TASKS / "humaneval"))
    tasks = manager.load(["humaneval"])
    with trusted_prompts(trusted):
        found = lm_eval.evaluate(Answers(instead), tasks, bootstrap_iters=0, confirm_run_unsafe_code=True)
    share: float = found["results"]["humaneval"]["pass@1,create_test"]
    return share


def test_lm_evals_own_task_is_scored_by_it(data: Path) -> None:
    """The helper that a prompt brings is the tests' own once the prompt is known to be the dataset's."""
    (file,) = (data / "openai" / "openai_humaneval").rglob("*.jsonl")
    rows = [json.loads(line) for line in file.read_text().splitlines()]
    (helped,) = (row for row in rows if row["prompt"].count("def ") == 2)
    cheat = {helped["entry_point"]: "    return text\ndef shift(text):\n    return text\n"}
    prompts = [row["prompt"] for row in rows]
    assert score({}, prompts) == 1.0
    assert score(cheat) == 1.0
    assert score(cheat, prompts) == 0.8
    assert score(dict.fromkeys((row["entry_point"] for row in rows), "    import os; os._exit(0)")) == 0.0


def test_the_longest_prompt_counts_and_none_for_longer_than_it_is_trusted() -> None:
    with trusted_prompts(["def a", "def ab", "x"]), contextlib.suppress(ZeroDivisionError):
        assert prompt_of("def abc") == "def ab"
        with trusted_prompts(["def a", "def abc"]):
            assert prompt_of("def abc") == "def abc"
        assert prompt_of("def abc") == "def ab"
        raise ZeroDivisionError
    assert prompt_of("def abc") == ""
