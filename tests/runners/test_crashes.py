"""The real suite over models that crash, hang and hoard: each costs its own cell, and its neighbours pass."""

import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import docker
import pytest

from harness.images.image import Image
from harness.matrix.cells import Batch, Cell, Parameters
from harness.matrix.devices import Device
from harness.matrix.records import Model, Suite
from harness.results.record import Outcome, Provenance, Result
from harness.results.store import RunStore
from harness.runners.docker import DockerRunner
from harness.runners.execute import Execution, execute
from harness.runners.host import HostRunner
from harness.runners.protocol import GIB, Event, Limits, Runner

ROOT = Path(__file__).parents[2]
DEVICE = Device(
    id="cpu", title="CPU", torch_device="cpu", dtypes=("float32",), runners=("docker", "host"), image="cpu"
)
CHECKS = ("construct", "forward", "save_load")
LATE_S = 10.0
"""The deadline of the cell that hangs."""
LIMITS = Limits(memory_bytes=3 * GIB, cpus="0-1", pids=64)
"""Enough for two children at a time."""


@dataclass(frozen=True)
class Expected:
    """How a cell must end."""

    outcome: Outcome
    message: str = ""
    attempt: int = 1


GOOD = Expected(Outcome.PASSED)
ALL_ALONE = {
    "0-behaves": GOOD,
    "1-segfaults": Expected(Outcome.CRASHED, "forward: crashed: segmentation fault (SIGSEGV)"),
    "2-behaves": GOOD,
    "3-aborts": Expected(Outcome.CRASHED, "forward: crashed: aborted (SIGABRT)"),
    "4-leaves": Expected(Outcome.ERROR, "forward: ended as if all were well, and left no report"),
    "5-hangs": Expected(Outcome.TIMEOUT, f"forward: past its deadline of {LATE_S:g} s"),
    "6-behaves": GOOD,
    "7-hoards": Expected(Outcome.OOM, "forward: "),
    "8-behaves": GOOD,
}
"""Cells, by place and deed, of which one attempt is enough for all."""

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="children are forked on Linux alone")
Crash = Callable[..., dict[str, Result]]


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """The harness, whose suite knows the naughty models."""
    copied = tmp_path / "checkout" / "harness"
    shutil.copytree(ROOT / "harness", copied, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(Path(__file__).with_name("naughty.py"), copied / "suite" / "functional" / "conftest.py")
    return copied


@pytest.fixture
def crash(store: RunStore, provenance: Provenance) -> Crash:
    """Runs a cell for each place and deed, and gives the results by cell."""

    def run(
        runner: Runner, *names: str, progress: Callable[[Event], None] = lambda _: None
    ) -> dict[str, Result]:
        batch = Batch(id="b0", device=DEVICE, cells=tuple(cell(name) for name in names))
        execution = Execution(
            run=store.run,
            folder=store.folder,
            limits=LIMITS,
            provenance=provenance,
            keep=store.append,
            progress=progress,
        )
        execute(batch, runner, execution)
        return {result.report.cell: result for result in store.read().results}

    return run


def cell(name: str) -> Cell:
    deed = name.partition("-")[2]
    return Cell(
        id=name,
        model=Model(id=deed, model_type=deed, architecture="encoder-only", classes=(f"{deed}_model",)),
        suite=Suite.FUNCTIONAL,
        device="cpu",
        torch_device="cpu",
        parameters=Parameters(),
        checks=CHECKS,
        phases=(),
        tolerances=dict.fromkeys(CHECKS, 0.0),
        known_failures={},
        timeout_s=LATE_S if deed == "hangs" else 120.0,
    )


def found(results: dict[str, Result], expected: dict[str, Expected]) -> dict[str, Expected]:
    """The results as they are to be compared, of messages no more than what is expected."""
    return {
        name: Expected(
            result.outcome,
            result.report.message[: len(expected[name].message)] if name in expected else "",
            result.attempt,
        )
        for name, result in results.items()
    }


def require_kept(results: dict[str, Result]) -> None:
    """What a cell had passed before its end came is in its report, and the check it was at with it."""
    for result in results.values():
        checks = {check.name: check.outcome for check in result.report.checks}
        assert checks["construct"] is Outcome.PASSED, result.report
        if not result.report.cell.endswith("its_child_hoards"):
            assert checks["forward"] is result.outcome


def test_on_the_host_each_costs_its_own_cell(package: Path, crash: Crash) -> None:
    results = crash(HostRunner(Path(sys.executable), package), *ALL_ALONE)
    assert found(results, ALL_ALONE) == ALL_ALONE
    require_kept(results)


@pytest.mark.engine
def test_in_a_container_each_costs_its_own_cell(
    engine: docker.DockerClient, cpu_image: Image, package: Path, crash: Crash
) -> None:
    expected = ALL_ALONE | {
        "9-hoards_unseen": Expected(Outcome.OOM, "forward: out of memory"),
        "a-behaves": GOOD,
        "b-its_child_hoards": Expected(Outcome.OOM, "a process of this cell was killed for want of memory"),
        "c-behaves": GOOD,
    }
    results = crash(DockerRunner(engine, cpu_image, DEVICE, package), *expected)
    assert found(results, expected) == expected
    require_kept(results)
    # Two ran when that child was killed, and only alone could it be told whose it was.
    assert results["b-its_child_hoards"].report.facts["ran_again"]


TOGETHER = ("0-behaves", "1-kills_its_parent_s_group", "2-behaves", "3-behaves")


def require_only_the_killer_crashed(results: dict[str, Result]) -> None:
    outcomes = {name: result.outcome for name, result in results.items()}
    assert outcomes == dict.fromkeys(TOGETHER, Outcome.PASSED) | {TOGETHER[1]: Outcome.CRASHED}
    assert "crashed: killed (SIGKILL) (during forward)" in results[TOGETHER[1]].report.message


def test_on_the_host_who_kills_the_whole_suite_is_found_out(package: Path, crash: Crash) -> None:
    require_only_the_killer_crashed(crash(HostRunner(Path(sys.executable), package), *TOGETHER))


@pytest.mark.engine
def test_in_a_container_who_kills_the_whole_suite_is_found_out(
    engine: docker.DockerClient, cpu_image: Image, package: Path, crash: Crash
) -> None:
    require_only_the_killer_crashed(crash(DockerRunner(engine, cpu_image, DEVICE, package), *TOGETHER))
