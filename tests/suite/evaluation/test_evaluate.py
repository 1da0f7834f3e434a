"""A cell of evaluation from its questions to its metrics, by a tiny model, in this process."""

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from harness.errors import CheckpointError
from harness.matrix.asked import Asked
from harness.matrix.cells import Cell, Parameters
from harness.matrix.devices import Device
from harness.matrix.evaluation import Here, evaluation
from harness.matrix.records import Matrix, Model
from harness.suite.evaluation.engines.choose import same_engine
from harness.suite.evaluation.engines.transformers import Metered, Transformers
from harness.suite.evaluation.evaluate import evaluate
from harness.suite.evaluation.place import Place
from harness.suite.evaluation.problems import DataProblem
from harness.suite.evaluation.tiny import tiny_checkpoint

MakeCell = Callable[..., Cell]


@pytest.fixture(scope="module")
def weights(rows: dict[str, Model], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny checkpoint of Llama."""
    return tiny_checkpoint(rows["llama31_8b"], tmp_path_factory.mktemp("weights"))


@pytest.fixture
def place(sample: Path, tmp_path: Path) -> Place:
    """The sample data, and an empty folder for what comes out."""
    return Place(out=tmp_path, data=sample, weights=None, earlier=None)


@pytest.fixture(scope="session")
def ask(matrix: Matrix, cpu: Device) -> MakeCell:
    """A cell that asks a tiny Llama two questions of a dataset, at most 8 tokens each."""

    def make(dataset: str = "gsm8k", **typed: Any) -> Cell:
        usual: dict[str, Any] = {"models": ("llama31_8b",), "weights": "tiny", "samples": 2, "max_tokens": 8}
        asked = Asked(datasets=(dataset,), **usual | typed)
        here = Here(data="sample", rows={dataset: 6})
        (cell,) = evaluation(matrix, cpu, asked, (Parameters(dtype="float32"),), here).cells
        return cell

    return make


def answers(place: Place, cell: Cell) -> list[dict[str, Any]]:
    lines = (place.out / "answers" / f"{cell.id}.jsonl").read_text().splitlines()
    return [json.loads(line) for line in lines]


def test_what_came_of_it_is_told_and_kept(ask: MakeCell, place: Place, weights: Path) -> None:
    cell = ask()
    found = evaluate(cell, Transformers(weights, cell), place)
    names = {metric.name: metric for metric in found.metrics}
    assert {"exact_match_strict", "exact_match_flexible", "flexible_gap", "truncated"} <= names.keys()
    assert all(metric.phase == "gsm8k" for metric in found.metrics)
    assert (found.facts["questions"], found.facts["earlier_answers"]) == (2, 0)
    kept = answers(place, cell)
    assert [(row["tokens"], row["stopped"]) for row in kept] == [(8, "length")] * 2
    lines = (place.out / "samples" / f"{cell.id}.jsonl").read_text().splitlines()
    assert {json.loads(line)["filter"] for line in lines} == {"strict-match", "flexible-extract"}


def test_memory_that_runs_out_halves_the_batch_and_nothing_is_asked_twice(
    ask: MakeCell, place: Place, weights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []
    real = Metered._model_generate

    def scarce(self: Metered, context: torch.Tensor, *rest: Any, **named: Any) -> torch.Tensor:
        if len(context) > 1:
            raise torch.OutOfMemoryError("an accelerator says so")
        asked.append(len(context))
        return real(self, context, *rest, **named)

    monkeypatch.setattr(Metered, "_model_generate", scarce)
    cell = ask(batch=4, samples=3)
    engine = Transformers(weights, cell)
    found = evaluate(cell, engine, place)
    assert found.facts["batch"] == 1
    assert asked == [1, 1, 1]
    assert len({row["request"] for row in answers(place, cell)}) == 3


def test_repeats_are_answers_of_their_own_and_the_same_by_the_same_seed(
    ask: MakeCell, place: Place, weights: Path, tmp_path: Path
) -> None:
    cell = ask(repeats=3, temperature=1.5)
    found = evaluate(cell, Transformers(weights, cell), place)
    kept = answers(place, cell)
    assert len({(row["request"], row["turn"]) for row in kept}) == 6
    assert len({row["value"] for row in kept}) > 2  # drawn, and not the likeliest each time
    assert {"self_consistency", "majority_accuracy"} <= {metric.name for metric in found.metrics}
    again = replace(place, out=tmp_path / "again")
    again.out.mkdir()
    evaluate(cell, Transformers(weights, cell), again)
    assert [row["value"] for row in answers(again, cell)] == [row["value"] for row in kept]


def test_programs_are_asked_for_several_times(ask: MakeCell, place: Place, weights: Path) -> None:
    cell = ask("humaneval", repeats=2)
    found = evaluate(cell, Transformers(weights, cell), place)
    assert {"pass_at_1", "pass_at_2"} <= {metric.name for metric in found.metrics}


def test_a_row_without_a_field_is_named_before_anything_is_asked(
    ask: MakeCell, place: Place, weights: Path, copied: Callable[[str], Path]
) -> None:
    root = copied("openai/gsm8k")
    path = next(path for path in sorted(root.rglob("test*.jsonl")))
    lines = path.read_text().splitlines()
    path.write_text("\n".join([lines[0], json.dumps({"question": "?"}), *lines[2:]]) + "\n")
    cell = ask()
    with pytest.raises(DataProblem, match=r"answer"):
        evaluate(cell, Transformers(weights, cell), replace(place, data=root))
    assert not (place.out / "answers").exists()


def test_weights_of_another_shape_are_refused_before_they_are_read(
    ask: MakeCell, weights: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "wider"
    shutil.copytree(weights, folder)
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(
        json.dumps(config | {"intermediate_size": 2 * config["intermediate_size"]})
    )
    with pytest.raises(CheckpointError, match="another shape"):
        Transformers(folder, ask())


def test_cells_of_one_model_share_its_engine(ask: MakeCell) -> None:
    one, other = ask("gsm8k"), ask("hellaswag")
    assert same_engine(one) == same_engine(other)
    assert same_engine(one) != same_engine(ask("gsm8k", batch=3))
    assert same_engine(one) != same_engine(ask("gsm8k", models=("qwen3_8b",)))
