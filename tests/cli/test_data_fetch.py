"""`harness data fetch` and `harness models fetch` against a hub that runs here."""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest
from click.testing import Result

from harness.data.manifest import MANIFEST, read
from harness.data.room import SPARE
from tests.hub import TOKEN, Hub, Shelf, opened

Started = Callable[..., subprocess.Popen[str]]
Run = Callable[..., subprocess.CompletedProcess[str]]
Typed = Callable[..., Result]

TRAIN, TEST = "main/train-00000-of-00001.jsonl", "main/test-00000-of-00001.jsonl"
SECRET = "hf_secret"
PAGE = "https://huggingface.co/datasets/openai/gsm8k"
NOTHING = "the hub shows nothing of that name: check it"


CHUNK = 10 * 1024 * 1024
"""Bytes that the hub's library writes at once: `DOWNLOAD_CHUNK_SIZE`."""


def sums(count: int, width: int = 0) -> bytes:
    """Rows of gsm8k, as wide as that at least."""
    rows = ({"question": f"{n} + {n}?", "answer": f"#### {2 * n}".ljust(width)} for n in range(count))
    return b"".join(json.dumps(row).encode() + b"\n" for row in rows)


def gsm8k() -> Shelf:
    """The repository, with as many rows as its makers give, and files that no task reads."""
    rows = {TRAIN: sums(7473), TEST: sums(1319)}
    return Shelf(files={"README.md": b"---\n---\n", "socratic/test-0.jsonl": sums(2)} | rows)


