"""Ranks that come to a bad end: whose fault it was is told, and nobody is left."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.distributed.elastic.multiprocessing.errors import ProcessFailure

from harness.results.record import Outcome
from harness.suite.outcomes import Elsewhere, of_exception
from harness.suite.parallel.__main__ import cores
from harness.suite.parallel.job import Failure, Job
from harness.suite.parallel.launch import cause, launch

HERE = Path(__file__).parent


@given(cpus=st.sets(st.integers(0, 255), min_size=1), ranks=st.integers(1, 16))
def test_ranks_share_no_cpu_where_there_is_one_for_each(cpus: set[int], ranks: int) -> None:
    parts = [set(cores(sorted(cpus), rank, ranks)) for rank in range(ranks)]
    assert all(part and part <= cpus for part in parts)
    if len(cpus) >= ranks:
        assert sum(len(part) for part in parts) == len(set().union(*parts))
        assert len({len(part) for part in parts}) == 1


def ended(*codes: int) -> dict[int, ProcessFailure]:
    """Rank → how it ended, as torchrun tells it."""
    return {rank: ProcessFailure(rank, 1, code, "<N/A>") for rank, code in enumerate(codes)}


@pytest.mark.parametrize(
    ("codes", "told", "outcome", "message"),
    [
        # The one that a signal took; the other lost its connection, or was stopped.
        ((1, -signal.SIGSEGV), [(0, "failed", "connection closed")], Outcome.CRASHED, "rank 1 crashed"),
        ((-signal.SIGTERM, -signal.SIGABRT), [], Outcome.CRASHED, "rank 1 crashed: aborted (SIGABRT)"),
        ((-signal.SIGTERM, 3), [], Outcome.CRASHED, "rank 1 crashed: exit code 3"),
        # The one that told first.
        ((-signal.SIGTERM, 1), [(1, "oom", "no room")], Outcome.OOM, "rank 1: no room"),
        ((1, 1), [(1, "failed", "wrong shape"), (0, "failed", "closed")], Outcome.FAILED, "rank 1: wrong"),
        ((-signal.SIGTERM, -signal.SIGTERM), [], Outcome.CRASHED, "rank 0 crashed"),
    ],
)
def test_the_cause_is_the_rank_that_began_it(
    codes: tuple[int, ...], told: list[tuple[int, str, str]], outcome: Outcome, message: str
) -> None:
    failures = [Failure(rank=rank, outcome=name, message=said) for rank, name, said in told]
    found = cause(ended(*codes), failures)
    assert of_exception(found) is outcome
    assert str(found).startswith(message)


@pytest.fixture
def pids(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that ranks sign in; they find the models beside this file."""
    folder = tmp_path / "pids"
    folder.mkdir()
    monkeypatch.setenv("PIDS", str(folder))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(HERE), *sys.path]))
    return folder


def job(name: str, folder: Path) -> Path:
    """A job of one of the spoiled models, in a folder of its own."""
    folder.mkdir()
    Job(
        module="spoiled",
        name=name,
        dtype=torch.float32,
        device="cpu",
        seed=0,
        entry=(),
        inputs={},
        prompt=None,
    ).save(folder)
    return folder


def gone(pids: Path, ranks: int) -> bool:
    """Whether that many have signed in, and none of them is left."""
    signed = [int(path.name) for path in pids.iterdir()]
    return len(signed) == ranks and not any(alive(pid) for pid in signed)


def alive(pid: int) -> bool:
    """Whether the process runs; one that nobody has waited for yet does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


@pytest.mark.skipif(sys.platform != "linux", reason="processes are told by /proc")
@pytest.mark.parametrize(
    ("model", "outcome", "message"),
    [
        ("Crashes", Outcome.CRASHED, "rank 1 crashed: segmentation fault (SIGSEGV)"),
        ("Starves", Outcome.OOM, "rank 1: MemoryError: no room for 4 GiB"),
    ],
)
def test_one_rank_ends_them_all(
    model: str, outcome: Outcome, message: str, pids: Path, tmp_path: Path
) -> None:
    with pytest.raises(Elsewhere) as caught:
        launch(job(model, tmp_path / "job"), 2, 1)
    assert (of_exception(caught.value), str(caught.value)) == (outcome, message)
    assert gone(pids, 2) or gone(pids, 1)  # the other may have been stopped on its way


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a cell is not killed from outside")
def test_a_rank_dies_with_whoever_started_it(pids: Path, tmp_path: Path) -> None:
    """As at a cell's deadline, when its process group is killed, in which no rank is."""
    starting = (
        "import os, subprocess, sys, time;"
        "work = 'harness.suite.parallel.rank';"
        "subprocess.Popen([*sys.argv[1:], str(os.getpid()), work], start_new_session=True);"
        "time.sleep(600)"
    )
    rank = [sys.executable, "-m", "harness.suite.parallel", str(job("Waits", tmp_path / "job")), "1", "1"]
    alone = os.environ | {"RANK": "0", "LOCAL_RANK": "0"}
    starter = subprocess.Popen([sys.executable, "-c", starting, *rank], env=alone)
    while not list(pids.iterdir()):
        time.sleep(0.1)
    starter.kill()
    starter.wait()
    while not gone(pids, 1):  # the kernel kills it; pytest's own limit ends a wait in vain
        time.sleep(0.1)
