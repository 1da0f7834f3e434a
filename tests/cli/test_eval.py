"""`harness eval`: what would be asked, what came of it in a container, and what hostile programs come to."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import docker
import pytest
from click.testing import Result

Typed = Callable[..., Result]
Started = Callable[..., subprocess.Popen[str]]
Run = Callable[..., subprocess.CompletedProcess[str]]

HERE = ("--runner", "host", "--python", sys.executable)
DATASETS = "mmlu,humaneval,gsm8k,mbpp,hellaswag,arc_challenge,math,repobench"
"""What has to run in a container, with right and wrong answers."""
TINY = ("--model", "mixtral_8x7b", "--weights", "tiny", "--data", "sample")
PATIENCE_S = 300
ANSWERED = "results/*/work/*/out/answers/*gsm8k*"


def results(root: Path, run: str) -> dict[str, dict[str, Any]]:
    """Dataset → its report."""
    lines = (root / "results" / run / "results.jsonl").read_text().splitlines()
    rows = [json.loads(line) for line in lines]
    return {row["cell"]["questions"]["dataset"]: row for row in rows}


def score(row: dict[str, Any]) -> float:
    """The dataset's own metric."""
    name = row["cell"]["questions"]["score"]
    found: float = next(metric["value"] for metric in row["report"]["metrics"] if metric["name"] == name)
    return found


def newest(root: Path) -> str:
    return max(path.parent.name for path in (root / "results").glob("*/cells.json"))


class TestDryRun:
    """`--dry-run`, as people type the document's examples in our spelling."""

    @pytest.mark.parametrize(
        "typed_as",
        [
            ("--category", "mixture_of_experts", "--preset", "balanced"),
            ("--category", "reasoning_specialized", "--preset", "balanced"),
            ("--category", "coding_specialists", "--samples", "5", "--preset", "balanced"),
            ("--category", "general_purpose", "--samples", "5", "--preset", "balanced"),
            ("--model", "starcoder2_15b", "--samples", "10", "--preset", "balanced"),
        ],
    )
    def test_it_tells_of_every_model_and_starts_nothing(
        self, typed: Typed, root: Path, typed_as: tuple[str, ...]
    ) -> None:
        ended = typed(root, "eval", *typed_as, "--dry-run", "--json")
        assert ended.exit_code == 0, ended.output
        document = json.loads(ended.stdout)
        assert document["cells"]
        assert {cell["preset"] for cell in document["cells"]} == {"balanced"}
        assert not (root / "results").exists()
        said = typed(root, "eval", *typed_as, "--dry-run").stdout
        assert all(cell["entry"] in said and cell["dataset"] in said for cell in document["cells"])

    def test_all_61_are_there(self, typed: Typed, root: Path) -> None:
        ended = typed(root, "eval", "--dataset", "gsm8k", "--data", "sample", "--dry-run", "--json")
        document = json.loads(ended.stdout)
        assert len({cell["entry"] for cell in document["cells"]} | set(document["left_out"])) == 61

    def test_it_imports_neither_torch_nor_lm_eval(self, root: Path) -> None:
        code = (
            "import sys; from harness.cli import main\n"
            f"try: main(['--root', {str(root)!r}, 'eval', '--category', 'mixture_of_experts', '--dry-run'])\n"
            "except SystemExit as ended: assert not ended.code\n"
            "costly = {'torch', 'transformers', 'lm_eval', 'datasets', 'docker', 'jsonschema'}\n"
            "assert not costly & set(sys.modules)"
        )
        subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)


