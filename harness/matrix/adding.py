"""A row for a model that is being added, made of what the library says of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Self

from harness.errors import SelectionError
from harness.matrix.layout import model_row
from harness.matrix.names import normalise
from harness.matrix.sync import Row, new_row, row_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What was named, and the catalogue's entry of its type."""

    name: str
    model_type: str = ""
    entry: Mapping[str, Any] = field(default_factory=dict)
    hub_id: str | None = None
    config: dict[str, Any] = field(default_factory=dict)
    """config.json of a checkpoint; empty for a type."""
    fields: dict[str, Any] = field(default_factory=dict)
    """Those of its fields that make the model's shape."""
    remote_code: bool = False
    """Its model is code that the checkpoint brings."""

    def of(self, model_type: str, entry: Mapping[str, Any], fields: dict[str, Any]) -> Self:
        """The same, of that type."""
        return replace(self, model_type=model_type, entry=entry, fields=fields)


def candidate(data: Mapping[str, Any], found: Found, wanted_id: str | None) -> Row:
    """The row to add; SelectionError where the matrix has it already.

    A type has all its classes. A checkpoint has the one it was saved from, and the fields of its size.
    """
    row = new_row(found.model_type, found.entry, {normalise(other["id"]) for other in data["models"]})
    name = wanted_id or row_id(found.name)
    if found.config:
        kept = list(found.entry["classes"])[:1]
        tasks = list(found.entry["classes"][kept[0]]["tasks"])
        checkpoint: dict[str, Any] = ({"hub_id": found.hub_id} if found.hub_id else {}) | {
            "config": found.fields
        }
        checkpoint |= {"remote_code": True} if found.remote_code else {}
        row |= {"classes": kept, "tasks": tasks, "aliases": [], "checkpoint": checkpoint}
    there = next((other["id"] for other in data["models"] if normalise(other["id"]) == normalise(name)), None)
    if there is not None:
        raise SelectionError(
            f"the matrix has a model {there!r} already: see `harness matrix show {there}`, or give "
            "another --id"
        )
    return model_row(row | {"id": name})


def with_row(data: Mapping[str, Any], row: Row) -> dict[str, Any]:
    """The matrix with the row in its place."""
    return dict(data) | {"models": sorted([*data["models"], row], key=lambda other: str(other["id"]))}