@pytest.fixture
def fetch(run: Run, root: Path, tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """A function that types `harness data fetch` before a hub."""

    def typed(hub: Hub, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        return run(root, *command(tmp_path, *arguments), **before(hub, tmp_path) | variables)

    return typed


@pytest.fixture
def asked(typed: Typed, root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Typed:
    """The same in this process."""

    def in_here(hub: Hub, *arguments: str, **variables: str) -> Result:
        for name, value in (before(hub, tmp_path) | variables).items():
            monkeypatch.setenv(name, value)
        return typed(root, *command(tmp_path, *arguments))

    return in_here


def command(folder: Path, *arguments: str) -> tuple[str, ...]:
    return ("data", "fetch", *arguments, "--data", str(folder / "data"), "--python", sys.executable)


def before(hub: Hub, folder: Path) -> dict[str, str]:
    return {"HF_ENDPOINT": hub.url, "HF_HOME": str(folder / "hf"), "HF_HUB_OFFLINE": "0"}


def test_what_a_task_reads_is_fetched_counted_and_found_whole(fetch: Run, tmp_path: Path) -> None:
    with opened({"datasets/openai/gsm8k": gsm8k()}) as hub:
        dry = fetch(hub, "gsm_8k", "--dry-run")
        assert (dry.returncode, dry.stdout) == (0, "gsm8k: 0.5 MB to fetch\n")
        assert not (tmp_path / "data").exists()
        ended = fetch(hub, "gsm8k")
        assert (ended.returncode, ended.stdout) == (0, "gsm8k: whole (train 7,473, test 1,319 rows)\n")
        assert set(hub.served) == {TRAIN, TEST}
        again = fetch(hub, "gsm8k")
        assert (again.returncode, again.stdout) == (0, ended.stdout)
        assert hub.served == {TRAIN: len(sums(7473)), TEST: len(sums(1319))}
    manifest = read(tmp_path / "data")
    assert manifest is not None
    assert {path: file.rows for path, file in manifest.files.items() if file.split} == {
        f"openai/gsm8k/{TRAIN}": 7473,
        f"openai/gsm8k/{TEST}": 1319,
    }


def test_an_interrupted_fetch_goes_on_where_it_stopped(
    started: Started, fetch: Run, root: Path, tmp_path: Path
) -> None:
    shelf = gsm8k()
    shelf.files[TRAIN] = wide = sums(7473, 1500)
    with opened({"datasets/openai/gsm8k": shelf}) as hub:
        hub.stall_at[TRAIN] = CHUNK + 1000
        process = started(root, *command(tmp_path, "gsm8k"), **before(hub, tmp_path))
        assert hub.stalled.wait(60)
        folder = tmp_path / "data" / ".partial" / "openai" / "gsm8k" / "main"
        (part,) = folder.glob("train*")
        while part.stat().st_size < CHUNK:
            assert process.poll() is None
        os.killpg(process.pid, signal.SIGINT)
        _, said = process.communicate(timeout=60)
        assert process.returncode == 130, said
        assert "Traceback" not in said
        assert not (tmp_path / "data" / "manifest.json").exists()
        hub.served.clear()
        ended = fetch(hub, "gsm8k")
        assert ended.returncode == 0, ended.stderr
        assert hub.served[TRAIN] == len(wide) - CHUNK
    assert (tmp_path / "data" / "openai" / "gsm8k" / TRAIN).read_bytes() == wide
    assert not part.exists()


def test_a_file_that_comes_otherwise_than_the_hub_says_is_refused(
    fetch: Run, sentence: Callable[[str], str], tmp_path: Path
) -> None:
    with opened({"datasets/openai/gsm8k": gsm8k()}) as hub:
        hub.spoilt.add(TEST)
        ended = fetch(hub, "gsm8k")
        assert ended.returncode == 2
        told = ended.stderr.strip().splitlines()[-1]
        assert f"{TEST} of openai/gsm8k could not be fetched: its checksum is" in sentence(told)
        assert not (tmp_path / "data" / "openai" / "gsm8k" / TEST).exists()
        assert not (tmp_path / "data" / "manifest.json").exists()
        hub.spoilt.clear()
        assert fetch(hub, "gsm8k").returncode == 0


def test_what_is_gated_is_told_with_what_to_do_and_fetched_with_a_token(fetch: Run, tmp_path: Path) -> None:
    shelf = gsm8k()
    shelf.gated = True
    with opened({"datasets/openai/gsm8k": shelf}) as hub:
        denied = fetch(hub, "gsm8k", "mbpp", HF_TOKEN=SECRET)
        assert denied.returncode == 1, denied.stderr
        assert denied.stdout.splitlines() == [
            f"gsm8k: gated_denied, accept the licence at {PAGE}, then `hf auth login`",
            f"mbpp: missing, {NOTHING}, or `hf auth login`",
        ]
        granted = fetch(hub, "gsm8k", HF_TOKEN=TOKEN)
        assert granted.returncode == 0, granted.stderr
    kept = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    for said in (denied.stdout, denied.stderr, granted.stdout, granted.stderr, kept.decode()):
        assert SECRET not in said
        assert TOKEN not in said


def test_a_hub_that_is_not_there_is_told_as_such(run: Run, root: Path, tmp_path: Path) -> None:
    nowhere = Hub(url="http://127.0.0.1:9")
    ended = run(root, *command(tmp_path, "gsm8k"), **before(nowhere, tmp_path))
    assert ended.returncode == 1, ended.stderr
    assert ended.stdout.startswith("gsm8k: unknown_offline, ask again where the hub can be reached")


Spoil = Callable[[Path, Shelf], object]
REFUSED: dict[str, tuple[Spoil, dict[str, str], str]] = {
    "the hub must not be asked": (
        lambda _, __: None,
        {"HF_HUB_OFFLINE": "1"},
        "HF_HUB_OFFLINE is set, so nothing is fetched",
    ),
    "laid out anew": (
        lambda _, shelf: shelf.files.pop(TRAIN),
        {},
        "openai/gsm8k has no file main/train-* on the hub: it was laid out anew",
    ),
    "rows of another": (
        lambda data, _: (data / MANIFEST).write_text('{"version": 1, "name": "sample", "files": {}}'),
        {},
        "holds the data 'sample', which is not the hub's",
    ),
    "nowhere to write": (
        lambda data, _: (data / ".partial").write_text(""),
        {},
        "nothing can be fetched to",
    ),
}


@pytest.mark.parametrize(("spoil", "variables", "words"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_fetched_is_a_sentence(
    asked: Typed, tmp_path: Path, spoil: Spoil, variables: dict[str, str], words: str
) -> None:
    shelf = gsm8k()
    (tmp_path / "data").mkdir()
    spoil(tmp_path / "data", shelf)
    with opened({"datasets/openai/gsm8k": shelf}) as hub:
        ended = asked(hub, "gsm8k", **variables)
    assert ended.exit_code == 2
    assert words in ended.stderr.splitlines()[-1]


def test_a_disk_without_room_is_told_before_anything_is_fetched(
    asked: Typed, monkeypatch: pytest.MonkeyPatch, sentence: Callable[[str], str]
) -> None:
    with opened({"datasets/openai/gsm8k": gsm8k()}) as hub:
        monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=SPARE + 1000))
        ended = asked(hub, "gsm8k")
        assert ended.exit_code == 2
        assert "0.0 GB are to fetch and" in sentence(ended.stderr.splitlines()[-1])
        assert "has 0.1 GB free: make room there, or name a folder on another disk" in ended.stderr
        assert not hub.served


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("data", "fetch", "apps"), "apps cannot be fetched: lm_eval 0.4.13 has no task of it"),
        (("data", "fetch"), "no dataset is named that has a task"),
        (("data", "fetch", "--category", "text_geospatial"), "no dataset is named that has a task"),
        (("data", "fetch", "gsm9k"), "there is no dataset 'gsm9k'; the nearest"),
        (("models", "fetch"), "no model is named"),
        (("models", "fetch", "claude_sonnet"), "claude_sonnet cannot be fetched: it has no weights"),
        (("data", "check", "--data", "/nonexistent"), "there is no folder /nonexistent"),
        (("data", "check"), "has no dataset: `harness data fetch` fetches some"),
    ],
)
def test_what_was_typed_is_answered_in_a_sentence(
    typed: Typed, root: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], words: str
) -> None:
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    ended = typed(root, *arguments)
    assert ended.exit_code == 2
    assert f"error: {words}" in ended.stderr or words in ended.stderr.splitlines()[-1]


