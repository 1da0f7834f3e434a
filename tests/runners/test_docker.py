"""The docker runner on the real engine and image: each misdeed, its outcome, and nothing left."""

import gc
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import docker
import pytest

from harness.errors import EngineError
from harness.images.image import Image
from harness.matrix.devices import ContainerAccess
from harness.results.record import Outcome, Result
from harness.results.store import RunStore
from harness.runners.docker import DockerRunner
from harness.runners.protocol import Event

pytestmark = pytest.mark.engine
HERE = Path(__file__).parent
Perform = Callable[..., dict[str, Result]]


@pytest.fixture(autouse=True)
def _nothing_left(engine: docker.DockerClient, store: RunStore) -> Iterator[None]:
    yield
    assert not left(engine, store)


def left(engine: docker.DockerClient, store: RunStore) -> list[str]:
    found = engine.containers.list(all=True, filters={"label": f"harness.run={store.run}"})
    return [str(container.name) for container in found]


@pytest.mark.parametrize(
    ("deed", "outcome", "words"),
    [
        ("passes", Outcome.PASSED, ""),
        ("eats", Outcome.OOM, "out of memory"),
        ("child_eats", Outcome.OOM, "ran out of memory, though the cell went on"),
        ("segfaults", Outcome.CRASHED, "crashed: segmentation fault (SIGSEGV)"),
        ("kills_itself", Outcome.CRASHED, "crashed: killed (SIGKILL)"),
        ("gives_up", Outcome.CRASHED, "crashed: exit code 3"),
        ("leaves", Outcome.ERROR, "left no result"),
        ("orphans", Outcome.PASSED, ""),
        ("litters", Outcome.PASSED, ""),
        ("floods", Outcome.ERROR, "wrote more than 8,388,608 bytes"),
        ("invents_a_cell", Outcome.ERROR, "'nobody', which is no cell of this attempt"),
        ("breaks_the_schema", Outcome.ERROR, "'splendid' is not one of"),
        ("repeats", Outcome.ERROR, "a second time"),
        ("says_nan", Outcome.ERROR, "is not JSON: holds NaN"),
        ("links", Outcome.ERROR, "is a symbolic link"),
        ("pipes", Outcome.ERROR, "is not a regular file"),
        ("balloons", Outcome.ERROR, "holds 2,147,483,648 bytes, more than the 8,388,608 allowed"),
        ("tears", Outcome.CRASHED, "killed (SIGKILL)"),
    ],
)
def test_a_deed_has_its_outcome(
    deed: str, outcome: Outcome, words: str, docker_runner: DockerRunner, perform: Perform
) -> None:
    report = perform(docker_runner, deed)[f"0-{deed}"].report
    assert report.outcome is outcome, report.message
    assert words in report.message


@pytest.mark.parametrize("deed", ["hangs", "buys_time", "bombs"])
def test_past_the_deadline(deed: str, docker_runner: DockerRunner, perform: Perform) -> None:
    report = perform(docker_runner, deed, timeout_s=2)[f"0-{deed}"].report
    assert report.outcome is Outcome.TIMEOUT
    assert "past its deadline of 2 s" in report.message
    assert ("during generate" in report.message) == (deed == "hangs")


def test_a_crash_costs_one_cell(docker_runner: DockerRunner, perform: Perform) -> None:
    results = perform(docker_runner, "passes", "segfaults", "passes", "kills_itself", "passes")
    assert [(name, result.outcome, result.attempt) for name, result in results.items()] == [
        ("0-passes", Outcome.PASSED, 1),
        ("1-segfaults", Outcome.CRASHED, 1),
        ("2-passes", Outcome.PASSED, 2),
        ("3-kills_itself", Outcome.CRASHED, 2),
        ("4-passes", Outcome.PASSED, 3),
    ]


def test_memory_that_ran_out_unseen_falls_on_all(docker_runner: DockerRunner, perform: Perform) -> None:
    results = perform(docker_runner, "passes", "child_eats")
    assert {result.outcome for result in results.values()} == {Outcome.OOM}
    assert all(
        "which of the attempt's cells it was cannot be told" in r.report.message for r in results.values()
    )


def test_memory_that_a_cell_owns_up_to_is_not_held_against_the_next(
    docker_runner: DockerRunner, perform: Perform
) -> None:
    results = perform(docker_runner, "child_eats_and_it_says_so", "segfaults", "passes")
    assert [r.outcome for r in results.values()] == [Outcome.OOM, Outcome.CRASHED, Outcome.PASSED]


def test_the_network_is_not_there(docker_runner: DockerRunner, perform: Perform) -> None:
    facts = perform(docker_runner, "calls_out")["0-calls_out"].report.facts
    assert facts == {"interfaces": ["lo"], "reached": "OSError: Network is unreachable"}


def test_only_the_output_can_be_written(docker_runner: DockerRunner, perform: Perform) -> None:
    result = perform(docker_runner, "intrudes")["0-intrudes"]
    facts = result.report.facts
    assert facts["written"] == ["/dev/shm/ok"]
    assert (facts["CapEff"], facts["CapBnd"]) == ("0" * 16, "0" * 16)
    assert (facts["NoNewPrivs"], facts["Seccomp"]) == ("1", "2")
    assert f"{facts['uid']}:" in result.isolation.user
    assert facts["uid"] != 0


def test_the_work_sees_its_cpus_and_no_variable_of_ours(
    docker_runner: DockerRunner, perform: Perform
) -> None:
    facts = perform(docker_runner, "tells_its_environment")["0-tells_its_environment"].report.facts
    assert facts["cpus"] == [0]
    assert not [name for name in facts["names"] if "TOKEN" in name or "PROXY" in name.upper()]
    assert "HF_HUB_OFFLINE" in facts["names"]


