"""Where an evaluation finds what it was given, and where its answers go."""

import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

from harness.matrix.cells import Cell
from harness.suite.evaluation.kept import Answers

VARIABLES = {
    "data": "HARNESS_DATA",
    "weights": "HARNESS_WEIGHTS",
    "earlier": "HARNESS_ANSWERS",
    "server": "HARNESS_SERVER",
    "judge": "HARNESS_JUDGE",
}
"""Field → where the runner says what was given."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """The folders of an evaluation."""

    out: Path
    """For answers and samples."""
    data: Path | None = None
    """The data root; None where none was given."""
    weights: Path | None = None
    """The checkpoint; None where there is none."""
    earlier: Path | None = None
    """Answers of earlier attempts; None where there are none."""
    server: Path | None = None
    """With the socket that leads to the server that answers; None where there is none."""
    judge: Path | None = None
    """With the socket that leads to the judge; None where there is none."""

    def answers(self, cell: Cell) -> Answers:
        """Of the cell: those of earlier attempts, and where new ones go."""
        name = f"{cell.id}.jsonl"
        return Answers(self.out / "answers" / name, self.earlier / name if self.earlier else None)

    def write_samples(self, cell: Cell, rows: Iterable[Mapping[str, Any]]) -> None:
        """What was asked, answered and scored, a line each, for people."""
        path = self.out / "samples" / f"{cell.id}.jsonl"
        path.parent.mkdir(exist_ok=True)
        with path.open("w", encoding="utf-8") as file:
            file.writelines(json.dumps(row) + "\n" for row in rows)

    @classmethod
    def of(cls, out: Path) -> Self:
        """As the runner says in the environment."""
        return cls(out=out, **{name: _path(os.environ.get(row)) for name, row in VARIABLES.items()})

    def to_json(self) -> dict[str, str | None]:
        """For another process."""
        return {name: str(path) if path else None for name, path in asdict(self).items()}

    @classmethod
    def from_json(cls, data: dict[str, str]) -> Self:
        """The inverse of `to_json`."""
        rest = {name: _path(path) for name, path in data.items() if name != "out"}
        return cls(out=Path(data["out"]), **rest)


def _path(text: str | None) -> Path | None:
    return Path(text) if text else None
