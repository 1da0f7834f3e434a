"""`harness matrix`, and a matrix that is broken."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

Typed = Callable[..., Result]
Run = Callable[..., subprocess.CompletedProcess[str]]

BROKEN: dict[str, tuple[Callable[[str], str], str]] = {
    "not JSON": (lambda text: text.replace('"devices"', '"devices', 1), "not JSON at line 4, column"),
    "empty": (lambda _: "", "not JSON at line 1, column 1"),
    "breaks the schema": (
        lambda text: text.replace('"decoder-only"', '"decodr-only"').replace('"limit": 0,', '"limit": -1,'),
        "$.tolerances[0].limit: -1 is less than 0",
    ),
    "refers to what is not there": (
        lambda text: text.replace('"image": "cpu"', '"image": "cpx"'),
        "$.devices[0].image: there is no images/cpx/requirements.lock",
    ),
    "duplicate key": (
        lambda text: text.replace('"id": "bert"', '"id": "bert", "id": "bort"'),
        "]: the key 'id' is there twice",
    ),
    "duplicate model": (
        lambda text: text.replace('"id": "clip"', '"id": "bert"'),
        "'bert' is there already, at $.models[",
    ),
}


@pytest.mark.parametrize("way", BROKEN)
@pytest.mark.parametrize("arguments", ["matrix check", "matrix list", "run --runner host"])
def test_a_broken_matrix_is_told_line_by_line(
    copy_checkout: Callable[[], Path], way: str, arguments: str, typed: Typed
) -> None:
    root = copy_checkout()
    spoil, words = BROKEN[way]
    text = (root / "matrix.json").read_text()
    (root / "matrix.json").write_text(spoil(text))
    ended = typed(root, *arguments.split())
    assert ended.exit_code == 2
    assert "Traceback" not in ended.stderr
    assert words in ended.stderr
    assert all(
        line.removeprefix("error: ").startswith("matrix.json: ") for line in ended.stderr.strip().splitlines()
    )
    assert not (root / "results").exists()


def test_every_problem_of_the_matrix_is_told(copy_checkout: Callable[[], Path], run: Run) -> None:
    root = copy_checkout()
    spoil, _ = BROKEN["breaks the schema"]
    text = (root / "matrix.json").read_text()
    (root / "matrix.json").write_text(spoil(text))
    problems = json.loads(run(root, "matrix", "check", "--json").stdout)["problems"]
    assert sum("'decodr-only' is not one of" in problem for problem in problems) == text.count(
        '"decoder-only"'
    )
    assert sum("limit: -1 is less than 0" in problem for problem in problems) == text.count('"limit": 0,')


def test_lists_as_json(root: Path, run: Run) -> None:
    listed = json.loads(run(root, "matrix", "list", "--json", "--arch", "video").stdout)
    assert {"timesformer", "videomae", "vivit"} <= {row["id"] for row in listed}
    assert {row["architecture"] for row in listed} == {"video"}
    (bert,) = json.loads(run(root, "matrix", "list", "--json", "--class", "BertModel").stdout)
    assert (bert["id"], bert["classes"]) == ("bert", ["BertModel"])
    cells = run(root, "matrix", "list", "--cells", "--model", "bert").stdout.splitlines()
    assert cells[0] == "bert-BertForMaskedLM-cpu-functional-float32"
    assert "bert-BertModel-cpu-functional-float32" in cells
    assert json.loads(run(root, "matrix", "check", "--json").stdout) == {"problems": []}
    assert json.loads(run(root, "results", "list", "--json").stdout) == []


def test_the_matrix_is_shown(root: Path, typed: Typed) -> None:
    assert typed(root, "matrix", "check").stdout == "matrix.json is sound\n"
    assert json.loads(typed(root, "matrix", "show", "BERT").stdout)["model_type"] == "bert"
    assert json.loads(typed(root, "matrix", "show", "xpu").stdout)["presence"]["drm_vendor"] == "0x8086"
    assert typed(root, "results", "list").stdout.startswith("no runs yet")
