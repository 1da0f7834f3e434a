"""What ranks are given and what they leave: files in one folder, since they share nothing else.

`job.pt` and `model/` are there before they start; each leaves `rank-N.pt`, or `rank-N.json` where it failed.
"""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

import torch

MODEL = "model"
"""Folder of the saved model."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A saved model's class, and what each rank computes with it; tensors are on the CPU."""

    module: str
    """Where the class is: a module that a fresh process can import."""
    name: str
    dtype: torch.dtype
    device: str
    """The kind: `cpu`, `cuda`; a rank takes the one of its number."""
    seed: int
    entry: tuple[str, ...]
    """The methods or parts that are run in place of forward; none for forward itself."""
    inputs: dict[str, Any]
    prompt: dict[str, Any] | None
    """The arguments of `generate`; None where the class does not generate."""

    def save(self, folder: Path) -> None:
        """Write it for the ranks."""
        fields = {name: getattr(self, name) for name in self.__slots__}
        torch.save(fields, folder / "job.pt")

    @classmethod
    def load(cls, folder: Path) -> Self:
        """The job that was saved there."""
        return cls(**torch.load(folder / "job.pt", weights_only=True))


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """How a rank ended that could still tell: an outcome's name and a sentence."""

    rank: int
    outcome: str
    message: str

    def save(self, folder: Path) -> None:
        """Write it for whoever started the ranks."""
        (folder / f"rank-{self.rank}.json").write_text(json.dumps(asdict(self)), encoding="utf-8")


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a rank computed, and how much of the model it held."""

    outputs: dict[str, torch.Tensor]
    """By name, on the CPU."""
    sharded: int
    """Parameters of which it held a part."""
    held: int
    """Numbers it held, of all parameters."""
    total: int
    """Numbers in all parameters."""

    def save(self, folder: Path, rank: int) -> None:
        """Write it for whoever started the ranks."""
        fields = {name: getattr(self, name) for name in self.__slots__}
        torch.save(fields, folder / f"rank-{rank}.pt")

    @classmethod
    def load(cls, folder: Path, rank: int) -> Self:
        """What that rank left."""
        return cls(**torch.load(folder / f"rank-{rank}.pt", weights_only=True))


def failures(folder: Path) -> list[Failure]:
    """What ranks told of their ends, the first first."""
    paths = sorted(folder.glob("rank-*.json"), key=lambda path: path.stat().st_mtime_ns)
    return [Failure(**json.loads(path.read_text("utf-8"))) for path in paths]
