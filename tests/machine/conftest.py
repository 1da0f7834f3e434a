"""Machines of others: trees of what their kernels show, as files below a folder of ours.

A tree is a text: `== PATH` begins a file, whose lines follow; `-> PATH TARGET` is a link, as sysfs has them.
The texts follow the kernels' own layout; numbers that tell machines apart are made up.
"""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.machine.nvidia import Answers, Card

TREES = Path(__file__).parent / "trees"


@pytest.fixture
def planted(tmp_path: Path) -> Callable[[str], Path]:
    """Makes the tree of that name, and gives its root."""

    def plant(name: str) -> Path:
        root = tmp_path / name
        root.mkdir()
        for block in (TREES / f"{name}.txt").read_text().split("\n== "):
            head, _, content = block.removeprefix("== ").partition("\n")
            links = [line for line in content.splitlines() if line.startswith("-> ")]
            if not head.startswith("#"):
                _write(root, head, "\n".join(line for line in content.splitlines() if line not in links))
            for link in links:
                _, path, target = link.split()
                (root / path.lstrip("/")).parent.mkdir(parents=True, exist_ok=True)
                (root / path.lstrip("/")).symlink_to(target)
        return root

    return plant


def _write(root: Path, path: str, content: str) -> None:
    file = root / path.lstrip("/")
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f"{content}\n" if content else "")


@pytest.fixture
def nvml() -> Answers:
    """What NVML answered on eight H100, of which the third is divided into two instances."""
    data = json.loads((TREES / "h100x8.json").read_text())
    cards = [
        Card(**card | {"instances": tuple(Card(**part) for part in card.get("instances", ()))})
        for card in data["cards"]
    ]
    return Answers(driver=data["driver"], cards=tuple(cards))
