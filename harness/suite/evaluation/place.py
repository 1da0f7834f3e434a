"""Where an evaluation finds what it was given, and where its answers go."""

import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

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
