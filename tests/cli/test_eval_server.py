"""`harness eval --engine openai`: a container without a network asks a server here, which dies half way."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import docker
import pytest
from click.testing import Result

from tests.suite.evaluation.server import Serving, Trouble, serving

Typed = Callable[..., Result]
Run = Callable[..., Any]
KEY = "sk-that-must-not-be-found"
MODEL = ("--model", "mixtral_8x7b", "--data", "sample")


@pytest.fixture
def root(copy_checkout: Callable[[], Path]) -> Path:
    """A checkout of its own."""
    return copy_checkout()


def asked(server: Serving, *more: str) -> tuple[str, ...]:
    return ("eval", *MODEL, "--engine", "openai", "--server", server.url, "--served", "tiny", *more)


def rows(root: Path) -> dict[str, dict[str, Any]]:
    """Dataset → its last result."""
    (path,) = root.glob("results/*/results.jsonl")
    found = [json.loads(line) for line in path.read_text().splitlines()]
    return {row["cell"]["questions"]["dataset"]: row for row in found}


def test_a_server_dies_and_the_rest_is_asked_when_it_is_back(
    root: Path, run: Run, engine: docker.DockerClient
) -> None:
    with serving(None, says="1, I think.", trouble=Trouble.HALF, after=8) as server:
        judge = ("--judge", server.url, "--judge-model", "tiny")
        command = asked(server, "--dataset", "gsm8k,mt_bench", "--batch", "1", *judge)
        ended = run(root, *command, OPENAI_API_KEY=KEY)
        assert ended.returncode == 1, ended.stderr
        found = rows(root)
        assert found["gsm8k"]["report"]["outcome"] == "passed"
        broken = found["mt_bench"]
        assert broken["report"]["outcome"] == "error"
        assert f"the server at {server.url} closed the connection" in broken["report"]["message"]
        assert broken["isolation"]["runner"] == "docker"
        assert broken["isolation"]["network"] == "none"
        assert broken["isolation"]["loosened"] == [f"network: {server.url} is reached, by a relay"] * 2
        server.trouble, before = Trouble.NONE, len(server.asked)
        (folder,) = root.glob("results/*")
        again = run(root, "eval", "--resume", folder.name, "--data", "sample", OPENAI_API_KEY=KEY)
        assert again.returncode == 1, again.stderr  # the judge gives no rating
        assert "gave no rating that can be read" in rows(root)["mt_bench"]["report"]["message"]
        assert len(server.asked) - before == 6 + 8  # answers that were not kept, and all ratings
    assert {f"Bearer {KEY}", None} == set(server.keys)  # the judge is sent no key of the server's
    left = [path for path in folder.rglob("*") if path.is_file()]
    assert len(left) > 6
    assert not [path for path in left if KEY.encode() in path.read_bytes()]


@pytest.mark.parametrize(
    ("typed_as", "words"),
    [
        (("--engine", "openai"), "--engine openai needs --server"),
        (("--server", "http://localhost:1"), "--server and --served are of --engine openai"),
        (("--engine", "openai", "--server", "localhost:1"), "is no address"),
        (("--judge", "http://localhost:1"), "--judge needs --judge-model"),
        (("--judge-model", "x"), "--judge-model needs --judge"),
        (
            ("--model", "qwen3_8b", "--engine", "openai", "--server", "http://localhost:1", "--served", "a"),
            "--served is the name of one model, and 2 are asked",
        ),
    ],
)
def test_a_mistake_is_one_sentence(typed: Typed, root: Path, typed_as: tuple[str, ...], words: str) -> None:
    models = "mixtral_8x7b,qwen3_8b" if "qwen3_8b" in typed_as else "mixtral_8x7b"
    options = [one for one in typed_as if one not in ("--model", "qwen3_8b")]
    ended = typed(root, "eval", "--model", models, "--data", "sample", *options, "--dry-run")
    assert ended.exit_code == 2
    assert "Traceback" not in ended.stderr
    assert words in ended.stderr


def test_the_dry_run_tells_how_a_server_would_be_asked(typed: Typed, root: Path) -> None:
    with serving(None) as server:
        said = typed(root, *asked(server, "--dataset", "gsm8k", "--batch", "5", "--dry-run")).stdout
        assert "openai num_concurrent=5" in said
        assert not server.asked
