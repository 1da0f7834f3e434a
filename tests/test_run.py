"""A run from what was typed to its manifest: real cells in real processes of the host runner."""

import gc
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from harness.errors import DeviceAbsent, EngineError, HarnessError, HostEnvironmentError, SelectionError
from harness.images.lock import lock_hash
from harness.machine import processors
from harness.machine.presence import absence
from harness.matrix.cells import Cell, Parameters
from harness.matrix.devices import Device
from harness.matrix.load import load
from harness.matrix.plan import plan
from harness.matrix.records import Matrix, Suite
from harness.matrix.select import Selection
from harness.request import Request
from harness.results.record import Outcome, Result
from harness.results.store import RunStore
from harness.run import Done, conduct
from harness.runners.choose import Wish
from harness.runners.protocol import Event

NOWHERE = "unix:///nonexistent/engine.sock"
HERE = Path(sys.executable)
QUICK = Selection(
    models=("bert", "gpt2"), classes=("BertForMaskedLM", "GPT2LMHeadModel"), checks=("construct", "forward")
)


@dataclass(slots=True)
class Seen:
    """What a display was told."""

    sentences: list[str] = field(default_factory=list)
    cells: tuple[Cell, ...] = ()
    events: list[Event] = field(default_factory=list)
    results: list[Result] = field(default_factory=list)

    def tell(self, sentence: str) -> None:
        self.sentences.append(sentence)

    def begin(self, cells: tuple[Cell, ...]) -> None:
        self.cells = cells

    def event(self, event: Event) -> None:
        self.events.append(event)

    def result(self, result: Result) -> None:
        self.results.append(result)


def request(**changes: object) -> Request:
    asked = Request(
        suite=Suite.FUNCTIONAL, device="cpu", selection=QUICK, wish=Wish(runner="host", python=HERE)
    )
    return replace(asked, **changes)  # type: ignore[arg-type]


def first_cpu() -> str | None:
    """What a cell of one thread is kept to, where a process can be kept to anything."""
    return str(min(os.sched_getaffinity(0))) if sys.platform == "linux" else None


def files(root: Path) -> set[Path]:
    return {path for path in root.rglob("*") if "__pycache__" not in path.parts}


# docker-py leaves the socket of a connection that failed to the garbage collector.
LEFT_OPEN = pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")


