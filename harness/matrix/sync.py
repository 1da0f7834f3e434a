"""The models of the matrix, brought up to what a release of transformers has.

A release older than the one the matrix was synced with only adds what it alone has: it does not know what
came after it.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from packaging.version import Version

from harness.matrix.layout import model_row
from harness.matrix.names import normalise

Row = dict[str, Any]


@dataclass(slots=True, kw_only=True)
class Changes:
    """Ids of the rows that a sync touched."""

    added: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    back: list[str] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.added or self.changed or self.left or self.back)


def sync(data: Mapping[str, Any], catalogue: Mapping[str, Any]) -> tuple[dict[str, Any], Changes]:
    """The matrix with the catalogue's types, and what changed; what people wrote into the rows stays.

    `data` is the matrix as its file has it, `catalogue` the answer of `harness.suite.library catalogue`.
    """
    release, before = catalogue["transformers"], data.get("transformers")
    newest = before is None or Version(release) >= Version(before)
    changes, types = Changes(), catalogue["types"]
    own = {row["model_type"] for row in data["models"] if _is_library(row)}
    taken = {normalise(row["id"]) for row in data["models"]} | {normalise(name) for name in types}
    rows = [_aged(row, types, release, changes) if newest else row for row in data["models"]]
    if newest:
        rows = [
            _updated(row, types[row["model_type"]], taken, changes)
            if _is_library(row) and row["model_type"] in types
            else row
            for row in rows
        ]
    for name in types.keys() - own:
        row = new_row(name, types[name], taken) | ({} if newest else {"left": before})
        rows.append(row)
        changes.added.append(row["id"])
    changes.added.sort()
    models = sorted((model_row(row) for row in rows), key=lambda row: str(row["id"]))
    known = _without_names_of(models, {key: data[key] for key in data if key != "transformers"})
    return _after_schema(known, {"transformers": release if newest else before}) | {"models": models}, changes


def new_row(model_type: str, entry: Mapping[str, Any], taken: Iterable[str] = ()) -> Row:
    """The row of a type by its entry of the catalogue; `taken` are the names, normalised, of other rows."""
    return {
        "id": row_id(model_type),
        "model_type": model_type,
        "architecture": entry["architecture"],
        "classes": list(entry["classes"]),
        "tasks": list(entry["tasks"]),
        "priority": "low",
        "aliases": list(_new_names(model_type, entry, (), set(taken))),
    }


def row_id(name: str) -> str:
    """A name as ids are written: lower-case letters and digits, words joined by `_`."""
    return "_".join(re.findall(r"[a-z0-9]+", name.lower()))


def _is_library(row: Row) -> bool:
    """It stands for its type; a row of a checkpoint does so only under the type's own name."""
    return not row.get("checkpoint") or row["id"] == row_id(row["model_type"])


def _aged(row: Row, types: Mapping[str, Any], release: str, changes: Changes) -> Row:
    """The row with `left` where its type is gone, without it where it is there.

    The type of a checkpoint's own code was never the library's.
    """
    if (row.get("checkpoint") or {}).get("remote_code"):
        return row
    there = row["model_type"] in types
    if there == (row.get("left") is None):
        return row
    (changes.back if there else changes.left).append(row["id"])
    return row | {"left": None if there else release}


def _updated(row: Row, entry: Mapping[str, Any], taken: set[str], changes: Changes) -> Row:
    """The row with the library's architecture, classes and tasks; its principal class stays, if there."""
    first = [name for name in row["classes"][:1] if name in entry["classes"]]
    names = row.get("aliases", [])
    new = row | {
        "architecture": entry["architecture"],
        "classes": list(dict.fromkeys([*first, *entry["classes"]])),
        "tasks": list(entry["tasks"]),
        "aliases": [*names, *_new_names(row["model_type"], entry, names, taken)],
    }
    if model_row(new) != model_row(row):
        changes.changed.append(row["id"])
    return new


def _new_names(
    model_type: str, entry: Mapping[str, Any], known: Iterable[str], taken: set[str]
) -> Iterator[str]:
    """Names the library has for the type, unless the row has them or they are another row's own."""
    seen = {normalise(name) for name in (model_type, *known)} | taken
    for name in entry["names"]:
        if normalise(name) not in seen:
            seen.add(normalise(name))
            yield name


def _without_names_of(models: Iterable[Row], data: dict[str, Any]) -> dict[str, Any]:
    """The data without the families and the gone whose name is a model's own now."""
    own = {normalise(row["id"]) for row in models}
    return data | {
        key: [row for row in data[key] if normalise(row["name"]) not in own]
        for key in ("families", "gone")
        if key in data
    }


def _after_schema(data: Mapping[str, Any], entry: Mapping[str, Any]) -> dict[str, Any]:
    """The data with an entry behind `$schema`: it is read before the rows it is about."""
    first = {key: data[key] for key in ("$schema",) if key in data}
    return first | dict(entry) | {key: value for key, value in data.items() if key not in first}
