"""A stage for the runners: the real ones, with `misbehaviour.py` where the suite would be."""

import shutil
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import docker
import pytest

from harness.images.image import Image
from harness.matrix.cells import Batch, Cell, Parameters
from harness.matrix.devices import ContainerAccess, Device
from harness.matrix.records import Model, Suite
from harness.results.record import Isolation, Provenance, Result
from harness.results.store import RunStore
from harness.runners.docker import DockerRunner
from harness.runners.execute import Execution, execute
from harness.runners.given import Given
from harness.runners.host import HostRunner
from harness.runners.protocol import MIB, Event, Limits, Order, Runner
from harness.suite import beneath

HERE = Path(__file__).parent
CPU = Device(
    id="cpu", title="CPU", torch_device="cpu", dtypes=("float32",), runners=("docker", "host"), image="cpu"
)


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """The folder of a package `harness` whose suite is the stand-in."""
    suite = tmp_path / "checkout" / "harness" / "suite"
    suite.mkdir(parents=True)
    for folder in (suite.parent, suite):
        (folder / "__init__.py").touch()
    shutil.copy(HERE / "misbehaviour.py", suite / "__main__.py")
    shutil.copy(beneath.__file__, suite)
    return suite.parent


@pytest.fixture
def runner_of(cpu_image: Image, package: Path) -> Callable[..., DockerRunner]:
    """Makes a docker runner of a client, for a device that has some access to the machine."""

    def make(client: docker.DockerClient, access: ContainerAccess = CPU.container) -> DockerRunner:
        return DockerRunner(client, cpu_image, replace(CPU, container=access), package)

    return make


@pytest.fixture
def docker_runner(engine: docker.DockerClient, runner_of: Callable[..., DockerRunner]) -> DockerRunner:
    return runner_of(engine)


@pytest.fixture
def host_runner(package: Path) -> HostRunner:
    return HostRunner(Path(sys.executable), package)


@pytest.fixture
def limits() -> Limits:
    return Limits(
        memory_bytes=192 * MIB,
        cpus="0",
        pids=32,
        shm_bytes=8 * MIB,
        tmp_bytes=256 * MIB,
        output_bytes=8 * MIB,
    )


@pytest.fixture
def provenance() -> Provenance:
    return Provenance(
        image=None,
        image_id=None,
        lock_hash=None,
        base=None,
        engine=None,
        revision="unknown",
        host="here",
        kernel="Linux 6",
        cpu="a CPU",
    )


@pytest.fixture
def batch() -> Callable[..., Batch]:
    """Makes a batch with a cell for each deed; the cell's id is the deed's place and name: `0-passes`."""

    def make(*deeds: str, timeout_s: float = 60.0) -> Batch:
        cells = tuple(_cell(f"{place}-{deed}", deed, timeout_s) for place, deed in enumerate(deeds))
        return Batch(id="b0", device=CPU, cells=cells)

    return make


@pytest.fixture
def store(tmp_path: Path, batch: Callable[..., Batch], request: pytest.FixtureRequest) -> RunStore:
    """The folder of a run whose id no other test has."""
    name = "".join(letter if letter.isalnum() else "-" for letter in request.node.name)
    return RunStore.create(
        tmp_path / "results", f"t{tmp_path.stat().st_ino}-{name}"[:80].rstrip("-"), batch("passes").cells
    )


@pytest.fixture
def make_order(store: RunStore, limits: Limits, provenance: Provenance) -> Callable[..., Order]:
    """Makes the order of an attempt, on the host unless its isolation is given; nothing is written."""

    def make(**changed: Any) -> Order:
        isolation = Isolation(
            runner="host",
            network="host",
            user="0:0",
            read_only=False,
            memory_bytes=None,
            cpus=None,
            pids=None,
        )
        order = Order(
            run=store.run,
            batch="b0",
            attempt=1,
            folder=store.folder,
            deadline=time.time() + 60,
            limits=limits,
            isolation=isolation,
            provenance=provenance,
        )
        return replace(order, **changed)

    return make


@pytest.fixture
def perform(
    store: RunStore, limits: Limits, provenance: Provenance, batch: Callable[..., Batch]
) -> Callable[..., dict[str, Result]]:
    """Runs a cell for each deed and gives the results by cell; no attempt's folder may be left."""

    def run(
        runner: Runner,
        *deeds: str,
        timeout_s: float = 60.0,
        grace_s: float = 60.0,
        slack_s: float = 0.0,
        progress: Callable[[Event], None] = lambda _: None,
        tell: Callable[[str], None] = lambda _: None,
        given: tuple[Given, ...] = (),
    ) -> dict[str, Result]:
        execution = Execution(
            run=store.run,
            folder=store.folder,
            limits=limits,
            provenance=provenance,
            keep=store.append,
            progress=progress,
            tell=tell,
            grace_s=grace_s,
            slack_s=slack_s,
            given=lambda _: given,
        )
        try:
            execute(batch(*deeds, timeout_s=timeout_s), runner, execution)
        finally:
            left = (store.folder / "work").exists()
        assert not left
        found = store.read()
        assert not found.warnings
        return {result.report.cell: result for result in found.results}

    return run


def _cell(name: str, deed: str, timeout_s: float) -> Cell:
    model = Model(id=deed, model_type="bert", architecture="encoder-only", classes=("BertModel",))
    return Cell(
        id=name,
        model=model,
        suite=Suite.FUNCTIONAL,
        device="cpu",
        torch_device="cpu",
        parameters=Parameters(),
        checks=("forward",),
        phases=(),
        tolerances={},
        known_failures={},
        timeout_s=timeout_s,
    )