@pytest.fixture
def no_engine(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The address of the engine names a socket that is not there."""
    monkeypatch.setenv("DOCKER_HOST", NOWHERE)
    yield
    gc.collect()


@pytest.fixture(scope="module")
def root(copy_checkout: Callable[[], Path]) -> Path:
    """A checkout for tests that leave nothing in it."""
    return copy_checkout()


@pytest.fixture(scope="module")
def finished(copy_checkout: Callable[[], Path]) -> tuple[Done, Seen, Path]:
    """Two cells on one thread, run to the end."""
    root, seen = copy_checkout(), Seen()
    command = ("run", "--model", "bert,gpt2")
    done = conduct(root, root / "results", request(sweep=(Parameters(threads=1),), command=command), seen)
    return done, seen, root


def test_a_run_gives_results_and_a_manifest(finished: tuple[Done, Seen, Path]) -> None:
    done, seen, _ = finished
    results = done.store.read().results
    assert done.exit_code == 0
    assert {result.report.cell: result.outcome for result in results} == {
        "bert-BertForMaskedLM-cpu-functional-float32-t1": Outcome.PASSED,
        "gpt2-GPT2LMHeadModel-cpu-functional-float32-t1": Outcome.PASSED,
    }
    assert seen.results == list(results)
    manifest = done.store.manifest()
    assert manifest is not None
    assert manifest.command == ("run", "--model", "bert,gpt2")
    assert (manifest.cells, manifest.results, manifest.outcomes) == (2, 2, {"passed": 2})
    assert manifest.exit_code == 0
    assert manifest.started < manifest.finished


def test_a_result_says_how_and_where_it_came_to_be(finished: tuple[Done, Seen, Path]) -> None:
    done, _, _ = finished
    for result in done.store.read().results:
        assert [check.name for check in result.report.checks] == ["construct", "forward"]
        assert result.report.facts["threads"] == 1
        assert result.isolation.runner == "host"
        assert result.isolation.cpus == first_cpu()
        assert result.provenance.lock_hash is None  # --python is not the locked environment
        assert result.provenance.engine is None


def test_a_run_keeps_junit_and_logs_and_nothing_of_its_work(finished: tuple[Done, Seen, Path]) -> None:
    done, _, _ = finished
    kept = {path.relative_to(done.store.folder).as_posix() for path in done.store.folder.rglob("*.*")}
    assert kept == {
        "cells.json",
        "results.jsonl",
        "run.json",
        "junit/cpu-functional-1.xml",
        "logs/cpu-functional-1.log",
    }
    assert not (done.store.folder / "work").exists()


def test_a_run_is_seen_while_it_goes_on(finished: tuple[Done, Seen, Path]) -> None:
    done, seen, _ = finished
    assert seen.cells == done.cells
    for cell in done.cells:
        told = [(event.kind, event.name) for event in seen.events if event.cell == cell.id]
        assert told[-4:] == [("start", ""), ("check", "construct"), ("check", "forward"), ("finish", "")]


def test_a_resumed_run_runs_what_is_missing_and_no_more(
    finished: tuple[Done, Seen, Path], copy_checkout: Callable[[], Path]
) -> None:
    done, _, _ = finished
    root, seen = copy_checkout(), Seen()
    folder = root / "results" / done.store.run
    shutil.copytree(done.store.folder, folder)
    (folder / "run.json").unlink()
    first, _ = (folder / "results.jsonl").read_bytes().splitlines(keepends=True)
    (folder / "results.jsonl").write_bytes(first + b'{"version": 1, "ru')  # what a kill leaves of a line

    again = conduct(root, root / "results", request(resume=done.store.run), seen)

    missing = done.cells[1].id
    assert [cell.id for cell in seen.cells] == [missing]
    assert [result.report.cell for result in seen.results] == [missing]
    assert (folder / "results.jsonl").read_bytes().startswith(first)
    results = again.store.read().results
    assert {result.report.cell for result in results} == {cell.id for cell in done.cells}
    assert again.exit_code == 0
    assert again.store.manifest() is not None
    # The cell asks for one thread, so it has one CPU, though --threads was not given a second time.
    assert seen.results[0].isolation.cpus == first_cpu()


def test_a_resumed_run_goes_on_with_its_own_variant(
    finished: tuple[Done, Seen, Path], copy_checkout: Callable[[], Path]
) -> None:
    done, _, _ = finished
    root = copy_checkout()
    folder = root / "results" / done.store.run
    shutil.copytree(done.store.folder, folder)
    first = json.loads((folder / "results.jsonl").read_text().splitlines()[0])
    first["provenance"]["variant"] = "py313"
    (folder / "results.jsonl").write_text(json.dumps(first) + "\n")
    resumed = request(resume=done.store.run)
    with pytest.raises(SelectionError, match="--python names what to run with: leave out --variant py313"):
        conduct(root, root / "results", resumed, Seen())
    with pytest.raises(SelectionError, match="was begun with --variant py313: leave out --variant compiler"):
        conduct(root, root / "results", replace(resumed, variant="compiler"), Seen())


def test_a_variant_that_the_device_has_not_is_told_before_anything(root: Path, tmp_path: Path) -> None:
    with pytest.raises(SelectionError, match="there is no variant 'py31'; the nearest is py313"):
        conduct(root, tmp_path, request(variant="py31"), Seen())
    with pytest.raises(SelectionError, match="device 'mps' has no variants: leave out --variant py313"):
        conduct(root, tmp_path, request(device="mps", variant="py313"), Seen())
    assert not list(tmp_path.iterdir())


@LEFT_OPEN
@pytest.mark.usefixtures("no_engine")
def test_without_an_engine_the_host_runner_is_used_and_a_failure_is_exit_code_1(
    copy_checkout: Callable[[], Path], cpu: Device
) -> None:
    root, seen = copy_checkout(), Seen()
    data = json.loads((root / "matrix.json").read_text())
    for row in data["tolerances"]:
        row["limit"] = 0 if row["check"] == "bf16_vs_fp32" else row["limit"]
    (root / "matrix.json").write_text(json.dumps(data))
    locked = lock_hash(cpu, root)
    stand_in = root / ".harness" / "envs" / f"cpu-{locked[:12]}"
    (stand_in / "bin").mkdir(parents=True)
    (stand_in / "bin" / "python").write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    (stand_in / "bin" / "python").chmod(0o755)
    (stand_in / "complete").touch()

    selection = Selection(
        models=("bert",), classes=("BertForMaskedLM",), checks=("construct", "bf16_vs_fp32")
    )
    done = conduct(root, root / "results", request(wish=Wish(), selection=selection), seen)

    assert len(seen.sentences) == 1
    assert NOWHERE in seen.sentences[0]
    assert seen.sentences[0].endswith("using the host runner instead")
    (result,) = done.store.read().results
    assert result.isolation.runner == "host"
    assert result.provenance.lock_hash == locked
    assert {check.name: check.outcome for check in result.report.checks} == {
        "construct": Outcome.PASSED,
        "bf16_vs_fp32": Outcome.FAILED,
    }
    assert result.outcome is Outcome.FAILED
    assert done.exit_code == 1


@LEFT_OPEN
@pytest.mark.usefixtures("no_engine")
def test_an_engine_that_was_asked_for_and_is_down_is_a_mistake(root: Path) -> None:
    before = files(root)
    with pytest.raises(EngineError, match="--runner host"):
        conduct(root, root / "results", request(wish=Wish(runner="docker")), Seen())
    assert files(root) == before


def test_an_absent_device_is_told_before_anything_is_made(root: Path, matrix: Matrix) -> None:
    absent = [device for device in matrix.devices if absence(device.presence)]
    assert absent  # no machine is both a Mac and has every card
    before = files(root)
    for device in absent:
        with pytest.raises(DeviceAbsent, match=f"`{device.id}` is not on this machine") as caught:
            conduct(root, root / "results", request(device=device.id, wish=Wish()), Seen())
        assert device.presence.missing in str(caught.value)
    assert files(root) == before


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"device": "cpuu"}, "the nearest is cpu"),
        ({"device": "cpu:1"}, "cpu has no accelerators to choose from"),
        ({"device": "cpu:"}, "names no accelerator after its colon"),
        ({"slots": 4096}, "4096 slots need a CPU each"),
        ({"memory_bytes": 1 << 60}, r"is more than the .* GB of this machine: give less"),
        ({"selection": Selection(models=("brt",))}, "the nearest are bert, bart"),
        ({"selection": Selection(architectures=("encoder",))}, "there is no architecture 'encoder'"),
        ({"selection": Selection(checks=("forwrd",))}, "the nearest is forward"),
        ({"sweep": (Parameters(dtype="bfloat16"),)}, "is for the throughput suite"),
        (
            {"sweep": (Parameters(tensor_parallel=999),), "selection": Selection(models=("llama",))},
            "--tensor-parallel 999 is more than the",
        ),
        ({"wish": Wish(runner="docker", python=HERE)}, "--python is for the host runner"),
    ],
)
def test_what_cannot_be_meant_is_told_before_anything_is_made(
    root: Path, changes: dict[str, object], words: str
) -> None:
    before = files(root)
    with pytest.raises(SelectionError, match=words):
        conduct(root, root / "results", request(**changes), Seen())
    assert files(root) == before


@pytest.mark.parametrize("named", ["nothing-of-that-name", "."])
def test_a_python_that_is_no_program(root: Path, named: str) -> None:
    before = files(root)
    with pytest.raises(HostEnvironmentError, match="is no program"):
        conduct(root, root / "results", request(wish=Wish(python=root / named)), Seen())
    assert files(root) == before


def test_a_python_that_lacks_what_the_suite_imports(root: Path, tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", tmp_path / "bare"], check=True)
    before = files(root)
    with pytest.raises(HostEnvironmentError, match="lacks torch, transformers, pytest"):
        conduct(
            root, root / "results", request(wish=Wish(python=tmp_path / "bare" / "bin" / "python")), Seen()
        )
    assert files(root) == before


def test_a_results_folder_that_cannot_be_written(root: Path, tmp_path: Path) -> None:
    blocked = tmp_path / "results"
    blocked.write_text("a file where the folder should be")
    with pytest.raises(HarnessError, match=f"{blocked} cannot be written: Not a directory; a file stands"):
        conduct(root, blocked, request(), Seen())


def test_what_the_operating_system_refuses_during_a_run_is_one_sentence(
    root: Path, tmp_path: Path, matrix: Matrix, cpu: Device
) -> None:
    cells = plan(matrix, matrix.models[:1], cpu, Suite.FUNCTIONAL, [Parameters()])
    store = RunStore.create(tmp_path, "torn", cells)
    (store.folder / "work").write_text("a file where the attempt's folder should be")
    seen = Seen()
    with pytest.raises(HarnessError, match="cannot be written: Not a directory; a file stands"):
        conduct(root, tmp_path, request(resume="torn"), seen)
    assert any("--resume torn" in sentence for sentence in seen.sentences)
    assert store.manifest() is None


def test_a_run_whose_device_the_matrix_has_lost_cannot_be_resumed(
    root: Path, tmp_path: Path, cpu: Device
) -> None:
    other = load(root)
    lost = replace(cpu, id="gpu9")
    RunStore.create(tmp_path, "old", plan(other, other.models[:1], lost, Suite.FUNCTIONAL, [Parameters()]))
    with pytest.raises(SelectionError, match="there is no device 'gpu9'"):
        conduct(root, tmp_path, request(resume="old"), Seen())


@pytest.mark.skipif(len(processors.usable()) < 2, reason="two slots take two CPUs")
def test_a_run_in_two_slots_has_all_results_of_disjoint_cpus(root: Path) -> None:
    quick = replace(QUICK, checks=("construct",))
    seen = Seen()
    done = conduct(root, root / "results", request(selection=quick, slots=2), seen)
    assert done.exit_code == 0
    results = done.store.read().results
    assert {result.cell["model"]["id"] for result in results} == {"bert", "gpt2"}
    first, second = (processors.parse(result.isolation.cpus or "") for result in results)
    assert first
    assert second
    assert not first & second
    assert len(seen.results) == 2
    assert {result.provenance.accelerators for result in results} == {()}