@pytest.mark.parametrize(
    ("typed_as", "words"),
    [
        (("--category", "mixture_of_expert"), "mixture_of_experts"),
        (("--model", "qwen3_8"), "qwen3_8b"),
        (("--model", "qwen3_8b", "--dataset", "gsm9k"), "gsm8k"),
        (("--model", "qwen3_8b", "--preset", "perf"), "performance"),
        (("--model", "qwen3_8b", "--samples", "0"), "--samples 0 is too small"),
        (
            ("--model", "qwen3_8b", "--dataset", "gsm8k", "--data", "sample", "--samples", "99"),
            "more than the 6",
        ),
        (("--model", "qwen3_8b", "--data", "/nonexistent"), "there is no folder /nonexistent"),
        (("--model", "qwen3_8b", "--weights", "/nonexistent"), "--weights /nonexistent is no folder"),
        ((), "name what to evaluate"),
    ],
)
def test_a_mistake_is_one_sentence(typed: Typed, root: Path, typed_as: tuple[str, ...], words: str) -> None:
    ended = typed(root, "eval", *typed_as, "--dry-run")
    assert ended.exit_code == 2
    assert "Traceback" not in ended.stderr
    assert words in ended.stderr


def test_where_nothing_can_be_asked_nothing_is_started(run: Run, root: Path, tmp_path: Path) -> None:
    ended = run(root, "eval", "--model", "qwen3_8b", "--data", "sample", HF_HOME=str(tmp_path))
    assert ended.returncode == 2
    assert "harness models fetch qwen3_8b" in ended.stderr
    assert not (root / "results").exists()


@pytest.fixture(scope="module")
def checkout(copy_checkout: Callable[[], Path]) -> Path:
    """A checkout whose runs are kept between the tests of this file."""
    return copy_checkout()


@pytest.fixture(scope="module")
def right(checkout: Path, run: Run, engine: docker.DockerClient) -> str:
    """A run in a container whose answers are all right."""
    ended = run(
        checkout,
        "eval",
        "--model",
        "mixtral_8x7b",
        "--dataset",
        DATASETS,
        "--data",
        "sample",
        "--engine",
        "gold",
    )
    assert ended.returncode == 0, ended.stderr
    return newest(checkout)


class TestInAContainer:
    """Right answers score 1, wrong ones 0, hostile programs 0: through the same path."""

    def test_right_answers_score_1(self, checkout: Path, right: str) -> None:
        found = results(checkout, right)
        assert {name: score(row) for name, row in found.items()} == dict.fromkeys(DATASETS.split(","), 1.0)
        for row in found.values():
            assert row["isolation"]["runner"] == "docker"
            assert (row["isolation"]["network"], row["isolation"]["loosened"]) == ("none", [])
            assert row["provenance"]["variant"] == "eval"

    def test_wrong_answers_score_0(
        self,
        checkout: Path,
        run: Run,
        engine: docker.DockerClient,
    ) -> None:
        ended = run(
            checkout, "eval", "--model", "mixtral_8x7b", "--dataset", DATASETS, "--data", "sample",
            "--engine", "wrong",
        )  # fmt: skip
        assert ended.returncode == 0, ended.stderr
        found = results(checkout, newest(checkout))
        assert {name: score(row) for name, row in found.items()} == dict.fromkeys(DATASETS.split(","), 0.0)

    def test_hostile_programs_score_0_and_harm_nothing(
        self, checkout: Path, right: str, run: Run, engine: docker.DockerClient
    ) -> None:
        """The run is gone on with as if a model had answered with these: they are scored like any answer."""
        answered = _as_if_answered(checkout, right, _hostile())
        before = {path: path.stat().st_mtime_ns for path in (checkout / "data").rglob("*")}
        ended = run(checkout, "eval", "--resume", answered, "--data", "sample")
        assert ended.returncode == 0, ended.stderr
        found = results(checkout, answered)
        assert {name: score(row) for name, row in found.items()} == {"humaneval": 0.0, "mbpp": 0.0}
        assert all(row["report"]["facts"]["earlier_answers"] == 5 for row in found.values())
        assert {path: path.stat().st_mtime_ns for path in (checkout / "data").rglob("*")} == before
        assert not [one for one in engine.containers.list(all=True) if answered in (one.name or "")]


def _hostile() -> Iterator[str]:
    """Bodies of a function, and programs as well: each does what it must not, and would pass if it could."""
    yield "    import os\n    os._exit(0)\n"
    yield "    import os\n    while True:\n        os.fork()\n"
    yield "    open('/door/out/results.jsonl', 'w').write('{}')\n    return 0\n"
    yield "    import socket\n    socket.create_connection(('127.0.0.1', 80))\n"
    yield "    while True:\n        pass\n"
    yield "    class Same:\n        def __eq__(self, other):\n            return True\n    return Same()\n"


