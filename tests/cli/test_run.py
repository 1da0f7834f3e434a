"""`harness run` as a process: its documents for programs, and a run that is interrupted and goes on."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

HERE = sys.executable
PATIENCE_S = 120
Started = Callable[..., subprocess.Popen[str]]
Ended = subprocess.CompletedProcess[str]
Run = Callable[..., Ended]


def test_with_json_standard_output_is_one_document_also_where_it_went_wrong(
    root: Path, absent: str, run: Run, sentence: Callable[[str], str], no_engine: dict[str, str]
) -> None:
    for arguments, words in (
        (("run", "--json", "--device", absent), "is not on this machine"),
        (("run", "--json", "--modle", "bert"), "--model"),
        (("run", "--json", "--runner", "docker"), "no container engine answers"),
        (("results", "show", "--json", "nope"), "there is no run"),
    ):
        ended = run(root, *arguments, **no_engine)
        document = json.loads(ended.stdout)
        assert document["exit_code"] == ended.returncode == 2
        assert words in document["error"]
        assert sentence(ended.stderr) == f"error: {document['error']}"


@dataclass(frozen=True, slots=True)
class Interrupted:
    """A run of many cells that was ended by SIGINT when the first had finished."""

    root: Path
    run: str
    ended: Ended

    @property
    def folder(self) -> Path:
        return self.root / "results" / self.run

    def cells(self) -> list[str]:
        lines = (self.folder / "results.jsonl").read_text().splitlines()
        return [json.loads(line)["report"]["cell"] for line in lines]


@pytest.fixture(scope="module")
def interrupted(copy_checkout: Callable[[], Path], started: Started) -> Interrupted:
    root = copy_checkout()
    selection = ("--model", "bert,gpt2,llama,t5,bart", "--check", "construct,gradients,save_load")
    process = started(root, "run", "--json", *selection, "--runner", "host", "--python", HERE)
    deadline = time.monotonic() + PATIENCE_S
    while not list(root.glob("results/*/work/*/out/results.jsonl")):
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=PATIENCE_S)
    (folder,) = (root / "results").iterdir()
    return Interrupted(root, folder.name, Ended([], process.returncode, out, err))


def test_ctrl_c_keeps_what_is_finished_and_leaves_nothing_running(interrupted: Interrupted) -> None:
    assert interrupted.ended.returncode == 130
    assert "Traceback" not in interrupted.ended.stderr
    assert f"`harness run --resume {interrupted.run}`" in interrupted.ended.stderr
    assert json.loads(interrupted.ended.stdout) == {"error": "interrupted", "exit_code": 130}
    assert interrupted.cells()
    assert not (interrupted.folder / "run.json").exists()
    assert not (interrupted.folder / "work").exists()
    left = [
        words
        for path in Path("/proc").glob("[0-9]*/cmdline")
        if str(interrupted.root) in (words := _text(path))
    ]
    assert not left


def test_a_run_that_was_interrupted_goes_on(interrupted: Interrupted, run: Run) -> None:
    listed = run(interrupted.root, "results", "list")
    assert f"{interrupted.run}  incomplete" in listed.stdout
    shown = run(interrupted.root, "results", "show", "--json")
    assert shown.returncode == 1
    finished, missing = set(interrupted.cells()), set(json.loads(shown.stdout)["missing"])
    assert missing
    assert not finished & missing

    ended = run(interrupted.root, "run", "--resume", interrupted.run, "--python", HERE, "--json")

    assert ended.returncode == 0, ended.stderr
    assert not [cell for cell in finished if cell in ended.stderr]  # what is finished is not run again
    assert f"[1/{len(missing)}]" in ended.stderr
    document: dict[str, Any] = json.loads(ended.stdout)
    assert document["run"] == interrupted.run
    assert {row["outcome"] for row in document["verdicts"]} == {"passed"}
    assert document["missing"] == []
    assert set(interrupted.cells()) == finished | missing

    shown = run(interrupted.root, "results", "show", interrupted.run)
    assert shown.returncode == 0
    count = len(finished | missing)
    listed = run(interrupted.root, "results", "list")
    assert f"{interrupted.run}  {count}/{count} results  {count} passed" in listed.stdout


def _text(path: Path) -> str:
    try:
        return path.read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:  # it has ended meanwhile
        return ""