def test_a_narrow_umask_and_a_private_checkout_keep_nothing_from_the_work(
    docker_runner: DockerRunner, perform: Perform, package: Path
) -> None:
    for path in (package, *package.rglob("*")):
        path.chmod(0o700 if path.is_dir() else 0o600)
    before = os.umask(0o077)
    try:
        (result,) = perform(docker_runner, "passes").values()
    finally:
        os.umask(before)
    assert result.outcome is Outcome.PASSED


def test_the_default_isolation_is_recorded(docker_runner: DockerRunner, perform: Perform) -> None:
    isolation = perform(docker_runner, "passes")["0-passes"].isolation
    assert (isolation.runner, isolation.network, isolation.read_only) == ("docker", "none", True)
    assert (isolation.cpus, isolation.pids, isolation.memory_bytes) == ("0", 32, 192 * 1024**2)
    assert isolation.loosened == () or os.getuid() != 0


def test_output_is_filed_with_the_run(docker_runner: DockerRunner, perform: Perform, store: RunStore) -> None:
    perform(docker_runner, "files")
    assert (store.folder / "benchmarks" / "b0-1.json").read_text() == '{"benchmarks": []}'
    assert (store.folder / "junit" / "b0-1.xml").read_text() == "<testsuites/>"
    assert (store.folder / "logs" / "b0-1.log").read_text() == "a word for the log\n"


def test_output_that_is_not_as_agreed_is_left_out(
    docker_runner: DockerRunner, perform: Perform, store: RunStore
) -> None:
    told: list[str] = []
    perform(docker_runner, "files_rubbish", tell=told.append)
    assert told == [
        "out/benchmark.json of b0-1 is not JSON: holds NaN",
        "out/junit.xml of b0-1 is a symbolic link",
    ]
    assert not (store.folder / "junit").exists()


def test_a_container_removed_from_outside(
    docker_runner: DockerRunner, perform: Perform, engine: docker.DockerClient, store: RunStore
) -> None:
    def remove(event: Event) -> None:
        if (event.kind, event.cell) == ("start", "1-hangs"):
            engine.containers.get(left(engine, store)[0]).remove(force=True)

    results = perform(docker_runner, "passes", "hangs", "passes", progress=remove)
    assert [result.outcome for result in results.values()] == [Outcome.PASSED, Outcome.ERROR, Outcome.PASSED]
    assert "removed from outside" in results["1-hangs"].report.message


# docker-py leaves the socket of a connection that failed to the garbage collector.
@pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")
def test_an_engine_that_goes_away_leaves_what_is_finished(
    runner_of: Callable[..., DockerRunner], perform: Perform, engine: docker.DockerClient, store: RunStore
) -> None:
    address = store.folder.parent / "engine.sock"
    proxy = subprocess.Popen([sys.executable, HERE / "proxy.py", address], stdout=subprocess.PIPE)

    def cut(event: Event) -> None:
        if (event.kind, event.cell) == ("start", "1-hangs"):
            proxy.kill()

    try:
        assert proxy.stdout is not None
        client = docker.DockerClient(base_url=f"unix://{proxy.stdout.readline().decode().strip()}")
        with closing(client), pytest.raises(EngineError, match="went away"):
            perform(runner_of(client), "passes", "hangs", "passes", progress=cut)
    finally:
        proxy.kill()
        proxy.communicate()
        gc.collect()
    results = {result.report.cell: result for result in store.read().results}
    assert {name: result.outcome for name, result in results.items()} == {
        "0-passes": Outcome.PASSED,
        "1-hangs": Outcome.ERROR,
    }
    assert "engine went away" in results["1-hangs"].report.message
    for name in left(engine, store):  # it could not be removed through an engine that was gone
        engine.containers.get(name).remove(force=True)


@pytest.mark.parametrize(
    ("access", "words"),
    [
        (ContainerAccess(runtime="no-such-runtime"), "no-such-runtime"),
        (ContainerAccess(devices=("/dev/no-such-device",)), "/dev/no-such-device"),
    ],
)
def test_what_the_engine_refuses_is_one_sentence(
    access: ContainerAccess,
    words: str,
    engine: docker.DockerClient,
    runner_of: Callable[..., DockerRunner],
    perform: Perform,
) -> None:
    with pytest.raises(EngineError, match=words):
        perform(runner_of(engine, access), "passes")


def test_an_earlier_try_of_the_same_name_is_replaced(
    docker_runner: DockerRunner,
    perform: Perform,
    engine: docker.DockerClient,
    cpu_image: Image,
    store: RunStore,
) -> None:
    name = f"harness-{store.run}-b0-1"
    engine.containers.create(
        cpu_image.id, ["sleep", "1"], name=name, labels={"harness.app": "harness", "harness.run": store.run}
    )
    assert perform(docker_runner, "passes")["0-passes"].outcome is Outcome.PASSED


def test_a_stranger_of_the_same_name_is_left_alone(
    docker_runner: DockerRunner,
    perform: Perform,
    engine: docker.DockerClient,
    cpu_image: Image,
    store: RunStore,
) -> None:
    stranger = engine.containers.create(cpu_image.id, ["sleep", "1"], name=f"harness-{store.run}-b0-1")
    try:
        with pytest.raises(EngineError, match="already in use"):
            perform(docker_runner, "passes")
        stranger.reload()
    finally:
        stranger.remove(force=True)
