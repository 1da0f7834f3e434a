"""What is still to come of a file, and the card that tells which file is of which split."""

import json
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
