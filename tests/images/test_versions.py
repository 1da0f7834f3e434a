"""Which transformers a run would have."""

import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from harness.errors import LibraryError
from harness.images.versions import transformers_of
from harness.matrix.devices import Device
from harness.matrix.load import find_root

ROOT = find_root(Path(__file__))


def test_the_lock_says_what_its_image_holds(cpu: Device) -> None:
    lock = (ROOT / "images" / "cpu" / "requirements.lock").read_text()
    assert f"transformers=={transformers_of(cpu, ROOT, None)} " in lock


def test_a_python_says_what_it_has(cpu: Device) -> None:
    assert transformers_of(cpu, ROOT, Path(sys.executable)) == version("transformers")


def test_a_python_without_it_is_one_sentence(cpu: Device, tmp_path: Path) -> None:
    with pytest.raises(LibraryError, match="has no transformers: install it there"):
        transformers_of(cpu, ROOT, tmp_path / "python")
