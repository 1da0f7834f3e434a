"""`harness compat`: what is refused before anything is built, and one release in the real container."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.images.image import Image
from harness.images.releases import pins

Run = Callable[..., subprocess.CompletedProcess[str]]
ONE = ("--model", "bert", "--class", "BertForMaskedLM", "--check", "construct")
OTHER = "4.57.6"
"""A release of the matrix that is not the image's own."""


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("compat", "--transformers", "foo"), "'foo' is no list of versions"),
        (("run", "--transformers", OTHER, "--runner", "host"), "what --transformers names runs only in a"),
        (("compat", "--device", "mps"), "mps"),
        (("compat", "--run", "nope"), "there is no run"),
    ],
)
def test_what_cannot_be_is_one_sentence(arguments: tuple[str, ...], words: str, refuse: Run) -> None:
    ended = refuse(*arguments)
    assert (ended.returncode, ended.stdout) == (2, "")
    (line,) = ended.stderr.strip().splitlines()
    assert line.startswith("error: ")
    assert words in line


@pytest.fixture
def refuse(root: Path, run: Run, no_engine: dict[str, str]) -> Run:
    """The command on a machine without an engine."""
    return lambda *arguments: run(root, *arguments, **no_engine)


@pytest.mark.engine
def test_a_release_in_the_container_is_the_one_that_was_asked_for(
    copy_checkout: Callable[[], Path], cpu_image: Image, run: Run
) -> None:
    root = copy_checkout()
    kept = Path(__file__).parents[2] / ".harness" / "wheels"  # fetched once for the machine
    kept.mkdir(parents=True, exist_ok=True)
    (root / ".harness").mkdir()
    (root / ".harness" / "wheels").symlink_to(kept)
    ended = run(root, "compat", *ONE, "--transformers", OTHER, "--json")
    assert ended.returncode == 0, ended.stderr
    document = json.loads(ended.stdout)
    (row,) = document["models"]
    assert (row["model"], row["first"], row["broke"]) == ("bert", OTHER, None)
    folder = root / "results" / document["run"]
    facts = json.loads((folder / "results.jsonl").read_text())["report"]["facts"]
    assert facts["transformers"] == OTHER
    lock = pins((root / "images" / "cpu" / "requirements.lock").read_text())
    assert facts["torch"] == lock["torch"].version
    (installed,) = (folder / "releases").iterdir()
    assert {"transformers", "tokenizers"} <= pins(installed.read_text()).keys()
    again = run(root, "compat", "--run", document["run"], "--markdown")
    assert f"| model | {OTHER} | first that broke |" in again.stdout