def _as_if_answered(checkout: Path, right: str, hostile: Iterator[str]) -> str:
    """A run like that one which was ended before its scores, and whose programs are these."""
    source, name = checkout / "results" / right, f"{right}-hostile"
    target = checkout / "results" / name
    target.mkdir()
    cells = json.loads((source / "cells.json").read_text())
    kept = [cell for cell in cells["cells"] if cell["questions"]["kind"] == "program"]
    (target / "cells.json").write_text(json.dumps(cells | {"run": name, "cells": kept}))
    (target / "answers").mkdir()
    bodies = list(hostile)
    for cell in kept:
        body = cell["questions"]["dataset"] == "humaneval"
        rows = [
            json.loads(line) for line in (source / "answers" / f"{cell['id']}.jsonl").read_text().splitlines()
        ]
        answers = [
            row | {"value": text if body else f"def {_function(row['value'])}(*_):\n{text}"}
            for row, text in zip(
                rows, (bodies[place % len(bodies)] for place in range(len(rows))), strict=True
            )
        ]
        lines = "".join(json.dumps(row) + "\n" for row in answers)
        (target / "answers" / f"{cell['id']}.jsonl").write_text(lines)
    return name


def _function(program: str) -> str:
    """The name of the function that the right program defines."""
    return program.split("def ", 1)[1].split("(", 1)[0]


def test_a_run_that_is_killed_asks_nothing_twice(checkout: Path, started: Started, run: Run) -> None:
    asked = ("--dataset", "gsm8k", "--max-tokens", "256", "--batch", "1", "--threads", "1")
    process = started(checkout, "eval", *TINY, *asked, *HERE)
    deadline = time.monotonic() + PATIENCE_S
    while not (found := [path for path in checkout.glob(ANSWERED) if path.read_bytes().count(b"\n") > 1]):
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=PATIENCE_S)
    name = found[0].parents[4].name
    assert process.returncode == 130
    assert f"`harness eval --resume {name}`" in err
    ended = run(checkout, "eval", "--resume", name, "--data", "sample", *HERE)
    assert ended.returncode == 0, ended.stderr
    report = results(checkout, name)["gsm8k"]["report"]
    assert report["facts"]["earlier_answers"] > 1
    lines = (checkout / "results" / name / "answers" / f"{report['cell']}.jsonl").read_text().splitlines()
    requests = [json.loads(line)["request"] for line in lines]
    assert len(requests) == len(set(requests)) == 6
    said = run(checkout, "results", "scores", name)
    assert "random weights" in said.stdout


def test_several_processes_answer_as_one_does(checkout: Path, run: Run) -> None:
    varied = ("--dtype", "float32", "--tensor-parallel", "1,2")
    asked = ("--dataset", "gsm8k", "--samples", "2", "--max-tokens", "8")
    ended = run(checkout, "eval", *TINY, *asked, *varied, *HERE)
    assert ended.returncode == 0, ended.stderr
    folder = checkout / "results" / newest(checkout) / "answers"
    answers = {path.stem: _values(path) for path in folder.iterdir()}
    assert len(answers) == 2
    for cell, found in answers.items():
        if cell.endswith("-tp2"):
            alone = answers[cell.removesuffix("-tp2")]
            assert found.keys() == alone.keys()
            assert all(found[request] == pytest.approx(alone[request], abs=1e-3) for request in found)


def _values(path: Path) -> dict[str, Any]:
    return {row["request"]: row["value"] for row in map(json.loads, path.read_text().splitlines())}


def test_weights_in_a_folder_are_held_against_the_model(checkout: Path, run: Run, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text('{"model_type": "llama"}')
    ended = run(
        checkout, "eval", "--model", "mixtral_8x7b", "--data", "sample", "--weights", str(tmp_path), *HERE
    )
    assert ended.returncode == 2
    assert "has no weights" in ended.stderr
