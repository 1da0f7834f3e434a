"""The runner that a run gets, and its limits."""

import gc
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.errors import EngineError, HostEnvironmentError, SelectionError
from harness.matrix import names
from harness.matrix.records import Matrix
from harness.runners import choose
from harness.runners.choose import Wish, engine, limits, require_cpus

# docker-py leaves the socket of a connection that failed to the garbage collector.
pytestmark = pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")


@pytest.fixture(autouse=True)
def _collected() -> Iterator[None]:
    yield
    gc.collect()


@pytest.fixture
def no_engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/none.sock")


def test_without_an_engine_the_host_is_used_and_said_aloud(no_engine: None, matrix: Matrix) -> None:
    told: list[str] = []
    assert engine(matrix.device("cpu"), Wish(), told.append) is None
    (sentence,) = told
    assert "using the host runner instead" in sentence


def test_docker_that_was_asked_for_is_not_replaced(no_engine: None, matrix: Matrix) -> None:
    with pytest.raises(EngineError, match="no container engine answers"):
        engine(matrix.device("cpu"), Wish(runner="docker"), pytest.fail)


@pytest.mark.parametrize("wish", [Wish(runner="host"), Wish(python=Path("python3"))])
def test_a_wish_for_the_host_asks_no_engine(no_engine: None, matrix: Matrix, wish: Wish) -> None:
    assert engine(matrix.device("cpu"), wish, pytest.fail) is None


def test_a_device_without_an_image_goes_to_the_host(no_engine: None, matrix: Matrix) -> None:
    assert engine(matrix.device("hpu"), Wish(), pytest.fail) is None
    with pytest.raises(HostEnvironmentError, match="hpu has neither an image nor a locked environment"):
        choose.choose(Path.cwd(), matrix.device("hpu"), Wish(), None, pytest.fail)


def test_a_python_that_is_named_has_no_variant(no_engine: None, matrix: Matrix) -> None:
    varied = names.varied(matrix.device("cpu"), "py313")
    with pytest.raises(SelectionError, match="--python names what to run with: leave out --variant py313"):
        engine(varied, Wish(python=Path("python3")), pytest.fail)


@pytest.mark.parametrize(
    ("device", "wish"),
    [
        ("cpu", Wish(contained="this", runner="host")),
        ("cpu", Wish(contained="this", python=Path("python3"))),
        ("hpu", Wish(contained="this")),
        ("mps", Wish(contained="this")),
    ],
)
def test_what_only_a_container_runs_never_gets_the_host(
    no_engine: None, matrix: Matrix, device: str, wish: Wish
) -> None:
    with pytest.raises(SelectionError, match="this runs only in a container: leave out"):
        engine(matrix.device(device), wish, pytest.fail)


def test_without_an_engine_what_only_a_container_runs_does_not_run(no_engine: None, matrix: Matrix) -> None:
    for wish in (Wish(contained="this"), Wish(contained="this", runner="docker")):
        with pytest.raises(EngineError, match=r"; this runs only in a container$"):
            engine(matrix.device("cpu"), wish, pytest.fail)


def test_a_runner_that_cannot_reach_the_device(matrix: Matrix) -> None:
    with pytest.raises(SelectionError, match="mps cannot use --runner docker; it has host"):
        engine(matrix.device("mps"), Wish(runner="docker"), pytest.fail)


def test_a_thread_gets_a_cpu_and_more_than_there_are_is_a_mistake() -> None:
    cpus = sorted(os.sched_getaffinity(0))
    assert limits(None, 1).cpus == str(cpus[0])
    assert limits(None, None).cpus is None
    require_cpus(len(cpus))
    with pytest.raises(SelectionError, match=f"--threads {len(cpus) + 1} is more than the {len(cpus)} CPUs"):
        require_cpus(len(cpus) + 1)


def test_memory_is_what_the_cgroup_leaves_where_that_is_less(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    limit, usage = tmp_path / "memory.max", tmp_path / "memory.current"
    limit.write_text("1000000\n")
    usage.write_text("400000\n")
    monkeypatch.setattr(choose, "CGROUPS", ((limit, usage),))  # what a container would see there
    assert limits(None, None).memory_bytes == int(600000 * choose.MEMORY_SHARE)
    limit.write_text("max\n")
    assert (limits(None, None).memory_bytes or 0) > 1000000
    assert limits(7, None).memory_bytes == 7
