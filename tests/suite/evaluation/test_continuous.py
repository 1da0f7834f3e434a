"""Continuous batching answers as `generate` does, tells each answer as it ends, and ends its thread."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import torch
import transformers
from lm_eval.api.instance import Instance
from transformers import AutoConfig

from harness.matrix.records import Model
from harness.results import expert_use
from harness.suite.evaluation.asking import Asking
from harness.suite.evaluation.engines.continuous import UNSEEN, Continuous
from harness.suite.evaluation.engines.paged import require_continuous
from harness.suite.evaluation.engines.transformers import Metered
from harness.suite.evaluation.kept import Answers
from harness.suite.evaluation.limits import STOP, TIME
from harness.suite.evaluation.tiny import tiny_checkpoint
from harness.suite.models.build import drawn, model_class, tiny_config_of
from harness.suite.outcomes import Unsupported
from tests.suite.evaluation.test_server import EXPERTS, answers, ask, cell_of, values

pytestmark = pytest.mark.filterwarnings("ignore:Passing `repetition_penalty` with:UserWarning")
"""The library's, of what is refused here."""
QUESTIONS = ("How many legs have two ducks?", "A", "Ducks and their ponds, told at length. " * 9, "x y")
TOKENS = 6


@pytest.fixture(scope="module")
def checkpoint(rows: dict[str, Model], tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_checkpoint(rows["llama31_8b"], tmp_path_factory.mktemp("checkpoint"))


def loaded(kind: type[Metered], folder: Path, sample_s: float = 60, **options: Any) -> Any:
    own = getattr(transformers, AutoConfig.from_pretrained(folder).architectures[0])
    lm = kind(folder, own, "cpu", {"dtype": "float32", "batch_size": 1} | options)
    lm.sample_s = sample_s
    return lm


def requests(*until: str, **settings: Any) -> list[Instance]:
    asked = {"until": list(until), "max_gen_toks": TOKENS, "do_sample": False} | settings
    return [Instance("generate_until", {}, (text, asked), place) for place, text in enumerate(QUESTIONS)]


def told(lm: Any) -> list[tuple[Any, ...]]:
    """Of each answer, in any order, all but its time."""
    rows, lm.meter.rows = lm.meter.rows, []
    return sorted((row.tokens, row.stopped, row.text, row.thinking) for row in rows)


@contextmanager
def refused_memory(lm: Any, after: int) -> Iterator[None]:
    """The device has none left after so many forwards."""
    left = iter(range(after))

    def refuse(*_: Any) -> None:
        if next(left, None) is None:
            raise torch.OutOfMemoryError("gone")

    handle = lm.model.register_forward_pre_hook(refuse)
    try:
        yield
    finally:
        handle.remove()


@pytest.mark.parametrize("model", ["llama31_8b", "mixtral_8x7b"])
def test_an_evaluation_scores_as_that_of_transformers(
    model: str, rows: dict[str, Model], tmp_path: Path
) -> None:
    folder = tiny_checkpoint(rows[model], tmp_path / "weights")
    found = {
        engine: ask(
            cell_of("gsm8k", models=(model,), weights="folder", engine=engine),
            tmp_path / engine,
            weights=folder,
        )
        for engine in ("transformers", "continuous")
    }
    plain = {name: each for name, each in values(found["transformers"]).items() if name not in EXPERTS}
    assert values(found["continuous"]) == plain
    both = [
        {row["request"]: (row["value"], row["tokens"], row["stopped"]) for row in answers(tmp_path / engine)}
        for engine in found
    ]
    assert both[0] == both[1]
    expected = f"not measured: {UNSEEN}" if "mixtral" in model else None
    assert found["continuous"].facts.get(expert_use.FACT) == expected


def test_words_and_time_end_an_answer_before_its_last_token(checkpoint: Path) -> None:
    plain, lm = loaded(Metered, checkpoint), loaded(Continuous, checkpoint, max_requests_per_batch=2)
    words = {text[1:3] for text in plain.generate_until(requests())}
    plain.meter.take()
    asked = requests(*sorted(words))
    assert lm.generate_until(asked) == plain.generate_until(asked)
    assert told(lm) == (both := told(plain))
    assert STOP in {stopped for _, stopped, *_ in both}
    lm.sample_s = 0.0
    lm.generate_until(requests())
    assert {row[:2] for row in told(lm)} == {(1, TIME)}


def test_what_was_answered_before_memory_ran_out_is_kept_and_no_thread_is(
    checkpoint: Path, tmp_path: Path
) -> None:
    lm = loaded(Continuous, checkpoint, max_requests_per_batch=1)
    expected, before = lm.generate_until(requests()), threading.active_count()
    lm.meter.take()
    first, more = tmp_path / "first.jsonl", tmp_path / "more.jsonl"
    with refused_memory(lm, after=2 * TOKENS + 1), pytest.raises(torch.OutOfMemoryError, match="gone"):
        Asking(lm, Answers(first)).generate_until(requests())
    kept = [json.loads(line) for line in first.read_text().splitlines()]
    assert [row["value"] for row in kept] == [expected[2], expected[0]]  # the longest questions
    assert all(row["seconds"] > 0 for row in kept)
    assert threading.active_count() == before
    assert Asking(lm, Answers(more, first)).generate_until(requests()) == expected
    assert len(more.read_text().splitlines()) == 2


def test_half_as_many_at_once_until_there_is_one(checkpoint: Path) -> None:
    lm = loaded(Continuous, checkpoint, batch_size=2, max_requests_per_batch=4)
    assert [lm.fewer() and lm.at_once() for _ in range(3)] == [
        {"batch": 1, "sequences": 2},
        {"batch": 1, "sequences": 1},
        False,
    ]


@pytest.mark.parametrize(
    ("settings", "reason"),
    [({"num_beams": 2}, "beam_search"), ({"repetition_penalty": 1.2}, "RepetitionPenaltyLogitsProcessor")],
)
def test_settings_that_it_would_leave_out_are_refused(
    checkpoint: Path, settings: dict[str, Any], reason: str
) -> None:
    with pytest.raises(Unsupported, match=reason):
        loaded(Continuous, checkpoint).generate_until(requests(**settings))


@pytest.mark.parametrize(
    ("model", "reason"),
    [
        ("t5", "an encoder"),
        ("mamba", "a state"),
        ("bloom", "attention is not the library's"),
        ("deepseek_v3", "differ in size"),
        ("diffllama", "other tokens"),
    ],
)
def test_a_model_that_would_answer_rubbish_is_refused(
    rows: dict[str, Model], model: str, reason: str
) -> None:
    built = drawn(model_class(rows[model]), tiny_config_of(rows[model]), 0)
    with pytest.raises(Unsupported, match=reason):
        require_continuous(built)


def test_several_processes_are_refused(checkpoint: Path) -> None:
    with pytest.raises(Unsupported, match="--tensor-parallel"):
        loaded(Continuous, checkpoint, tp_plan="auto")
