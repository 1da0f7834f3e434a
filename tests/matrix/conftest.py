"""The real matrix, and a checkout with a matrix that a test may spoil."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harness.matrix.load import find_root

Data = dict[str, Any]


@pytest.fixture
def data() -> Data:
    """matrix.json as data, to be changed."""
    loaded: Data = json.loads((find_root(Path(__file__)) / "matrix.json").read_text())
    return loaded


@pytest.fixture(autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """A user's cache of the test's own."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))


@pytest.fixture
def checkout(tmp_path: Path) -> Callable[[Data | str], Path]:
    """A function that writes a matrix, as data or text, into a checkout with the real matrix's images."""
    for path in (find_root(Path(__file__)) / "images").glob("*/requirements.*"):
        image = tmp_path / "images" / path.parent.name
        image.mkdir(parents=True, exist_ok=True)
        (image / path.name).touch()

    def write(matrix: Data | str) -> Path:
        text = matrix if isinstance(matrix, str) else json.dumps(matrix)
        (tmp_path / "matrix.json").write_text(text)
        return tmp_path

    return write
