"""Cells of another release: through tox in the real container, with the outcomes they have without it."""

from collections.abc import Callable
from dataclasses import replace

import docker
import pytest

from harness.images.compat import Prepared
from harness.matrix.cells import Batch
from harness.results.record import Outcome, Provenance, Result
from harness.results.store import RunStore
from harness.runners.docker import DockerRunner
from harness.runners.execute import Execution, execute
from harness.runners.protocol import Limits

pytestmark = pytest.mark.engine
RELEASE = Prepared(release="9.9", requirements="", wheels=())
"""One that is the image's own, as far as there is anything to install."""


@pytest.fixture
def perform_under(
    docker_runner: DockerRunner,
    store: RunStore,
    limits: Limits,
    provenance: Provenance,
    batch: Callable[..., Batch],
) -> Callable[..., dict[str, Result]]:
    """Runs a cell for each deed under the release, and gives the results by cell."""

    def run(*deeds: str) -> dict[str, Result]:
        planned = batch(*deeds)
        cells = tuple(
            replace(cell, parameters=replace(cell.parameters, transformers=RELEASE.release))
            for cell in planned.cells
        )
        execution = Execution(
            run=store.run,
            folder=store.folder,
            limits=limits,
            provenance=provenance,
            keep=store.append,
            releases={RELEASE.release: RELEASE},
        )
        execute(replace(planned, cells=cells), docker_runner, execution)
        return {result.report.cell: result for result in store.read().results}

    return run


def test_tox_ends_as_the_suite_does(
    perform_under: Callable[..., dict[str, Result]], engine: docker.DockerClient, store: RunStore
) -> None:
    results = perform_under("passes", "segfaults", "gives_up")
    assert [result.outcome for result in results.values()] == [
        Outcome.PASSED,
        Outcome.CRASHED,
        Outcome.CRASHED,
    ]
    assert "segmentation fault (SIGSEGV)" in results["1-segfaults"].report.message
    assert "exit code 3" in results["2-gives_up"].report.message
    assert "transformers-9.9: commands_pre" in (store.folder / "logs" / "b0-1.log").read_text()
    assert results["0-passes"].isolation.network == "none"


def test_memory_that_runs_out_under_tox(perform_under: Callable[..., dict[str, Result]]) -> None:
    report = perform_under("eats")["0-eats"].report
    assert (report.outcome, "out of memory" in report.message) == (Outcome.OOM, True)
