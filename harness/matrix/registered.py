"""What in the registry refers to what is not there, or says what cannot be."""

from collections.abc import Iterator
from typing import Any

from harness.matrix.names import suggest

Rows = list[dict[str, Any]]


def registered(data: dict[str, Any]) -> Iterator[str]:
    """Every such problem, each one sentence with its path; `data` has passed the schema."""
    entries: Rows = data.get("registry", [])
    models = {row["id"]: row for row in data["models"]}
    presets = dict.fromkeys(row["id"] for row in data.get("presets", ()))
    for index, entry in enumerate(entries):
        where = f"$.registry[{index}]"
        yield from _row(where, entry, models)
        if entry.get("preset") is not None and entry["preset"] not in presets:
            near = suggest(entry["preset"], presets)
            yield f"{where}.preset: there is no preset {entry['preset']!r}{near}"
    yield from _categories(data, entries)
    yield from _datasets(data.get("datasets", []))


def _categories(data: dict[str, Any], entries: Rows) -> Iterator[str]:
    """A category names entries, datasets and wishes that there are."""
    datasets: Rows = data.get("datasets", [])
    called = dict.fromkeys(name for row in datasets for name in (row["id"], *row.get("aliases", ())))
    known = {
        "models": ("the registry has no", dict.fromkeys(row["id"] for row in entries)),
        "primary": ("there is no dataset", called),
        "optional": ("there is no dataset", called),
        "metrics": (
            "nothing is said of a metric",
            dict.fromkeys(row["id"] for row in data.get("wishes", ())),
        ),
    }
    for index, category in enumerate(data.get("categories", ())):
        for part, (lack, there) in known.items():
            for place, name in enumerate(category.get(part, ())):
                if name not in there:
                    yield f"$.categories[{index}].{part}[{place}]: {lack} {name!r}{suggest(name, there)}"


def _datasets(rows: Rows) -> Iterator[str]:
    """No name is that of two datasets, and the split that is asked is one of the source's."""
    first = {row["id"]: f"$.datasets[{index}].id" for index, row in enumerate(rows)}
    for index, row in enumerate(rows):
        for place, alias in enumerate(row.get("aliases", ())):
            where = f"$.datasets[{index}].aliases[{place}]"
            if alias in first:
                yield f"{where}: {alias!r} is there already, at {first[alias]}"
            first.setdefault(alias, where)
        source = row.get("source")
        if source and source["asked"] not in source["splits"]:
            yield f"$.datasets[{index}].source.asked: {source['asked']!r} is none of its splits"


def _row(where: str, entry: dict[str, Any], models: dict[str, dict[str, Any]]) -> Iterator[str]:
    """An entry has a row of models with a checkpoint on the hub, or the reason why it has none."""
    name = entry.get("model") or entry["id"]
    row = models.get(name)
    if entry.get("unsupported"):
        if row is not None:
            yield f"{where}.unsupported: the model {name!r} has a row of models: leave one of them out"
        return
    if row is None:
        near = suggest(name, models)
        yield f"{where}: there is no model {name!r}{near}; add its row, or say why it is unsupported"
        return
    checkpoint = row.get("checkpoint") or {}
    if not checkpoint.get("hub_id"):
        yield f"{where}: the row of the model {name!r} has no checkpoint on the hub"
    counted = entry.get("parameters") is not None and entry.get("bytes") is not None
    if not (counted or checkpoint.get("remote_code")):
        yield f"{where}: give parameters and bytes, as `harness fit {name} --json` counts them"
