"""Read `matrix.json`: its text, its shape, what its rows refer to; every problem at once."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

from harness.errors import MatrixError
from harness.matrix.names import names_of, normalise
from harness.matrix.records import (
    Architecture,
    ContainerAccess,
    Device,
    KnownFailure,
    Matrix,
    Presence,
    Tolerance,
    model_from_json,
)
from harness.matrix.schema import suggest, validate

MATRIX = "matrix.json"
IMAGE_FILES = ("Dockerfile", "requirements.lock")
"""What the folder of a device's image must hold."""


def find_root(start: Path | None = None) -> Path:
    """The nearest folder at or above `start` (the working directory) that holds `matrix.json`."""
    start = (start or Path.cwd()).resolve()
    for folder in (start, *start.parents):
        if (folder / MATRIX).is_file():
            return folder
    raise MatrixError([f"no {MATRIX} in {start} or above it: change to a checkout of the harness"])


def load(root: Path) -> Matrix:
    """The matrix of the checkout at `root`; MatrixError with every problem."""
    data, found = _read(root / MATRIX)
    if not found:
        found = list(_references(data, root))
    if found:
        raise MatrixError([f"{MATRIX}: {problem}" for problem in found])
    return _matrix(data)


def problems(root: Path) -> list[str]:
    """What is wrong with the matrix of the checkout at `root`, each one sentence; empty if nothing is."""
    try:
        load(root)
    except MatrixError as error:
        return error.problems
    return []


def _read(path: Path) -> tuple[Any, list[str]]:
    """The data, and what is wrong with the file's text and shape."""
    repeated: dict[int, list[str]] = {}

    def row(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        data = dict(pairs)
        counts = Counter(key for key, _ in pairs)
        # By identity: where in the file this object stands is known only when all of it is read.
        repeated[id(data)] = [key for key, count in counts.items() if count > 1]
        return data

    try:
        data = json.loads(path.read_text("utf-8"), object_pairs_hook=row)
    except OSError as error:
        return None, [f"cannot be read: {error.strerror}"]
    except json.JSONDecodeError as error:
        return None, [f"not JSON at line {error.lineno}, column {error.colno}: {error.msg}"]
    except UnicodeDecodeError as error:
        return None, [f"not UTF-8 at byte {error.start}: save it as UTF-8"]
    except RecursionError:
        return None, ["not a matrix: it is nested too deeply to be read"]
    except ValueError as error:
        return None, [f"not JSON that can be read: {error}"]
    duplicates = [f"{where}: the key {key!r} is there twice" for where, key in _repeated(data, "$", repeated)]
    return data, duplicates + validate("matrix", data)


def _repeated(data: object, where: str, repeated: dict[int, list[str]]) -> Iterator[tuple[str, str]]:
    """Path of the object and key, for each key that an object of `data` has twice."""
    if isinstance(data, dict):
        yield from ((where, key) for key in repeated[id(data)])
        for key, value in data.items():
            yield from _repeated(value, f"{where}.{key}", repeated)
    elif isinstance(data, list):
        for index, value in enumerate(data):
            yield from _repeated(value, f"{where}[{index}]", repeated)


def _references(data: dict[str, Any], root: Path) -> Iterator[str]:
    """What refers to what is not there, or is there twice; `data` has passed the schema."""
    for key in ("devices", "architectures", "models"):
        yield from _twice((f"$.{key}[{index}].id", row["id"]) for index, row in enumerate(data[key]))
    yield from _images(data["devices"], root)
    yield from _model_names(data["models"])
    ids = {kind: [row["id"] for row in data[f"{kind}s"]] for kind in ("device", "architecture", "model")}
    ids["check"] = [check for row in data["architectures"] for check in row["checks"]]
    for key in ("models", "tolerances", "known_failures"):
        for index, row in enumerate(data[key]):
            for kind, known in ids.items():
                if row.get(kind) is not None and row[kind] not in known:
                    near = suggest(row[kind], known)
                    yield f"$.{key}[{index}].{kind}: there is no {kind} {row[kind]!r}{near}"
    yield from _tolerances(data["tolerances"], ids["check"])
    yield from _dates(data["known_failures"])


def _twice(places: Iterable[tuple[str, str]]) -> Iterator[str]:
    """Where a value stands that stood somewhere before."""
    first: dict[str, str] = {}
    for where, value in places:
        if value in first:
            yield f"{where}: {value!r} is there already, at {first[value]}"
        first.setdefault(value, where)


def _images(devices: list[dict[str, Any]], root: Path) -> Iterator[str]:
    for index, device in enumerate(devices):
        image = device["image"]
        if image is None:
            continue
        for name in IMAGE_FILES:
            if not (root / "images" / image / name).is_file():
                yield f"$.devices[{index}].image: there is no images/{image}/{name}"


def _model_names(models: list[dict[str, Any]]) -> Iterator[str]:
    """Names that two models answer to, spelling aside."""
    owners: dict[str, str] = {}
    for index, row in enumerate(models):
        for name in names_of(model_from_json(row)):
            owner = owners.setdefault(normalise(name), row["id"])
            if owner != row["id"]:
                yield f"$.models[{index}]: {name!r} is a name of the model {owner!r} too"


def _tolerances(rows: list[dict[str, Any]], checks: list[str]) -> Iterator[str]:
    scope = ("check", "model", "architecture", "device")
    yield from _twice(
        (f"$.tolerances[{index}]", " ".join(str(row[key]) for key in scope if row.get(key)))
        for index, row in enumerate(rows)
    )
    general = {row["check"] for row in rows if not any(row.get(key) for key in scope[1:])}
    for check in dict.fromkeys(checks):
        if check not in general:
            yield f"$.tolerances: the check {check!r} has no row that holds for every device and model"


def _dates(rows: list[dict[str, Any]]) -> Iterator[str]:
    for index, row in enumerate(rows):
        try:
            date.fromisoformat(row["expires"])
        except ValueError as error:
            yield f"$.known_failures[{index}].expires: {row['expires']!r} is no date: {error}"


def _matrix(data: dict[str, Any]) -> Matrix:
    return Matrix(
        devices=tuple(_device(row) for row in data["devices"]),
        architectures=tuple(Architecture(**_frozen(row)) for row in data["architectures"]),
        models=tuple(model_from_json(row) for row in data["models"]),
        tolerances=tuple(Tolerance(**row) for row in data["tolerances"]),
        known_failures=tuple(KnownFailure(**row) for row in data["known_failures"]),
    )


def _device(row: dict[str, Any]) -> Device:
    presence = Presence(**_frozen(row.get("presence", {})))
    container = ContainerAccess(**_frozen(row.get("container", {})))
    return Device(**_frozen(row) | {"presence": presence, "container": container})


def _frozen(row: dict[str, Any]) -> dict[str, Any]:
    """The row with its lists as tuples."""
    return {key: tuple(value) if isinstance(value, list) else value for key, value in row.items()}
