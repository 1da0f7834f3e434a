"""What is still to come of a file, and the card that tells which file is of which split."""

import json
import os
import subprocess
import sys
from pathlib import Path

from harness.data.card import card
from harness.data.hub import Order, RemoteFile, Repo
from harness.data.manifest import File
from harness.data.room import left
from harness.images.access import Status

REPO = Repo(id="o/n", type="dataset", status=Status.OPEN)
SHA = "0" * 64


def order(folder: Path, name: str, size: int) -> Order:
    file = RemoteFile(path=name, size=size, sha256=SHA, git="0")
    return Order(repo=REPO, file=file, to=folder / name, part=folder / f"{name}.part")


def test_what_is_here_is_not_to_come(tmp_path: Path) -> None:
    whole, begun, new = (order(tmp_path, name, 10) for name in ("a", "b", "c"))
    whole.to.write_bytes(bytes(10))
    begun.part.write_bytes(bytes(4))
    assert [row.left() for row in (whole, begun, new)] == [0, 6, 10]
    assert left([whole, begun, new, new]) == 16
    whole.to.write_bytes(bytes(11))
    assert whole.left() == 10


def test_the_card_names_what_is_here_by_configuration_and_split() -> None:
    files = {
        "o/n/a/test-0.jsonl": File(sha256=SHA, rows=1, config="a", split="test"),
        "o/n/a/test-1.jsonl": File(sha256=SHA, rows=1, config="a", split="test"),
        "o/n/b/train.jsonl": File(sha256=SHA, rows=1, config="b", split="train"),
        "o/n/README.md": File(sha256=SHA),
        "o/other/c.jsonl": File(sha256=SHA, rows=1, config="c", split="test"),
    }
    lines = card("o/n", files).splitlines()
    assert lines[:2] == ["---", "configs:"]
    assert lines[4] == "---"
    assert [json.loads(line.removeprefix("- ")) for line in lines[2:4]] == [
        {"config_name": "a", "data_files": [{"split": "test", "path": ["a/test-0.jsonl", "a/test-1.jsonl"]}]},
        {"config_name": "b", "data_files": [{"split": "train", "path": ["b/train.jsonl"]}]},
    ]


def test_the_library_that_tasks_use_reads_what_the_card_says(tmp_path: Path) -> None:
    rows = {"o/n/a/test-0.jsonl": ("a", "test", 2), "o/n/b/train.jsonl": ("b", "train", 3)}
    files = {path: File(sha256=SHA, config=config, split=split) for path, (config, split, _) in rows.items()}
    for path, (_, _, count) in rows.items():
        (tmp_path / path).parent.mkdir(parents=True)
        (tmp_path / path).write_text('{"question": "1 + 1?"}\n' * count)
    (tmp_path / "o" / "n" / "README.md").write_text(card("o/n", files))
    code = "import datasets as d; print([d.load_dataset('o/n', name).num_rows for name in ('a', 'b')])"
    variables = {"HF_HOME": str(tmp_path / "hf"), "HF_DATASETS_OFFLINE": "1", "HF_HUB_OFFLINE": "1"}
    ended = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env=os.environ | variables,
        capture_output=True,
        text=True,
        check=True,
    )
    assert ended.stdout.splitlines()[-1] == "[{'test': 2}, {'train': 3}]"
