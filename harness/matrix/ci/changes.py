"""What differs from another revision: the paths, and the rows of `matrix.json`."""

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.errors import SelectionError
from harness.matrix.load import MATRIX

Rows = dict[str, list[dict[str, Any]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """What a checkout has changed since it left another revision."""

    paths: tuple[str, ...]
    """Below the checkout, with / between folders: changed, new or gone, whether committed or not."""
    rows: tuple[tuple[str, dict[str, Any]], ...] = ()
    """List of the matrix, and a row of it that is new, changed or (as it was) gone."""


def changes(root: Path, reference: str) -> Changes:
    """What the checkout at `root` has changed since its history and that of `reference` parted.

    SelectionError where git knows no such revision, or there is no git or no repository.
    """
    commit = _git(root, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{reference}^{{commit}}")
    parted = _git(root, "merge-base", commit.strip(), "HEAD") if commit else None
    if parted is None:
        raise SelectionError(
            f"git knows no revision {reference!r} in {root} that this one has a common past with: "
            "name a branch, a tag or a commit, and in CI fetch the whole history"
        )
    since = parted.strip()
    # Relative, because a checkout may be a folder of a larger repository; both names of what was renamed.
    tracked = _git(root, "diff", "--name-only", "--no-renames", "--relative", "-z", since) or ""
    new = _git(root, "ls-files", "--others", "--exclude-standard", "-z") or ""
    paths = tuple(sorted({path for path in (tracked + new).split("\0") if path}))
    before = _git(root, "show", f"{since}:./{MATRIX}") if MATRIX in paths else None
    rows = rows_changed(_lists(before), _lists((root / MATRIX).read_text("utf-8"))) if before else ()
    return Changes(paths=paths, rows=rows)


def rows_changed(before: Rows, now: Rows) -> tuple[tuple[str, dict[str, Any]], ...]:
    """List and row, for each row that only one of two matrices has: where a row was changed, as it is now."""
    found = []
    for name in dict.fromkeys([*before, *now]):
        old, new = before.get(name, []), now.get(name, [])
        named = {row.get("id") for row in new}
        found += [(name, row) for row in new if row not in old]
        found += [(name, row) for row in old if row not in new and row.get("id", "") not in named]
    return tuple(found)


def _lists(text: str) -> Rows:
    """The matrix's lists of rows; none of one that could not be read: then every row of the other differs."""
    try:
        data = json.loads(text)
    except ValueError:
        return {}
    return {
        key: value
        for key, value in data.items()
        if isinstance(value, list) and all(isinstance(row, dict) for row in value)
    }


def _git(root: Path, *arguments: str) -> str | None:
    """What git prints; None where it refuses or is not there."""
    command = ["git", "-C", str(root), *arguments]
    try:
        return subprocess.run(command, capture_output=True, check=True).stdout.decode(errors="replace")
    except (OSError, subprocess.CalledProcessError):
        return None
