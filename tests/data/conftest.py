"""A data root of a few rows, in which tests may spoil what they like."""

import json
from collections.abc import Callable, Iterable
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from harness.data.manifest import File, Manifest, write
from harness.data.root import DataRoot
from harness.matrix.datasets import Dataset
from harness.matrix.records import Matrix
from harness.matrix.select import find_dataset

GSM8K = {
    "openai/gsm8k/main/train-0.jsonl": ("train", 2),
    "openai/gsm8k/main/test-0.jsonl": ("test", 3),
}
"""Path below the root → split and rows."""

Put = Callable[..., DataRoot]


@pytest.fixture
def gsm8k(matrix: Matrix) -> Dataset:
    """The dataset that the rows are of."""
    return find_dataset(matrix, "gsm8k")


@pytest.fixture
def put(tmp_path: Path) -> Put:
    """A function that puts sums into a folder, by default with a manifest, and gives the root."""

    def make(*, manifest: str | None = "own") -> DataRoot:
        files = {}
        for path, (split, rows) in GSM8K.items():
            content = lines({"question": f"{n} + {n}?", "answer": f"#### {2 * n}"} for n in range(rows))
            (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / path).write_bytes(content)
            files[path] = File(
                sha256=sha256(content).hexdigest(), rows=rows, dataset="gsm8k", config="main", split=split
            )
        said = Manifest(name=manifest, files=files) if manifest else None
        if said:
            write(tmp_path, said)
        return DataRoot(path=tmp_path, manifest=said)

    return make


def lines(rows: Iterable[dict[str, Any]]) -> bytes:
    """JSON lines."""
    return b"".join(json.dumps(row).encode() + b"\n" for row in rows)
