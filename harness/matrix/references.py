"""What in the matrix refers to what is not there, is there twice, or says what cannot be."""

from collections.abc import Iterable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

from harness.matrix.names import normalise, own_names, parity_check, suggest
from harness.matrix.records import model_from_json
from harness.matrix.registered import registered

IMAGE_FILES = ("requirements.in", "requirements.lock")
"""What the folder of a device's image must hold."""

WITH_IDS = ("devices", "architectures", "models", "registry", "categories", "presets", "datasets", "wishes")
"""Lists whose rows have an id of their own."""

REFERRING = ("models", "tolerances", "known_failures", "families")
"""Lists whose rows name a device, an architecture, a check or a model."""

Rows = list[dict[str, Any]]


def references(data: dict[str, Any], root: Path) -> Iterator[str]:
    """Every such problem, each one sentence with its path; `data` has passed the schema."""
    for key in WITH_IDS:
        yield from _twice((f"$.{key}[{index}].id", row["id"]) for index, row in enumerate(data.get(key, ())))
    yield from _images(data["devices"], root)
    yield from _parity(data["devices"])
    yield from _names(data)
    known: dict[str, dict[str, None]] = {
        kind: dict.fromkeys(row["id"] for row in data[f"{kind}s"])
        for kind in ("device", "architecture", "model")
    }
    checks = [check for row in data["architectures"] for check in row["checks"]]
    checks += [parity_check(dtype) for row in data["devices"] for dtype in row.get("parity", ())]
    known["check"] = dict.fromkeys(checks)
    for key in REFERRING:
        for index, row in enumerate(data.get(key, ())):
            for kind, there in known.items():
                if row.get(kind) is not None and row[kind] not in there:
                    near = suggest(row[kind], there)
                    yield f"$.{key}[{index}].{kind}: there is no {kind} {row[kind]!r}{near}"
    yield from _classes(data)
    yield from _tolerances(data["tolerances"], checks)
    yield from _ledger(data["known_failures"])
    yield from _releases(data.get("versions", ()))
    yield from registered(data)


def _twice(places: Iterable[tuple[str, str]]) -> Iterator[str]:
    """Where a value stands that stood somewhere before."""
    first: dict[str, str] = {}
    for where, value in places:
        if value in first:
            yield f"{where}: {value!r} is there already, at {first[value]}"
        first.setdefault(value, where)


def _images(devices: Rows, root: Path) -> Iterator[str]:
    for index, device in enumerate(devices):
        variants = device.get("variants", [])
        places = [(f"$.devices[{index}].variants[{place}]", row) for place, row in enumerate(variants)]
        yield from _twice((f"{where}.id", row["id"]) for where, row in places)
        wanted, there = device.get("evaluation"), [row["id"] for row in variants]
        if wanted is not None and wanted not in there:
            yield f"$.devices[{index}].evaluation: there is no variant {wanted!r}{suggest(wanted, there)}"
        for where, row in [(f"$.devices[{index}]", device), *places]:
            for name in IMAGE_FILES if row["image"] else ():
                if not (root / "images" / row["image"] / name).is_file():
                    yield f"{where}.image: there is no images/{row['image']}/{name}"


def _parity(devices: Rows) -> Iterator[str]:
    for index, device in enumerate(devices):
        for dtype in device.get("parity", ()):
            if dtype not in device["dtypes"]:
                has = ", ".join(device["dtypes"])
                yield f"$.devices[{index}].parity: {dtype!r} is no dtype of {device['id']!r}, which has {has}"


