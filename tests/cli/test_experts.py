"""`harness results experts`, typed in a checkout whose store has evaluations."""

import json
from collections.abc import Callable
from pathlib import Path

import click.testing
import pytest

from tests.results.evaluated import answers, cell, kept, result

Typed = Callable[..., click.testing.Result]

OLD, NEW = (f"202611{day}T000000Z-evaluation-cpu-abcd" for day in ("20", "21"))
COUNTS = {"model.layers.0.mlp.experts": [5, 5, 5, 5], "model.layers.1.mlp.experts": [8, 0, 0, 0]}


@pytest.fixture(scope="module")
def evaluated(root: Path) -> Path:
    """A checkout whose newest evaluation has a mixture that was measured and one that was not."""
    given = answers("gsm8k", [1.0, 0.0])
    dense = result(cell("qwen3_8b", "gsm8k"), given)
    counted = result(cell("mixtral_8x7b", "gsm8k", data="sample"), given, facts={"expert_use": COUNTS})
    silent = result(cell("dbrx_instruct", "gsm8k"), given, facts={"expert_use": "not measured: unheard of"})
    kept(root / "results", OLD, [dense])
    kept(root / "results", NEW, [dense, counted, silent])
    return root


def test_a_table_a_mixture_and_a_row_a_layer(typed: Typed, evaluated: Path) -> None:
    ended = typed(evaluated, "results", "experts")
    assert ended.exit_code == 0, ended.output
    assert "mixtral_8x7b on gsm8k (sample)" in ended.output
    rows = [line.split() for line in ended.output.splitlines()]
    assert ["0", "4", "100%", "1.000", "1.00"] in rows
    assert ["1", "4", "25%", "0.000", "4.00"] in rows
    assert "not measured: unheard of" in ended.output
    assert "qwen3_8b" not in ended.output


def test_a_program_gets_the_counts_and_a_person_a_picture(typed: Typed, evaluated: Path) -> None:
    picture = evaluated / "experts.svg"
    ended = typed(evaluated, "results", "experts", NEW, "--json", "--plot", str(picture))
    found = {row["model"]: row for row in json.loads(ended.stdout)}
    assert [layer["counts"] for layer in found["mixtral_8x7b"]["layers"]] == list(COUNTS.values())
    assert "mixtral_8x7b on gsm8k (sample)" in picture.read_text()


def test_without_a_mixture_it_says_where_to_begin(typed: Typed, evaluated: Path) -> None:
    ended = typed(evaluated, "results", "experts", OLD)
    assert ended.exit_code == 2
    assert f"no mixture of experts was evaluated in {OLD}: start with" in ended.output
