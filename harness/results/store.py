"""Where results live: one folder a run, one line a result, the manifest last.

results/<run>/cells.json      what was planned
              results.jsonl   a Result a line, appended and flushed as each cell ends
              run.json        the manifest; its presence says that the run came to its end
"""

import errno
import json
import os
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any, NamedTuple, Self

from harness.errors import RecordError, ResultsError
from harness.files import replace
from harness.matrix.cells import Cell
from harness.matrix.records import Suite
from harness.matrix.schema import Kind, require
from harness.results.record import VERSION, Result

CELLS, RESULTS, MANIFEST = "cells.json", "results.jsonl", "run.json"

REMEDIES = {
    errno.ENOSPC: "free some space and run again: finished cells are kept",
    errno.EDQUOT: "free some of your quota and run again: finished cells are kept",
    errno.EROFS: "use a folder on a file system that can be written",
    errno.EACCES: "give yourself permission, or use another folder",
    errno.ENOTDIR: "a file stands where a folder should be: move it away",
    errno.EEXIST: "a run of that name is there already: wait a second and run again",
}
"""What to do about an error of the operating system."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What a run was and how it ended; times are UTC, ISO 8601."""

    version: int = VERSION
    run: str
    command: tuple[str, ...]
    started: str
    finished: str
    cells: int
    results: int
    outcomes: dict[str, int]
    exit_code: int

    def to_json(self) -> dict[str, Any]:
        """The manifest as `schemas/run.schema.json` has it."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        """The inverse of `to_json`; `data` has passed the schema."""
        return cls(**data | {"command": tuple(data["command"])})


class Contents(NamedTuple):
    """What `results.jsonl` holds: the last result of each cell, and what could not be read."""

    results: tuple[Result, ...]
    warnings: tuple[str, ...]


class Run(NamedTuple):
    """A run found in the results folder."""

    store: "RunStore"
    manifest: Manifest | None
    """None where the run did not come to its end."""
    warning: str
    """What is wrong with its manifest; empty where nothing is."""


class RunStore:
    """The folder of one run. Every record passes its schema when written and when read."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.run = folder.name

    @classmethod
    def create(cls, results: Path, run: str, cells: Iterable[Cell]) -> Self:
        """Make the folder `results/<run>` and write down what is planned."""
        store = cls(results / run)
        with _refusals(store.folder, "made"):
            store.folder.mkdir(parents=True)
        store._replace(
            CELLS, "cells", {"version": VERSION, "run": run, "cells": [cell.to_json() for cell in cells]}
        )
        return store

    def append(self, result: Result) -> None:
        """Add a result; on return it is on the disk."""
        path = self.folder / RESULTS
        data = result.to_json()
        require("result", data, f"the result of {result.report.cell}")
        line = json.dumps(data, allow_nan=False).encode() + b"\n"
        with _refusals(path, "written"):
            file = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o644)
            try:
                size = os.fstat(file).st_size
                if size and os.pread(file, 1, size - 1) != b"\n":
                    line = b"\n" + line  # a killed run tore the last line: this one must not be glued to it
                while line:
                    line = line[os.write(file, line) :]
                os.fsync(file)
            finally:
                os.close(file)

    def read(self) -> Contents:
        """The last result of each cell, in the order they were planned or first ended.

        A torn or invalid line is left out and warned of; the others are read.
        """
        path = self.folder / RESULTS
        with _refusals(path, "read"):
            try:
                lines = path.read_bytes().split(b"\n")
            except FileNotFoundError:
                return Contents((), ())
        results: dict[str, Result] = {}
        warnings = []
        for number, line in enumerate(lines, start=1):
            where = f"{path}, line {number}"
            try:
                if line:
                    result = Result.from_json(_parse("result", line, where))
                    results[result.report.cell] = result
            except RecordError as error:
                # Lines end in a line feed, so only a torn file has something after the last.
                torn = f"{where} is torn: the run was killed while it was written"
                warnings.append(torn if number == len(lines) else f"{error}; the line is left out")
        return Contents(tuple(results.values()), tuple(warnings))

    def cells(self) -> tuple[Cell, ...]:
        """What was planned; ResultsError where that cannot be read."""
        return tuple(Cell.from_json(cell) for cell in self._load(CELLS, "cells")["cells"])

    def go_on(self) -> None:
        """Take the manifest away: until there is a new one, the run has not come to its end."""
        path = self.folder / MANIFEST
        with _refusals(path, "removed"):
            path.unlink(missing_ok=True)

    def finish(self, manifest: Manifest) -> None:
        """Write the manifest: nothing is written to the run after it."""
        self._replace(MANIFEST, "run", manifest.to_json())

    def manifest(self) -> Manifest | None:
        """How the run ended; None where it did not, ResultsError where the manifest cannot be read."""
        if not (self.folder / MANIFEST).exists():
            return None
        return Manifest.from_json(self._load(MANIFEST, "run"))

    def _load(self, name: str, kind: Kind) -> dict[str, Any]:
        path = self.folder / name
        with _refusals(path, "read"):
            text = path.read_bytes()
        try:
            return _parse(kind, text, str(path))
        except RecordError as error:
            raise ResultsError(str(error)) from error

    def _replace(self, name: str, kind: Kind, data: dict[str, Any]) -> None:
        """Write a file so that it is there whole or not at all."""
        path = self.folder / name
        require(kind, data, str(path))
        content = json.dumps(data, indent=1, allow_nan=False).encode() + b"\n"
        with _refusals(path, "written"):
            replace(path, content)


