"""How long cells take: as past runs have shown, or as a stated estimate where none has."""

import json
import statistics
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, NamedTuple

from harness.errors import RecordError, SelectionError
from harness.matrix.devices import Device
from harness.matrix.records import Matrix, Model, Suite
from harness.matrix.schema import require

DURATIONS = "durations.json"
"""The file beside `matrix.json` that is read where no other is named."""
VERSION = 1

ASSUMED_S = {Suite.FUNCTIONAL: 2.0, Suite.THROUGHPUT: 200.0}
"""Seconds of a cell where no run of its suite is known on its device: for the functional suite above the
medians of 0.3 to 1.8 s that runs on two cores have shown, for the other a cell's default budget."""


LEAST = 3
"""Models that must have been timed for their median to stand for another."""


class Basis(StrEnum):
    """What an expected duration rests on."""

    TIMED = "timed"
    ARCHITECTURE = "the median of their architecture"
    SUITE = "the median of the suite"
    ASSUMED = "what is assumed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Duration:
    """How long one cell of a model takes on a device."""

    model: str
    device: str
    suite: str
    seconds: float
    """The median over `cells`."""
    cells: int
    """How many results it is the median of."""

    def to_json(self) -> dict[str, Any]:
        """The row as `schemas/durations.schema.json` has it."""
        return asdict(self)


class Expected(NamedTuple):
    """Seconds that all cells of a model are expected to take, and what that rests on."""

    seconds: float
    basis: Basis


class Durations:
    """What is known of durations, and what is expected where nothing is."""

    def __init__(self, rows: Iterable[Duration], matrix: Matrix) -> None:
        self._seconds = {(row.model, row.device, row.suite): row.seconds for row in rows}
        architectures = {model.id: model.architecture for model in matrix.models}
        known: dict[tuple[str | None, str, str], list[float]] = {}
        for (model, device, suite), seconds in self._seconds.items():
            for architecture in {architectures.get(model), None}:
                known.setdefault((architecture, device, suite), []).append(seconds)
        self._medians = {
            key: statistics.median(values) for key, values in known.items() if len(values) >= LEAST
        }

    def expected(self, model: Model, device: Device, suite: Suite) -> Expected:
        """Of all cells that the model has in the suite: a functional one a class, one in another suite."""
        cells = len(model.classes) if suite is Suite.FUNCTIONAL else 1
        where = (device.id, suite.value)
        for seconds, basis in (
            (self._seconds.get((model.id, *where)), Basis.TIMED),
            (self._medians.get((model.architecture, *where)), Basis.ARCHITECTURE),
            (self._medians.get((None, *where)), Basis.SUITE),
        ):
            if seconds is not None:
                return Expected(seconds * cells, basis)
        return Expected(ASSUMED_S[suite] * cells, Basis.ASSUMED)


def known(path: Path | None, root: Path) -> tuple[Duration, ...]:
    """The rows of the file named, else of the checkout's own, if it has one."""
    beside = root / DURATIONS
    return read(path) if path else read(beside) if beside.exists() else ()


def read(path: Path) -> tuple[Duration, ...]:
    """The rows of a file that `harness results durations --json` has printed; SelectionError if none."""
    try:
        data = json.loads(path.read_bytes())
        require("durations", data, str(path))
    except OSError as error:
        raise SelectionError(f"the durations {path} cannot be read: {error.strerror}") from error
    except (ValueError, RecursionError, RecordError) as error:
        raise SelectionError(
            f"{path} holds no durations ({error}): write it with `harness results durations --json`"
        ) from error
    return tuple(Duration(**row) for row in data["durations"])


def text(rows: Iterable[Duration]) -> str:
    """The file's text, as `schemas/durations.schema.json` has it: a row a line."""
    lines = ",\n".join(json.dumps(row.to_json()) for row in rows)
    return f'{{"version": {VERSION}, "durations": [\n{lines}\n]}}\n'
