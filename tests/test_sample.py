"""data/sample: its manifest is true, and its rows are whole."""

import json
import runpy
from pathlib import Path

import pytest

from harness.matrix.records import Matrix


@pytest.fixture
def sample(root: Path) -> Path:
    """The folder."""
    return root / "data" / "sample"


def test_manifest_is_what_renew_writes(sample: Path) -> None:
    manifest = runpy.run_path(str(sample.parent / "renew.py"))["manifest"]
    assert json.loads((sample / "manifest.json").read_text()) == manifest(), "run: python data/renew.py"


def test_each_file_with_rows_or_an_image_is_in_the_manifest(sample: Path) -> None:
    found = [path for path in sample.glob("*/*/**/*") if path.is_file() and path.name != "README.md"]
    files = {path.relative_to(sample).as_posix() for path in found}
    assert files == set(json.loads((sample / "manifest.json").read_text())["files"])


def test_each_dataset_with_a_task_has_rows_and_fields(sample: Path, matrix: Matrix) -> None:
    for dataset in matrix.registry.datasets:
        source = dataset.source
        if source is None:
            continue
        for config in source.configs:
            for split in source.splits:
                rows = [
                    json.loads(line)
                    for path in sorted((sample / source.repo).glob(split.pattern(config)))
                    for line in path.read_text().splitlines()
                ]
                assert rows, (dataset.id, config, split.name)
                assert all(set(source.fields) <= set(row) for row in rows), (dataset.id, config, split.name)
