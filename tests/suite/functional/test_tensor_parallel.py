"""A model that several processes share, through the suite as a runner starts it."""

import json
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest
import torch

from harness.matrix.cells import Cell, Parameters
from harness.suite.functional.subject import CheckFailed
from harness.suite.functional.subjects import subject_of
from harness.suite.functional.tensor_parallel import compared, job_of, require_accelerators, require_heads
from harness.suite.outcomes import Unsupported
from harness.suite.parallel.answers import answers
from harness.suite.parallel.job import Answer

TWO = Parameters(tensor_parallel=2)
NAME = "tensor_parallel_equivalence"


@pytest.fixture(scope="module")
def reports(make_cell: Callable[..., Cell], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Model → its report: one with attention and experts to share, and one without a plan."""
    folder = tmp_path_factory.mktemp("suite")
    cells = [make_cell(name, parameters=TWO) for name in ("mixtral", "bert")]
    order = {
        "version": 1,
        "run": "run",
        "limits": {"memory_bytes": None, "cpus": None},
        "cells": [cell.to_json() for cell in cells],
    }
    (folder / "cells.json").write_text(json.dumps(order))
    command = [sys.executable, "-m", "harness.suite", str(folder / "cells.json"), str(folder)]
    subprocess.run(command, check=False, capture_output=True)
    rows = (json.loads(line) for line in (folder / "results.jsonl").read_text().splitlines())
    return {row["cell"].partition("-")[0]: row for row in rows}


def test_two_processes_give_what_one_gives(reports: dict[str, Any]) -> None:
    (check,) = reports["mixtral"]["checks"]
    assert (check["name"], check["outcome"]) == (NAME, "passed"), check["message"]
    assert check["measured"] <= check["limit"]
    assert "a rank held 50% of the model" in check["message"]


def test_a_model_without_a_plan_is_unsupported_and_says_so(reports: dict[str, Any]) -> None:
    (check,) = reports["bert"]["checks"]
    assert (check["outcome"], check["message"]) == (
        "unsupported",
        "BertForMaskedLM has no tensor-parallel plan in this transformers",
    )


@pytest.fixture(scope="module")
def expected(make_cell: Callable[..., Cell]) -> dict[str, torch.Tensor]:
    """What a tiny Llama gives in one process."""
    subject = subject_of(make_cell("llama"))
    return answers(subject.model, job_of(subject))


def test_a_head_is_not_divided(make_cell: Callable[..., Cell]) -> None:
    cell = make_cell("llama", {"num_attention_heads": 4, "num_key_value_heads": 1})
    model = subject_of(cell).model
    with pytest.raises(Unsupported, match=r"1 key and value heads of .* cannot be shared"):
        require_heads(model, 2)
    require_heads(model, 1)


def test_each_process_takes_an_accelerator() -> None:
    require_accelerators("cpu", 10_000)
    with pytest.raises(Unsupported, match="10000 processes take an accelerator each"):
        require_accelerators("cuda:1", 10_000)


def test_each_of_four_processes_has_heads(make_cell: Callable[..., Cell]) -> None:
    cell = make_cell("mixtral", parameters=Parameters(tensor_parallel=4))
    subject = subject_of(cell)
    assert subject.ranks == 4
    require_heads(subject.model, 4)


def answer(outputs: dict[str, torch.Tensor], sharded: int = 1) -> Answer:
    return Answer(outputs=outputs, sharded=sharded, held=1, total=2)


def test_the_same_in_every_rank_deviates_by_nothing(expected: dict[str, torch.Tensor]) -> None:
    assert {"logits", "step 0", "tokens"} <= expected.keys()
    assert compared([answer(expected), answer(expected)], expected).deviation == 0


@pytest.mark.parametrize("name", ["logits", "step 0", "tokens"])
def test_one_rank_that_differs_is_seen(name: str, expected: dict[str, torch.Tensor]) -> None:
    other = expected | {name: expected[name] + 1}
    found = compared([answer(expected), answer(other)], expected)
    assert found.deviation > 1e-4
    assert f"largest in {name}" in found.detail


def test_a_plan_that_shards_nothing_fails(expected: dict[str, torch.Tensor]) -> None:
    with pytest.raises(CheckFailed, match="shards none of its parameters"):
        compared([answer(expected, sharded=0)] * 2, expected)
