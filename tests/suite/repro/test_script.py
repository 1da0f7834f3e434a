"""A reproduction stands alone: it imports nothing of the harness, and says what the suite says."""

import ast
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from harness.matrix.cells import Cell
from harness.matrix.parameters import PARALLEL
from harness.matrix.records import Matrix
from harness.suite.functional.checks import CHECKS
from harness.suite.functional.subjects import subject_of
from harness.suite.outcomes import Unsupported
from harness.suite.repro.script import needed, script

MakeCell = Callable[..., Cell]

# Architecture → a model of it, and the checks that its reproduction is tried with: of all checks, each once.
CHOSEN = {
    "audio": ("clap", ("batch_equivalence", "parity_float32", "parity_bfloat16")),
    "decoder-only": ("mamba", ("kv_cache_equivalence", "generate", "pipeline")),
    "document": ("layoutlmv3", ("forward",)),
    "encoder-decoder": ("t5", ("generate", "padding_invariance")),
    "encoder-only": ("bert", ("padding_invariance", "bf16_vs_fp32", "pipeline")),
    "multimodal": ("llava", ("input_sensitivity", "pipeline")),
    "speech": ("wav2vec2", ("determinism", "pipeline", "parity_float16")),
    "time-series": ("patchtst", ("gradients",)),
    "video": ("timesformer", ("save_load", "parity_tf32")),
    "vision": ("vit", ("sdpa_vs_eager", "construct", "pipeline")),
    "vision-text": ("clip", ("input_sensitivity",)),
}
CASES = [(arch, model, check) for arch, (model, checks) in CHOSEN.items() for check in checks]
LOW = ("parity_bfloat16", "parity_float16")
"""Checks that the CPU's cells do not have."""
EXIT_CODES = {"passed": 0, "failed": 1, "unsupported": 2}


def told(text: str, folder: Path) -> tuple[str, int]:
    """The script's verdict and exit code, run as somebody would who has no harness."""
    path = folder / "reproduction.py"
    path.write_text(text, "utf-8")
    ended = subprocess.run(
        [sys.executable, "-I", str(path)],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": "", "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert ended.stdout, ended.stderr
    return ended.stdout.splitlines()[-1].partition(":")[0], ended.returncode


def judged(cell: Cell, check: str) -> str:
    """The suite's verdict."""
    try:
        found = CHECKS[check].run(subject_of(cell))
    except Unsupported:
        return "unsupported"
    except Exception:  # noqa: BLE001 — whatever the library raises is a failure
        return "failed"
    return "passed" if found.deviation <= cell.tolerances[check] else "failed"


def imported(text: str) -> set[str]:
    """The packages that the script imports, wherever in it."""
    nodes = list(ast.walk(ast.parse(text)))
    lines = [alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names]
    lines += [node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)]
    return {line.partition(".")[0] for line in lines} - sys.stdlib_module_names


def test_every_architecture_and_every_check_is_tried(matrix: Matrix) -> None:
    architectures = {row.architecture for row in matrix.models}
    assert CHOSEN.keys() == architectures
    assert {check for _, _, check in CASES} == CHECKS.keys() - PARALLEL  # a script is one process
    rows = {row.id: row.architecture for row in matrix.models}
    assert all(rows[model] == arch for arch, (model, _) in CHOSEN.items())


@pytest.mark.parametrize(("arch", "model", "check"), CASES, ids=[f"{a}-{m}-{c}" for a, m, c in CASES])
def test_a_reproduction_says_what_the_suite_says(
    arch: str, model: str, check: str, make_cell: MakeCell, tmp_path: Path
) -> None:
    cell = make_cell(model)
    cell = replace(cell, tolerances={"parity_tf32": 10} | dict.fromkeys(LOW, 4) | cell.tolerances)
    assert cell.model.architecture == arch
    text = script(cell, check)
    allowed = {"torch", "transformers"} | ({"numpy", "PIL", "tokenizers"} if check == "pipeline" else set())
    assert imported(text) <= allowed
    verdict = judged(cell, check)
    assert told(text, tmp_path) == (verdict, EXIT_CODES[verdict])


def test_a_deviation_over_its_tolerance_is_reproduced(make_cell: MakeCell, tmp_path: Path) -> None:
    cell = make_cell("bert")
    cell = replace(cell, tolerances=cell.tolerances | {"bf16_vs_fp32": 1e-6})
    assert judged(cell, "bf16_vs_fp32") == "failed"
    assert told(script(cell, "bf16_vs_fp32"), tmp_path) == ("failed", 1)


def test_what_the_library_raises_is_reproduced(make_cell: MakeCell, tmp_path: Path) -> None:
    """More tokens than it has positions for."""
    cell = make_cell("bert", config={"max_position_embeddings": 8, "model_type": "bert"})
    assert judged(cell, "forward") == "failed"
    assert told(script(cell, "forward"), tmp_path) == ("failed", 1)


def test_a_script_names_the_model_the_check_the_versions_and_what_it_needs(make_cell: MakeCell) -> None:
    text = script(make_cell("gpt2"), "save_load")
    said = ast.get_docstring(ast.parse(text)) or ""
    assert "gpt2 GPT2LMHeadModel: the check save_load on cpu. It measured 0." in said
    assert "it needs torch, transformers alone" in said


def test_it_is_short_enough_to_paste(make_cell: MakeCell) -> None:
    """A report takes 65,536 characters; what is random is drawn anew and not written down."""
    assert len(script(make_cell("llama"), "forward")) < 20_000
    assert len(script(make_cell("llama"), "pipeline")) < 65_536


def test_only_what_is_not_python_s_own_is_needed() -> None:
    lines = {"import sys", "from dataclasses import field", "import torch", "from PIL import Image"}
    assert needed(lines) == ["PIL", "torch"]
