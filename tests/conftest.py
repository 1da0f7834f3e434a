"""What all rooms' tests share: the checkout, the matrix's cpu device, the real engine and the real image."""

import gc
import os
import shutil
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import docker
import pytest
from hypothesis import settings

from harness.errors import EngineError
from harness.images.build import ensure
from harness.images.exclusive import exclusive
from harness.images.image import Image
from harness.matrix.devices import Device
from harness.matrix.load import load
from harness.matrix.records import Matrix
from harness.runners.engine import connect

ROOT = Path(__file__).parents[1]

settings.register_profile("no deadline", deadline=None)  # tests assert behaviour, never a time
settings.load_profile("no deadline")


def pytest_configure() -> None:
    """Hide from pytest-benchmark, here and in the suites started from here, that others work beside them.

    It measures nothing in a worker of pytest-xdist, which it knows by this variable; what is tested is what
    it is asked and what becomes of its answer, not the figures.
    """
    os.environ.pop("PYTEST_XDIST_WORKER", None)


@pytest.fixture(autouse=True)
def alone(request: pytest.FixtureRequest) -> Iterator[None]:
    """One test at a time has the engine, in all workers: they look at all its images and containers.

    pytest-xdist's groups would do, but release 3.8 writes them where pytest 9.2 no longer looks.
    """
    if "engine" not in request.fixturenames:
        yield
        return
    with exclusive(ROOT / ".harness" / "engine-tests.lock", lambda _: None):
        yield


@pytest.fixture(scope="session")
def root() -> Path:
    """The checkout."""
    return ROOT


@pytest.fixture(scope="session")
def copy_checkout(tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Path]:
    """A function that copies what a run reads of the checkout, so that a test may spoil it."""

    def copy() -> Path:
        root = tmp_path_factory.mktemp("checkout")
        shutil.copy(ROOT / "matrix.json", root)
        for folder in ("data", "harness", "images", "schemas"):
            shutil.copytree(ROOT / folder, root / folder, ignore=shutil.ignore_patterns("__pycache__"))
        return root

    return copy


@pytest.fixture(scope="session")
def matrix() -> Matrix:
    """The real matrix.json."""
    return load(ROOT)


@pytest.fixture(scope="session")
def cpu(matrix: Matrix) -> Device:
    """The cpu device of the matrix."""
    return matrix.device("cpu")


@pytest.fixture(scope="session")
def engine() -> Iterator[docker.DockerClient]:
    """A client of the real engine: without one these tests fail in CI, and are skipped elsewhere."""
    try:
        client = connect()
    except EngineError as error:
        down = str(error)
    else:
        yield client
        client.close()
        return
    with warnings.catch_warnings(action="ignore", category=ResourceWarning):
        gc.collect()  # docker-py leaves the socket of a connection that failed to the garbage collector
    if os.environ.get("CI"):
        pytest.fail(f"CI must have an engine: {down}")
    pytest.skip(down)


@pytest.fixture(scope="session")
def cpu_image(engine: docker.DockerClient, cpu: Device) -> Image:
    """The cpu image, built if it is not there: once for the machine."""
    return ensure(cpu, ROOT, engine, lambda _: None)
