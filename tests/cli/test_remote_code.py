"""`--trust-remote-code`: a checkpoint's own code runs in a container, and nowhere else."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harness.images.image import Image
from harness.matrix.load import load
from tests.pebble import WATCHED, write_pebble

Run = Callable[..., subprocess.CompletedProcess[str]]
Sentence = Callable[[str], str]
HERE = ("--python", sys.executable)
TRUST = "--trust-remote-code"
ROW = {
    "id": "pebble",
    "model_type": "pebble",
    "architecture": "decoder-only",
    "classes": ["PebbleForCausalLM"],
    "checkpoint": {"config": {"hidden_size": 64, "num_hidden_layers": 2}, "remote_code": True},
}


@pytest.fixture
def pebble(tmp_path: Path) -> Path:
    """A checkpoint that brings code."""
    return write_pebble(tmp_path / "Pebble-1", WATCHED)


@pytest.fixture(scope="module")
def root(copy_checkout: Callable[[], Path]) -> Path:
    """A checkout whose matrix has a row of such a checkpoint."""
    return with_row(copy_checkout())


def with_row(root: Path) -> Path:
    """The checkout, its matrix with that row."""
    data = json.loads((root / "matrix.json").read_text())
    data["models"].append(ROW)
    (root / "matrix.json").write_text(json.dumps(data))
    return root


def results(root: Path) -> list[dict[str, Any]]:
    """The results of all runs there, the last one last."""
    files = sorted(root.glob("results/*/results.jsonl"), key=lambda path: path.stat().st_mtime)
    return [json.loads(line) for path in files for line in path.read_text().splitlines()]


@pytest.mark.engine
def test_it_is_detected_tried_in_a_container_and_written(
    pebble: Path, copy_checkout: Callable[[], Path], cpu_image: Image, run: Run
) -> None:
    root = copy_checkout()
    ended = run(root, "matrix", "add", str(pebble), TRUST, *HERE)
    assert ended.returncode == 0, ended.stderr + ended.stdout
    (row,) = (row for row in load(root).models if row.id == "pebble_1")
    assert (row.model_type, row.architecture) == ("pebble", "decoder-only")
    assert row.classes == ("PebbleForCausalLM",)
    assert "text-generation" in row.tasks
    assert row.checkpoint is not None
    assert row.checkpoint.config == {"hidden_size": 256, "num_hidden_layers": 4}
    assert row.checkpoint.remote_code
    (result,) = results(root)
    passed = {check["name"] for check in result["report"]["checks"] if check["outcome"] == "passed"}
    assert {"construct", "forward", "batch_equivalence", "generate", "save_load", "pipeline"} <= passed
    assert result["isolation"]["runner"] == "docker"
    (loosened,) = result["isolation"]["loosened"]
    assert loosened.startswith("remote code: of the checkpoint pebble_1 (sha256 ")
    assert loosened.endswith("), asked for by --trust-remote-code")


@pytest.mark.engine
@pytest.mark.parametrize(
    ("modeling", "code", "outcome", "message"),
    [
        (WATCHED, 0, "passed", ""),
        ("import no_such_package_of_anybody", 0, "unsupported", "no_such_package_of_anybody"),
        ("raise ValueError('not today')", 1, "failed", "construct: ValueError: not today"),
        ("import os\nos._exit(3)", 1, "crashed", "exit code 3"),
    ],
)
def test_a_row_runs_with_its_folder_and_what_the_code_does_wrong_is_the_cell_s(  # noqa: PLR0917 — pytest passes them by name
    pebble: Path, root: Path, cpu_image: Image, run: Run, modeling: str, code: int, outcome: str, message: str
) -> None:
    (pebble / "modeling_pebble.py").write_text(modeling)
    ended = run(root, "run", "--model", "pebble", TRUST, str(pebble))
    assert ended.returncode == code, ended.stdout
    report = results(root)[-1]["report"]
    assert report["outcome"] == outcome
    assert message in report["message"]


@pytest.mark.engine
def test_it_is_timed_as_any_model_is(pebble: Path, root: Path, cpu_image: Image, run: Run) -> None:
    # Nothing forks where something is timed: the one process imports the code.
    small = ("--input-tokens", "8", "--output-tokens", "2", "--rounds", "2", "--threads", "1")
    folder = write_pebble(pebble.with_name("unwatched"))
    run(root, "run", "--suite", "throughput", "--model", "pebble", TRUST, str(folder), *small)
    report = results(root)[-1]["report"]
    # It has no cache, which the phases after it need.
    assert "fill" in {metric["phase"] for metric in report["metrics"]}
    assert "forward" in {check["name"] for check in report["checks"] if check["outcome"] == "passed"}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("matrix", "add", "PEBBLE", *HERE), "modeling or configuration, which is not run"),
        (
            ("matrix", "add", "PEBBLE", TRUST, "--runner", "host", *HERE),
            "runs only in a container: leave out",
        ),
        (("run", "--model", "pebble"), "pebble runs with the code of its checkpoint, which is not kept"),
        (("run", "--model", "pebble,bert"), "pebble runs with the code of its checkpoint, which is not kept"),
        (("run", "--model", "bert", TRUST, "PEBBLE"), "runs one model alone"),
        (("run", "--model", "pebble,bert", TRUST, "PEBBLE"), "runs one model alone"),
        (("run", "--model", "pebble", TRUST, "PEBBLE", "--runner", "host"), "runs only in a container"),
        (("run", "--model", "pebble", TRUST, "PEBBLE", *HERE), "runs only in a container"),
        (("run", "--model", "pebble", TRUST, "PEBBLE/none"), "is no folder"),
        (("repro", "pebble-PebbleForCausalLM-cpu-functional-float32"), "is code that a checkpoint brings"),
    ],
)
def test_what_does_not_run_is_one_sentence(  # noqa: PLR0917 — pytest passes them by name
    pebble: Path, root: Path, run: Run, sentence: Sentence, arguments: tuple[str, ...], words: str
) -> None:
    before = (root / "matrix.json").read_text(), sorted(root.rglob("results/*"))
    ended = run(root, *(word.replace("PEBBLE", str(pebble)) for word in arguments))
    assert ended.returncode == 2
    assert words.replace("modeling or configuration", "configuration_pebble.py") in sentence(ended.stderr)
    assert ((root / "matrix.json").read_text(), sorted(root.rglob("results/*"))) == before


def test_without_an_engine_it_does_not_fall_back_to_the_host(
    pebble: Path, root: Path, run: Run, sentence: Sentence, no_engine: dict[str, str]
) -> None:
    ended = run(root, "run", "--model", "pebble", TRUST, str(pebble), **no_engine)
    assert ended.returncode == 2
    said = sentence(ended.stderr)
    assert "no container engine answers" in said
    assert said.endswith("the code of a checkpoint runs only in a container")
    assert "--runner host" not in said


def test_of_many_models_the_one_without_its_code_is_unsupported(
    copy_checkout: Callable[[], Path], run: Run, no_engine: dict[str, str]
) -> None:
    root = with_row(copy_checkout())
    asked = ("--arch", "decoder-only", "--class", "PebbleForCausalLM,GPT2LMHeadModel", "--check", "construct")
    ended = run(root, "run", *asked, "--runner", "host", *HERE, **no_engine)
    assert ended.returncode == 0, ended.stderr
    found = {row["cell"]["model"]["id"]: row["report"] for row in results(root)}
    assert found["gpt2"]["outcome"] == "passed"
    assert found["pebble"]["outcome"] == "unsupported"
    assert "the code of its checkpoint is not here" in found["pebble"]["message"]


def test_the_code_of_a_type_that_the_library_has_is_not_run_and_that_is_said(
    pebble: Path, copy_checkout: Callable[[], Path], run: Run
) -> None:
    config = json.loads((pebble / "config.json").read_text()) | {"model_type": "gpt2", "n_head": 4}
    (pebble / "config.json").write_text(json.dumps(config))
    root = copy_checkout()
    ended = run(root, "matrix", "add", str(pebble), TRUST, "--runner", "host", *HERE)
    assert "transformers has gpt2 itself: the code that Pebble-1 brings is not run" in ended.stderr
    (row,) = (row for row in load(root).models if row.id == "pebble_1")
    assert not row.remote_code
