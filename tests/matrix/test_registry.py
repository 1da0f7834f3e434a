"""The registry of the real matrix, and what is wrong with one."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harness.errors import MatrixError
from harness.matrix.load import load
from harness.matrix.names import find_model
from harness.matrix.records import Matrix
from harness.matrix.registry import Access

Change = Callable[[dict[str, Any]], None]


def test_there_are_61_models_and_11_categories_and_three_that_came_later(matrix: Matrix) -> None:
    registry = matrix.registry
    assert len(registry.entries) == 61
    assert [row.later for row in registry.categories] == [False] * 11 + [True] * 3
    assert {row.id for row in registry.presets} == {"balanced", "performance", "memory_optimized"}


def test_every_entry_has_a_row_of_models_with_its_checkpoint_but_what_has_no_weights(matrix: Matrix) -> None:
    for entry in matrix.registry.entries:
        if entry.unsupported:
            assert (entry.id, entry.access) == ("claude_sonnet", Access.NONE)
            continue
        row = find_model(matrix, entry.row)
        assert row.checkpoint is not None
        assert row.checkpoint.hub_id
        assert find_model(matrix, row.checkpoint.hub_id) is row
        assert entry.preset


def test_entries_of_a_category_come_in_its_order_and_know_it(matrix: Matrix) -> None:
    for category in matrix.registry.categories:
        found = matrix.registry.members(category)
        assert tuple(row.id for row in found) == category.models
        assert all(category in matrix.registry.categories_of(row) for row in found)


def test_what_a_token_passes_and_what_is_stored_is_less_than_all(matrix: Matrix) -> None:
    for entry in matrix.registry.entries:
        if entry.parameters is not None and entry.bytes is not None:
            assert (entry.active or 0) < entry.parameters
            bits = 8 * entry.bytes / entry.parameters
            low, high = {None: (16, 16), "awq": (4, 6), "fp8": (8, 9)}[entry.quantisation]
            assert low <= bits <= high, entry.id


def _entry(data: dict[str, Any], name: str) -> dict[str, Any]:
    found: dict[str, Any] = next(row for row in data["registry"] if row["id"] == name)
    return found


CHANGES: dict[str, tuple[Change, str]] = {
    "no row": (
        lambda data: _entry(data, "qwen3_8b").update(model="qwen3_9b"),
        "there is no model 'qwen3_9b'; did you mean 'qwen3_8b'?; add its row, or say why it is unsupported",
    ),
    "a row and a reason": (
        lambda data: _entry(data, "qwen3_8b").update(unsupported="nobody wants it any more"),
        "unsupported: the model 'qwen3_8b' has a row of models: leave one of them out",
    ),
    "a type": (
        lambda data: _entry(data, "qwen3_8b").update(model="bert"),
        "the row of the model 'bert' has no checkpoint on the hub",
    ),
    "no count": (
        lambda data: _entry(data, "qwen3_8b").pop("bytes"),
        "give parameters and bytes, as `harness fit qwen3_8b --json` counts them",
    ),
    "no preset": (
        lambda data: _entry(data, "qwen3_8b").update(preset="balance"),
        "preset: there is no preset 'balance'; did you mean 'balanced'?",
    ),
    "no entry": (
        lambda data: data["categories"][0]["models"].append("qwen3_9b"),
        "$.categories[0].models[6]: the registry has no 'qwen3_9b'; did you mean 'qwen3_8b'?",
    ),
    "twice": (
        lambda data: data["registry"].append(_entry(data, "qwen3_8b")),
        ".id: 'qwen3_8b' is there already, at $.registry[",
    ),
    "no such access": (
        lambda data: _entry(data, "qwen3_8b").update(access="opened"),
        "'opened' is not one of open, gated, none; did you mean 'open'?",
    ),
    "more than all memory": (
        lambda data: _entry(data, "qwen3_8b").update(memory=1.5),
        ".memory: ",
    ),
}


@pytest.mark.parametrize(("change", "sentence"), CHANGES.values(), ids=CHANGES)
def test_each_mistake_is_a_sentence_with_its_place(
    copy_matrix: Callable[[Change], Path], change: Change, sentence: str
) -> None:
    with pytest.raises(MatrixError) as caught:
        load(copy_matrix(change))
    (problem,) = caught.value.problems
    assert sentence in problem


@pytest.fixture
def copy_matrix(tmp_path: Path, root: Path) -> Callable[[Change], Path]:
    """A function that changes the real matrix and puts it in a folder that looks like a checkout."""

    def copy(change: Change) -> Path:
        data = json.loads((root / "matrix.json").read_text())
        change(data)
        (tmp_path / "matrix.json").write_text(json.dumps(data))
        (tmp_path / "images").symlink_to(root / "images")
        return tmp_path

    return copy
