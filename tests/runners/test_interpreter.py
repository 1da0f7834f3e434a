"""A Python that is named: asked for what the suite imports, and for a torch that reaches the device."""

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harness.errors import HostEnvironmentError
from harness.matrix.records import Matrix
from harness.runners.interpreter import find, require_torch

HERE = Path(sys.executable)
CUDA: dict[str, Any] = {
    "torch": "2.13.0",
    "built": {"cuda": "13.0", "hip": None, "xpu": None, "mps": False},
    "there": True,
    "reason": "",
}
"""What a torch of CUDA's says where there is a GPU."""


@pytest.fixture
def saying(tmp_path: Path) -> Callable[[str], Path]:
    """Makes a program that ends with this on its last line, whatever it is asked."""

    def make(last: str) -> Path:
        program = tmp_path / "python"
        program.write_text(f"#!/bin/sh\necho 'a library greets'\ncat <<'END'\n{last}\nEND\n")
        program.chmod(0o755)
        return program

    return make


def test_this_python_is_found_and_has_a_torch_for_the_processor(matrix: Matrix) -> None:
    python = find(HERE)
    assert python.is_absolute()
    require_torch(python, matrix.device("cpu"), os.environ)


def test_a_torch_of_another_build_is_told_before_anything_runs(matrix: Matrix) -> None:
    """The tests' torch is the processor's."""
    with pytest.raises(HostEnvironmentError, match="which is not built for cuda: name a Python whose"):
        require_torch(HERE, matrix.device("cuda"), os.environ)


def test_a_torch_that_finds_its_device(saying: Callable[[str], Path], matrix: Matrix) -> None:
    require_torch(saying(json.dumps(CUDA)), matrix.device("cuda"), os.environ)
    with pytest.raises(HostEnvironmentError, match="which is not built for rocm"):
        require_torch(saying(json.dumps(CUDA)), matrix.device("rocm"), os.environ)


@pytest.mark.parametrize(
    ("reason", "told"),
    [
        (
            "The NVIDIA driver on your system is too old\n(found version 12020).",
            "The NVIDIA driver on your system is too old (found version 12020).",
        ),
        ("", "torch.cuda.is_available() is false"),
    ],
)
def test_a_torch_that_finds_none_says_why(
    reason: str, told: str, saying: Callable[[str], Path], matrix: Matrix
) -> None:
    answer = CUDA | {"there": False, "reason": reason}
    with pytest.raises(HostEnvironmentError) as caught:
        require_torch(saying(json.dumps(answer)), matrix.device("cuda"), os.environ)
    assert f"has torch 2.13.0, which finds no cuda here ({told}): `harness doctor" in str(caught.value)


def test_a_torch_that_cannot_be_imported(saying: Callable[[str], Path], matrix: Matrix) -> None:
    with pytest.raises(HostEnvironmentError, match="cannot import its torch"):
        require_torch(saying("Segmentation fault"), matrix.device("cuda"), os.environ)


def test_the_environment_of_the_run_is_that_of_the_question(tmp_path: Path, matrix: Matrix) -> None:
    program = tmp_path / "python"
    program.write_text(f"#!/bin/sh\necho '{json.dumps(CUDA)}' | sed \"s/2.13.0/$CUDA_VISIBLE_DEVICES/\"\n")
    program.chmod(0o755)
    with pytest.raises(HostEnvironmentError, match="has torch GPU-7, which"):
        require_torch(
            program, matrix.device("rocm"), {"CUDA_VISIBLE_DEVICES": "GPU-7", "PATH": "/bin:/usr/bin"}
        )
