"""How `matrix.json` is written: a row a line, sorted, so that a person can read the diff."""

import json
from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

from harness.errors import MatrixError
from harness.files import replace

SORTED = ("devices", "architectures", "models", "registry", "datasets", "wishes")
"""Lists whose rows stand in the order of their ids; the others keep the order in which they were written."""

FIELDS = (
    "id",
    "model_type",
    "architecture",
    "classes",
    "tasks",
    "priority",
    "aliases",
    "checkpoint",
    "left",
)
"""The order of a model's fields; those that say nothing are left out."""

SILENT: tuple[object, ...] = ([], None, "low")
"""Values that a model's optional fields have anyway."""


def text(data: Mapping[str, Any]) -> str:
    """The matrix as it stands in the file; `data` has passed the schema."""
    return "{\n" + ",\n".join(_entry(key, value) for key, value in data.items()) + "\n}\n"


def model_row(row: Mapping[str, Any]) -> dict[str, Any]:
    """A model's row with its fields in order and without those that say nothing."""
    return {key: row[key] for key in FIELDS if key in row and row[key] not in SILENT}


def write(root: Path, data: Mapping[str, Any]) -> None:
    """Replace the matrix of the checkout at `root` whole, or leave it as it is."""
    path = root / "matrix.json"
    try:
        replace(path, text(data).encode())
    except OSError as error:
        raise MatrixError([f"{path} cannot be written: {error.strerror}"]) from error


def _entry(key: str, value: Any) -> str:
    if not isinstance(value, list) or not value:
        return f"  {json.dumps(key)}: {compact(value)}"
    rows = sorted(value, key=lambda row: str(row["id"])) if key in SORTED else value
    shown = [model_row(row) for row in rows] if key == "models" else rows
    return f"  {json.dumps(key)}: [\n" + ",\n".join(f"    {compact(row)}" for row in shown) + "\n  ]"


def compact(value: Any) -> str:
    """JSON on one line; small numbers as people write them: 0.00001 and not 1e-05."""
    return "".join(_pieces(value))


def _pieces(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        yield "{" + ", ".join(f"{_string(key)}: {compact(inner)}" for key, inner in value.items()) + "}"
    elif isinstance(value, list | tuple):
        yield "[" + ", ".join(compact(inner) for inner in value) + "]"
    elif isinstance(value, float):
        digits = format(Decimal(repr(value)), "f")
        yield digits if "." in digits else f"{digits}.0"
    else:
        yield _string(value)


def _string(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
