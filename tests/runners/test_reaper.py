"""A client that dies: what it leaves by itself, and what the reaper makes of the rest."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

import docker
import pytest

from harness.images.image import Image
from harness.matrix.cells import Batch
from harness.results.record import Outcome, Provenance
from harness.results.store import RunStore
from harness.runners import door
from harness.runners.owner import Owner
from harness.runners.protocol import Limits
from harness.runners.reaper import reap

HERE = Path(__file__).parent
Start = Callable[[str, Image | None], "subprocess.Popen[bytes]"]
FINISHED = [("0-passes", Outcome.PASSED)]


@pytest.fixture
def start(
    store: RunStore, limits: Limits, provenance: Provenance, package: Path, batch: Callable[..., Batch]
) -> Iterator[Start]:
    """Starts a client that finishes one cell and is in flight with the second when we have it."""
    clients = []

    def client(runner: str, image: Image | None) -> "subprocess.Popen[bytes]":
        plan = {
            "folder": str(store.folder),
            "package": str(package),
            "image": asdict(image) if image else None,
            "limits": asdict(limits),
            "provenance": asdict(provenance),
            "cells": [cell.to_json() for cell in batch("passes", "hangs").cells],
        }
        path = store.folder.parent / "plan.json"
        path.write_text(json.dumps(plan))
        started = subprocess.Popen([sys.executable, HERE / "client.py", runner, path])
        clients.append(started)
        until(lambda: b"generate" in read(store.folder / "work/b0-1/out/progress.jsonl"))
        return started

    yield client
    for started in clients:
        started.kill()
        started.wait()


def read(path: Path) -> bytes:
    return path.read_bytes() if path.exists() else b""


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def outcomes(store: RunStore) -> list[tuple[str, Outcome]]:
    return [(result.report.cell, result.outcome) for result in store.read().results]


def containers(engine: docker.DockerClient, store: RunStore) -> int:
    return len(engine.containers.list(all=True, filters={"label": f"harness.run={store.run}"}))


@pytest.mark.engine
def test_a_killed_client_leaves_its_container_to_the_reaper(
    engine: docker.DockerClient, cpu_image: Image, store: RunStore, start: Start
) -> None:
    client = start("docker", cpu_image)
    assert reap(store.folder.parent, engine) == []  # it lives: hands off
    assert containers(engine, store) == 1
    client.kill()
    client.wait()
    done = reap(store.folder.parent, engine)
    assert done == [
        f"removed the container harness-{store.run}-b0-1",
        f"took in 1 finished cells of b0-1 in {store.run}, and removed its folder",
    ]
    assert containers(engine, store) == 0
    assert not (store.folder / "work").exists()
    assert outcomes(store) == FINISHED
    assert reap(store.folder.parent, engine) == []


@pytest.mark.engine
def test_ctrl_c_removes_the_container_and_keeps_what_is_finished(
    engine: docker.DockerClient, cpu_image: Image, store: RunStore, start: Start
) -> None:
    client = start("docker", cpu_image)
    client.send_signal(signal.SIGINT)
    assert client.wait(timeout=60) == 130
    assert containers(engine, store) == 0
    assert not (store.folder / "work").exists()
    assert outcomes(store) == FINISHED


@pytest.mark.engine
def test_a_container_that_is_not_of_a_run_is_left_alone(
    engine: docker.DockerClient, cpu_image: Image, tmp_path: Path
) -> None:
    """Someone's own container of the image inherits the image's labels."""
    own = engine.containers.create(cpu_image.id, ["sleep", "1"], labels={"harness.app": "harness"})
    try:
        assert reap(tmp_path, engine) == []
        own.reload()
    finally:
        own.remove(force=True)


@pytest.mark.engine
def test_a_container_past_its_deadline_goes_whoever_owns_it(
    engine: docker.DockerClient, cpu_image: Image, store: RunStore, tmp_path: Path
) -> None:
    owner = Owner(boot="elsewhere", pid=1, started="1")
    for deadline in (1, int(time.time()) + 600):
        labels = {"harness.run": store.run, "harness.owner": str(owner), "harness.deadline": str(deadline)}
        engine.containers.create(cpu_image.id, ["sleep", "1"], labels=labels)
    try:
        assert len(reap(tmp_path, engine)) == 1
        assert containers(engine, store) == 1
    finally:
        for left in engine.containers.list(all=True, filters={"label": f"harness.run={store.run}"}):
            left.remove(force=True)


def test_a_killed_client_leaves_its_process_to_the_reaper(store: RunStore, start: Start) -> None:
    client = start("host", None)
    until(lambda: door.read_order(store.folder / "work/b0-1")[2] is not None)
    process = door.read_order(store.folder / "work/b0-1")[2]
    assert process is not None
    assert reap(store.folder.parent, None) == []
    client.kill()
    client.wait()
    assert process.alive()
    done = reap(store.folder.parent, None)
    assert done[0] == f"ended the process {process.pid} of b0-1"
    until(process.gone)
    assert not (store.folder / "work").exists()
    assert outcomes(store) == FINISHED


def test_ctrl_c_ends_the_process_and_keeps_what_is_finished(store: RunStore, start: Start) -> None:
    client = start("host", None)
    process = door.read_order(store.folder / "work/b0-1")[2]
    client.send_signal(signal.SIGINT)
    assert client.wait(timeout=60) == 130
    assert process is not None
    assert process.gone()
    assert outcomes(store) == FINISHED


def test_what_was_stored_already_is_not_stored_twice(store: RunStore, start: Start) -> None:
    client = start("host", None)
    work = store.folder / "work/b0-1"
    store.append(door.intake(work).results[0])
    client.kill()
    client.wait()
    reap(store.folder.parent, None)
    assert (store.folder / "results.jsonl").read_bytes().count(b"\n") == 1


def test_without_an_engine_a_container_s_folder_is_left_until_its_deadline(
    store: RunStore, start: Start
) -> None:
    """The container may still write there."""
    client = start("host", None)
    client.kill()
    client.wait()
    path = store.folder / "work/b0-1/order.json"
    data = json.loads(path.read_text())
    data["isolation"]["runner"] = "docker"
    path.write_text(json.dumps(data))
    assert reap(store.folder.parent, None) == []
    path.write_text(json.dumps(data | {"deadline": 1.0}))
    assert len(reap(store.folder.parent, None)) == 2
    assert outcomes(store) == FINISHED


def test_a_folder_that_cannot_be_taken_in_stops_nobody(store: RunStore, start: Start) -> None:
    client = start("host", None)
    client.kill()
    client.wait()
    (store.folder / "results.jsonl").mkdir()
    sentence = reap(store.folder.parent, None)[-1]
    assert sentence.startswith(f"left {store.folder}/work/b0-1: ")
    (store.folder / "results.jsonl").rmdir()
    assert reap(store.folder.parent, None)[-1].startswith("took in 1 finished cells")


@contextmanager
def half_made(store: RunStore) -> Iterator[Path]:
    work = store.folder / "work" / "b0-1"
    (work / "out").mkdir(parents=True)
    yield work


def test_a_folder_without_an_order_is_rubbish_only_when_it_is_old(store: RunStore) -> None:
    with half_made(store) as work:
        assert reap(store.folder.parent, None) == []
        os.utime(work, (0, 0))
        assert reap(store.folder.parent, None) == [f"removed {work}, which nothing was run in"]
        assert not work.exists()
