"""Read `matrix.json`: its text, its shape, what its rows refer to; every problem at once."""

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from harness.errors import MatrixError
from harness.matrix.devices import ContainerAccess, Device, Labels, Presence, Variant
from harness.matrix.proven import is_proven, remember
from harness.matrix.records import (
    Architecture,
    Family,
    Gone,
    KnownFailure,
    Matrix,
    Release,
    Tolerance,
    model_from_json,
)
from harness.matrix.references import references
from harness.matrix.registry import registry_from_json

MATRIX = "matrix.json"


def find_root(start: Path | None = None) -> Path:
    """The nearest folder at or above `start` (the working directory) that holds `matrix.json`."""
    start = (start or Path.cwd()).resolve()
    for folder in (start, *start.parents):
        if (folder / MATRIX).is_file():
            return folder
    raise MatrixError([f"no {MATRIX} in {start} or above it: change to a checkout of the harness"])


def load(root: Path, *, anew: bool = False) -> Matrix:
    """The matrix of the checkout at `root`; MatrixError with every problem.

    A text that has passed the schema before is not judged by it again, unless `anew`.
    """
    data = load_data(root, anew=anew)
    return _matrix(data)


def load_data(root: Path, *, anew: bool = False) -> dict[str, Any]:
    """The matrix as its file has it, with every default left out; MatrixError with every problem."""
    data, found = _read(root / MATRIX, anew=anew)
    if not found:
        found = list(references(data, root))
    if found:
        raise MatrixError([f"{MATRIX}: {problem}" for problem in found])
    checked: dict[str, Any] = data
    return checked


def loaded(data: dict[str, Any], root: Path) -> Matrix:
    """A matrix that is not in its file yet, judged as if it were; MatrixError with every problem."""
    from harness.matrix.schema import validate  # noqa: PLC0415 — as below

    found = validate("matrix", data) or list(references(data, root))
    if found:
        raise MatrixError([f"the matrix with that row: {problem}" for problem in found])
    return _matrix(data)


def problems(root: Path) -> list[str]:
    """What is wrong with the matrix of the checkout at `root`, each one sentence; empty if nothing is."""
    try:
        load(root, anew=True)
    except MatrixError as error:
        return error.problems
    return []


def _read(path: Path, *, anew: bool) -> tuple[Any, list[str]]:
    """The data, and what is wrong with the file's text and shape."""
    try:
        text = path.read_bytes()
    except OSError as error:
        return None, [f"cannot be read: {error.strerror}"]
    if not anew and is_proven(text):
        return json.loads(text), []
    data, found = _judged(text)
    if not found:
        remember(text)
    return data, found


def _judged(text: bytes) -> tuple[Any, list[str]]:
    """The data, and everything that is wrong with its text and shape."""
    from harness.matrix.schema import validate  # noqa: PLC0415 — a third of the time of a command that needs it not

    repeated: dict[int, list[str]] = {}

    def row(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        data = dict(pairs)
        counts = Counter(key for key, _ in pairs)
        # By identity: where in the file this object stands is known only when all of it is read.
        repeated[id(data)] = [key for key, count in counts.items() if count > 1]
        return data

    try:
        data = json.loads(text.decode("utf-8"), object_pairs_hook=row)
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


def _matrix(data: dict[str, Any]) -> Matrix:
    return Matrix(
        devices=tuple(_device(row) for row in data["devices"]),
        architectures=tuple(Architecture(**_frozen(row)) for row in data["architectures"]),
        models=tuple(model_from_json(row) for row in data["models"]),
        tolerances=tuple(Tolerance(**row) for row in data["tolerances"]),
        known_failures=tuple(KnownFailure(**row) for row in data["known_failures"]),
        transformers=data.get("transformers"),
        families=tuple(Family(**row) for row in data.get("families", ())),
        gone=tuple(Gone(**row) for row in data.get("gone", ())),
        versions=tuple(Release(**row) for row in data.get("versions", ())),
        registry=registry_from_json(data),
    )


def _device(row: dict[str, Any]) -> Device:
    presence = Presence(**_frozen(row.get("presence", {})))
    container = ContainerAccess(**_frozen(row.get("container", {})))
    ci = Labels(**_frozen(row.get("ci", {})))
    variants = tuple(Variant(**_frozen(variant)) for variant in row.get("variants", ()))
    nested = {"presence": presence, "container": container, "ci": ci, "variants": variants}
    return Device(**_frozen(row) | nested)


def _frozen(row: dict[str, Any]) -> dict[str, Any]:
    """The row with its lists as tuples."""
    return {key: tuple(value) if isinstance(value, list) else value for key, value in row.items()}