SHARD = b"\0" * 200_000
MODEL = Shelf(
    files={
        "config.json": b'{"model_type": "qwen2"}',
        "tokenizer.json": b"{}",
        "model.safetensors": SHARD,
        "pytorch_model.bin": SHARD,
        "consolidated.safetensors": SHARD,
        "original/model.safetensors": SHARD,
        "README.md": b"about",
    }
)
WEIGHTS = "models/Qwen/Qwen2.5-0.5B-Instruct"


def test_weights_go_into_the_cache_once_and_without_a_second_copy(
    run: Run, root: Path, tmp_path: Path
) -> None:
    with opened({WEIGHTS: MODEL}) as hub:
        typed = ("models", "fetch", "qwen25_0_5b", "--python", sys.executable)
        dry = run(root, *typed, "--dry-run", "--json", **before(hub, tmp_path))
        assert json.loads(dry.stdout)["models"]["qwen25_0_5b"]["bytes"] == 200_025
        assert not hub.served
        hub.stall_at["model.safetensors"] = 70_000
        hub.go_on.set()  # the connection breaks: the library asks again for what had not come
        ended = run(root, *typed, **before(hub, tmp_path))
        assert ended.returncode == 0, ended.stderr
        assert hub.served == {"config.json": 23, "tokenizer.json": 2, "model.safetensors": 270_000}
        hub.served.clear()
        assert run(root, *typed, **before(hub, tmp_path)).returncode == 0
        assert not hub.served
    found = (
        "from huggingface_hub import try_to_load_from_cache as where\n"
        "print(where('Qwen/Qwen2.5-0.5B-Instruct', 'model.safetensors'))"
    )
    variables = os.environ | {"HF_HOME": str(tmp_path / "hf"), "HF_HUB_OFFLINE": "1"}
    told = subprocess.run(
        [sys.executable, "-c", found], env=variables, capture_output=True, text=True, check=True
    )
    shard = Path(told.stdout.strip())
    assert shard.read_bytes() == SHARD
    names = {path.name for path in shard.parent.iterdir()}
    assert names == {"config.json", "tokenizer.json", "model.safetensors"}