def _names(data: dict[str, Any]) -> Iterator[str]:
    """Names that two models answer to, spelling aside; only an alias may be that of several."""
    owners: dict[str, str] = {}
    models = [model_from_json(row) for row in data["models"]]
    for index, model in enumerate(models):
        for name in own_names(model):
            owner = owners.setdefault(normalise(name), model.id)
            if owner != model.id:
                yield f"$.models[{index}]: {name!r} is a name of the model {owner!r} too"
    for index, model in enumerate(models):
        for name in model.aliases:
            owner = owners.get(normalise(name), model.id)
            if owner != model.id:
                yield f"$.models[{index}]: {name!r} is a name of the model {owner!r} too"
    aliases = {normalise(name): model.id for model in models for name in model.aliases}
    for key in ("families", "gone"):
        for index, row in enumerate(data.get(key, ())):
            owner = (aliases | owners).get(normalise(row["name"]), "")
            if owner:
                yield f"$.{key}[{index}].name: {row['name']!r} is a name of the model {owner!r}"
    listed = [
        (key, index, row) for key in ("families", "gone") for index, row in enumerate(data.get(key, ()))
    ]
    yield from _twice((f"$.{key}[{index}].name", normalise(row["name"])) for key, index, row in listed)


def _classes(data: dict[str, Any]) -> Iterator[str]:
    """Rows that are narrowed to a class which their model, or any model, lacks."""
    of_model = {row["id"]: row["classes"] for row in data["models"]}
    every = dict.fromkeys(name for names in of_model.values() for name in names)
    for key in ("tolerances", "known_failures"):
        for index, row in enumerate(data[key]):
            name, model = row.get("model_class"), row.get("model")
            there = of_model.get(model, every) if model else every
            if name is not None and name not in there:
                whose = f"of {model!r} " if model else ""
                yield f"$.{key}[{index}].model_class: there is no class {whose}{name!r}{suggest(name, there)}"


def _tolerances(rows: Rows, checks: list[str]) -> Iterator[str]:
    scope = ("check", "model_class", "model", "architecture", "device")
    yield from _twice((f"$.tolerances[{index}]", _key(row, scope)) for index, row in enumerate(rows))
    general = {row["check"] for row in rows if not any(row.get(key) for key in scope[1:])}
    for check in dict.fromkeys(checks):
        if check not in general:
            yield f"$.tolerances: the check {check!r} has no row that holds for every device and model"


def _ledger(rows: Rows) -> Iterator[str]:
    scope = ("model", "model_class", "check", "device")
    yield from _twice((f"$.known_failures[{index}]", _key(row, scope)) for index, row in enumerate(rows))
    for index, row in enumerate(rows):
        try:
            date.fromisoformat(row["expires"])
        except ValueError as error:
            yield f"$.known_failures[{index}].expires: {row['expires']!r} is no date: {error}"
        if row.get("versions") is not None and not _is_requirement(row["versions"]):
            yield (
                f"$.known_failures[{index}].versions: {row['versions']!r} is no library with versions: "
                "write it as pip does, transformers>=5.20,<6"
            )


def _releases(rows: Iterable[dict[str, Any]]) -> Iterator[str]:
    from packaging.specifiers import InvalidSpecifier, SpecifierSet  # noqa: PLC0415 — as in _is_requirement
    from packaging.version import InvalidVersion, Version  # noqa: PLC0415 — likewise

    places = []
    for index, row in enumerate(rows):
        where = f"$.versions[{index}]"
        try:
            places.append((f"{where}.transformers", str(Version(row["transformers"]))))
        except InvalidVersion:
            yield f"{where}.transformers: {row['transformers']!r} is no version: write it as pip does, 4.57.6"
        for name in ("python", "torch"):
            try:
                SpecifierSet(row[name])
            except InvalidSpecifier:
                yield f"{where}.{name}: {row[name]!r} holds no bounds of a version: write >=2.2,<3"
    yield from _twice(places)


def _is_requirement(text: str) -> bool:
    """A library and at least one bound of its version, as PEP 508 and PEP 440 write them."""
    from packaging.requirements import InvalidRequirement, Requirement  # noqa: PLC0415 — few rows need it

    try:
        found = Requirement(text)
    except InvalidRequirement:
        return False
    return bool(found.specifier) and not (found.extras or found.marker or found.url)


def _key(row: dict[str, Any], scope: Iterable[str]) -> str:
    return " ".join(f"{key} {row[key]}" for key in scope if row.get(key))
