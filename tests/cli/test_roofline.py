"""`harness roofline` as a process; what it measures is then a row of `harness fit`."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

Run = Callable[..., subprocess.CompletedProcess[str]]
HOST = ("--runner", "host", "--python", sys.executable)


@pytest.fixture(scope="module")
def fresh(copy_checkout: Callable[[], Path]) -> Path:
    """A checkout that keeps what is measured in it."""
    return copy_checkout()


def test_a_machine_is_measured_and_models_are_placed_by_it(fresh: Path, run: Run) -> None:
    picture = fresh / "roofline.svg"
    ended = run(fresh, "roofline", "--dtype", "float32", "--json", "--svg", str(picture), *HOST)
    assert ended.returncode == 0, ended.stderr
    document = json.loads(ended.stdout)
    (result,) = document["results"]
    found = {metric["name"]: metric for metric in result["report"]["metrics"]}
    assert result["cell"]["id"] == "machine-cpu-roofline-float32"
    assert found["memory_roof"]["value"] >= max(
        metric["value"]
        for metric in found.values()
        if metric["unit"] == "B/s" and "1024MiB" in metric["name"]
    )
    assert "matmul-1x4096x4096" in found
    assert "<svg" in picture.read_text()

    ended = run(fresh, "fit", "gpt2", "--accelerator", "this machine", "--json", *HOST)
    (row,) = json.loads(ended.stdout)["models"]
    (here,) = row["fits"]
    assert (here["accelerator"], here["roof"]) == ("this machine (cpu)", "measured")
    read = row["sheet"]["step"]["matrices"] + row["sheet"]["step"]["rest"]
    cache = 2 * row["sheet"]["theory"]["per_token"] * 1024
    by_memory = found["memory_roof"]["value"] / (2 * read + cache)
    assert here["decode_tokens_per_s"] == pytest.approx(by_memory)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--dtype", "float16"), "cpu has no dtype 'float16'; it has float32, bfloat16"),
        (("--threads", "100000"), "--threads 100000 is more than the"),
        (("--threads", "0"), "--threads 0 is too small"),
        (("--device", "gpu"), "there is no device 'gpu'"),
    ],
)
def test_a_mistake_is_one_sentence(
    fresh: Path, run: Run, sentence: Callable[[str], str], arguments: tuple[str, ...], words: str
) -> None:
    ended = run(fresh, "roofline", *arguments, *HOST)
    assert ended.returncode == 2
    assert words in sentence(ended.stderr)
