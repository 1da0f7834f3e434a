"""Where an evaluation finds what it was given, and where its answers go."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Self


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """The folders of an evaluation."""

    out: Path
    """For answers and samples."""
    data: Path | None
    """The data root; None where none was given."""
    weights: Path | None
    """The checkpoint; None where there is none."""
    earlier: Path | None
    """Answers of earlier attempts; None where there are none."""

    @classmethod
    def of(cls, out: Path) -> Self:
        """As the runner says in the environment."""
        named = {name: os.environ.get(f"HARNESS_{name.upper()}") for name in ("data", "weights", "answers")}
        data, weights, earlier = (Path(path) if path else None for path in named.values())
        return cls(out=out, data=data, weights=weights, earlier=earlier)
