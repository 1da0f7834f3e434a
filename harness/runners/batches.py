"""Batches that evaluations came down to where memory ran out: found once, and begun with from then on.

They are kept in `.harness/batches.json`, and so are of this machine. What a report says of its batch comes
from code that is not trusted: only a smaller number than was asked for is taken.
"""

import json
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from harness.files import replace
from harness.matrix.fitting import BATCH, asked_alike
from harness.results.record import Result

FOUND = "batch"
"""Fact of a report: the batch that fitted."""


def known(root: Path) -> dict[str, int]:
    """What is alike of cells → the batch that fitted; a file that cannot be read says nothing."""
    with suppress(OSError, ValueError, AttributeError):
        rows = json.loads(_path(root).read_text("utf-8"))
        return {str(key): size for key, size in rows.items() if isinstance(size, int) and size > 0}
    return {}


def remember(root: Path, result: Result) -> None:
    """Keep the batch of an evaluation that came down to less than it was told."""
    questions, found = result.cell.get("questions"), result.report.facts.get(FOUND)
    told = questions["options"].get(BATCH) if isinstance(questions, Mapping) else None
    if not (isinstance(found, int) and isinstance(told, int) and 0 < found < told):
        return
    path = _path(root)
    with suppress(OSError):  # it is found again next time
        path.parent.mkdir(exist_ok=True)
        rows = known(root) | {asked_alike(result.cell): found}
        replace(path, (json.dumps(rows, indent=1, sort_keys=True) + "\n").encode())


def _path(root: Path) -> Path:
    return root / ".harness" / "batches.json"
