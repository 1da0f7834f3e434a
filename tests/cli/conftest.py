"""The `harness` command, in this process or in one of its own, on a checkout that may be spoilt."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from harness.cli import main
from harness.machine.presence import absence
from harness.matrix.load import load

PATIENCE_S = 120

Typed = Callable[..., Result]
Started = Callable[..., subprocess.Popen[str]]
Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="session")
def typed() -> Typed:
    """The command in this process: for what neither runs cells nor reads sys.argv."""
    return lambda root, *arguments: CliRunner().invoke(main, ["--root", str(root), *arguments])


@pytest.fixture(scope="session")
def started() -> Started:
    """The command as a process that goes on."""

    def start(root: Path, *arguments: str, **variables: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "harness", "--root", str(root), *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=os.environ | variables,
            start_new_session=True,  # Ctrl-C of whoever runs the tests is not for it
        )

    return start


@pytest.fixture(scope="session")
def run(started: Started) -> Run:
    """The command as a process that has ended."""

    def wait(root: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        process = started(root, *arguments, **variables)
        out, err = process.communicate(timeout=PATIENCE_S)
        return subprocess.CompletedProcess(arguments, process.returncode, out, err)

    return wait


@pytest.fixture(scope="session")
def sentence() -> Callable[[str], str]:
    """The one line of an error."""

    def only(text: str) -> str:
        assert "Traceback" not in text
        (line,) = text.strip().splitlines()
        assert line.startswith("error: ")
        return line

    return only


@pytest.fixture(scope="module")
def root(copy_checkout: Callable[[], Path]) -> Path:
    """A checkout for tests that leave nothing in it."""
    return copy_checkout()


@pytest.fixture(scope="session")
def no_engine() -> dict[str, str]:
    """The variable of an engine that is not there."""
    return {"DOCKER_HOST": "unix:///nonexistent/engine.sock"}


@pytest.fixture
def absent(root: Path) -> str:
    """A device that this machine does not have; no machine has them all."""
    return next(row.id for row in load(root).devices if absence(row.presence))
