"""An evaluation as it was typed, and what it reads on this machine: the data root, the weights of a model."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from harness.data.root import DataRoot
from harness.data.state import State, holding
from harness.errors import CheckpointError, SelectionError
from harness.images.cached import SHOWN, digest, snapshot
from harness.matrix.asked import Asked
from harness.matrix.cells import Cell
from harness.matrix.checkpoint import CONFIG, inspect
from harness.matrix.devices import Device
from harness.matrix.evaluation import Here
from harness.matrix.presets import ENGINES
from harness.matrix.questions import FOLDER, HUB
from harness.matrix.records import Matrix, Model
from harness.matrix.registry import Entry
from harness.runners.given import DATA, WEIGHTS, Given

UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")
"""What may not stand in a cell's id, where the name of the data root does."""


@dataclass(frozen=True, kw_only=True)
class Sources:
    """Where the questions and the weights are."""

    root: Path
    """The data root."""
    data: str
    """Its name."""
    rows: Mapping[str, int | None]
    """Dataset → its questions there."""
    weights: str
    """`hub`, `tiny` or `folder`."""
    batches: Mapping[str, int] = field(default_factory=dict)
    """Batches that are known to fit."""
    folder: Path | None = None
    """That was named: of one checkpoint, or of several, each in a folder of its model's id."""

    def here(self, matrix: Matrix) -> Here:
        """What an evaluation is planned with."""
        rows = {row.id: row for row in matrix.models}
        missing = {
            HUB: lambda entry: _uncached(entry, rows[entry.row]),
            FOLDER: lambda entry: self._missing(entry, rows[entry.row]),
        }
        return Here(
            data=self.data,
            rows=self.rows,
            batches=self.batches,
            revision=cache(lambda entry: self._revision(entry.id, rows[entry.row])),
            missing=missing.get(self.weights, lambda _: ""),
        )

    def given(self, cells: Sequence[Cell]) -> tuple[Given, ...]:
        """What an attempt at the cells, all of one model, may read."""
        found = [Given(name=DATA, folder=str(self.root))]
        questions = cells[0].questions
        assert questions is not None
        if not ENGINES[questions.engine].reads_weights:
            return tuple(found)
        if questions.weights == HUB:
            checkpoint = cells[0].model.checkpoint
            here = snapshot(checkpoint.hub_id) if checkpoint and checkpoint.hub_id else None
            if here is not None:  # of its files each is a link to one in the folder above
                found.append(
                    Given(name=WEIGHTS, folder=str(here.parents[1]), within=f"snapshots/{here.name}")
                )
        elif self.folder is not None:
            found.append(Given(name=WEIGHTS, folder=str(self._of(questions.entry))))
        return tuple(found)

    def require(self, run: str, cells: Sequence[Cell]) -> None:
        """SelectionError where a run to be gone on with was begun with other data, or weights in a folder."""
        for questions in (cell.questions for cell in cells if cell.questions):
            if questions.data != self.data:
                raise SelectionError(
                    f"run {run} asks the data root {questions.data}, and this is {self.data}: name it with "
                    "--data"
                )
            if questions.weights == FOLDER and self.folder is None:
                raise SelectionError(f"run {run} reads weights from a folder: name it with --weights")
        for cell in cells:
            asked = cell.questions
            if asked is None or asked.revision is None:
                continue
            now = self._revision(asked.entry, cell.model, asked.weights)
            if now != asked.revision:
                raise SelectionError(
                    f"run {run} asks the weights {asked.revision} of {asked.entry}, and here are "
                    f"{now or 'none'}: bring those back, or begin another run"
                )

    def _revision(self, entry: str, row: Model, weights: str | None = None) -> str | None:
        """Which weights a model has here; None where there are none, or they are made for the run."""
        weights = weights or self.weights
        try:
            if weights == FOLDER:
                return digest(self._of(entry))
            hub_id = row.checkpoint.hub_id if row.checkpoint and weights == HUB else None
            found = snapshot(hub_id) if hub_id else None
        except (CheckpointError, OSError):
            return None
        return found.name[:SHOWN] if found is not None else None

    def _of(self, entry: str) -> Path:
        assert self.folder is not None
        alone = (self.folder / CONFIG).is_file()
        return self.folder if alone else self.folder / entry

    def _missing(self, entry: Entry, row: Model) -> str:
        folder = self._of(entry.id)
        if not folder.is_dir():
            return f"the folder of --weights is no checkpoint, and has no folder {entry.id} of one"
        try:
            found = inspect(folder, allow_pickle=True).config["model_type"]
        except CheckpointError as error:
            return str(error).replace(str(folder), "the folder of --weights")
        if found != row.model_type:
            return f"the folder of --weights holds a {found}, not a {row.model_type}: name another one"
        return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluating:
    """What is asked of whom, and where that is."""

    asked: Asked
    sources: Sources


def evaluates(device: Device, engine: str) -> str:
    """The device's variant whose image has the engine; SelectionError where it has none."""
    wanted = ENGINES[engine].variant or device.evaluation
    if wanted is None or wanted not in {row.id for row in device.variants}:
        raise SelectionError(
            f"device {device.id} has no image that evaluates with the engine {engine}: take another device "
            "or --engine"
        )
    return wanted


def _uncached(entry: Entry, row: Model) -> str:
    hub_id = row.checkpoint.hub_id if row.checkpoint else None
    if hub_id is None:
        return "there are no weights of it on the hub: give --weights"
    if snapshot(hub_id) is None:
        return f"its weights are not here: `harness models fetch {entry.id}`, or give --weights"
    return ""


def sources(matrix: Matrix, place: DataRoot, weights: str, folder: Path | None) -> Sources:
    """What the data root holds, and where the weights are; SelectionError where they are in no folder."""
    if folder is not None and not folder.is_dir():
        raise SelectionError(f"--weights {folder} is no folder: name that of a checkpoint, or hub, or tiny")
    held = {row.id: holding(row, place) for row in matrix.registry.datasets}
    return Sources(
        root=place.path.resolve(),
        data=UNSAFE.sub("-", place.name).strip("-.") or "unnamed",
        rows={name: found.rows for name, found in held.items() if found.state is State.PRESENT},
        weights=weights,
        folder=folder.resolve() if folder else None,
    )