def require_writable(results: Path) -> None:
    """ResultsError where no run could be kept in the folder, or it could not be made; makes nothing."""
    there = next(folder for folder in (results, *results.parents) if folder.exists())
    with _refusals(results, "written"), tempfile.TemporaryFile(dir=there):
        pass


def runs(results: Path) -> tuple[Run, ...]:
    """The runs of the results folder, newest first; none where there is no such folder."""
    with _refusals(results, "read"):
        if not results.exists():
            return ()
        folders = sorted((path.parent for path in results.glob(f"*/{CELLS}")), reverse=True)
    return tuple(_run(RunStore(folder)) for folder in folders)


def of_suite(results: Path, suite: Suite) -> Iterator["RunStore"]:
    """The runs of one suite, newest first: it stands in their names."""
    with _refusals(results, "read"):
        folders = sorted((path.parent for path in results.glob(f"*-{suite}-*/{CELLS}")), reverse=True)
    yield from (RunStore(folder) for folder in folders)


def find(results: Path, run: str | None = None) -> RunStore:
    """The run of that id, or the newest; ResultsError, with the nearest ids, where there is none."""
    known = {entry.store.run: entry.store for entry in runs(results)}
    if not known:
        raise ResultsError(f"there is no run in {results}: start one with `nox -s test-cpu`")
    if run is None:
        return next(iter(known.values()))
    if run in known:
        return known[run]
    near = get_close_matches(run, known, n=3, cutoff=0.6) or list(known)[:3]
    raise ResultsError(f"there is no run {run!r} in {results}; the nearest: {', '.join(near)}")


def _run(store: RunStore) -> Run:
    try:
        return Run(store, store.manifest(), "")
    except ResultsError as error:
        return Run(store, None, str(error))


def _parse(kind: Kind, text: bytes, where: str) -> dict[str, Any]:
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise RecordError(f"{where} is not JSON: {error}") from error
    require(kind, data, where)
    return dict(data)


@contextmanager
def _refusals(path: Path, done: str) -> Iterator[None]:
    """Turn what the operating system refuses into one sentence."""
    try:
        yield
    except OSError as error:
        remedy = REMEDIES.get(error.errno or 0, "use another folder")
        raise ResultsError(f"{path} cannot be {done}: {error.strerror}; {remedy}") from error
