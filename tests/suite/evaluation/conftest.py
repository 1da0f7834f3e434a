"""What tests of evaluation share: the sample data, and the program metric beside it."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.matrix.datasets import Dataset
from harness.matrix.records import Matrix
from harness.suite import evaluation

CODE_EVAL = Path(evaluation.__file__).parent / "programs" / "code_eval"


@pytest.fixture(scope="session")
def sample(root: Path) -> Path:
    """Our own few rows a dataset."""
    return root / "data" / "sample"


@pytest.fixture(scope="session")
def datasets(matrix: Matrix) -> dict[str, Dataset]:
    """The matrix's datasets by id."""
    return {dataset.id: dataset for dataset in matrix.registry.datasets}


@pytest.fixture
def copied(sample: Path, tmp_path: Path) -> Callable[[str], Path]:
    """A function that copies one repository of the sample into a data root that a test may spoil."""

    def copy(repo: str) -> Path:
        shutil.copytree(sample / repo, tmp_path / "root" / repo)
        return tmp_path / "root"

    return copy
