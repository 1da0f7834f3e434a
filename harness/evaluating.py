"""An evaluation as it was typed, and what it reads on this machine: the data root, the weights of a model."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Self

from harness.errors import CheckpointError, SelectionError
from harness.images.access import snapshot
from harness.matrix.cells import Cell
from harness.matrix.checkpoint import inspect
from harness.matrix.devices import Device
from harness.matrix.evaluation import Asked, Here
from harness.matrix.presets import ENGINES
from harness.matrix.questions import FOLDER, HUB, SAMPLE, TINY
from harness.matrix.records import Matrix
from harness.matrix.registry import Entry
from harness.runners.given import DATA, WEIGHTS, Given

CONFIG = "config.json"


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
    folder: Path | None = None
    """That was named: of one checkpoint, or of several, each in a folder of its model's id."""

    def here(self, matrix: Matrix) -> Here:
        """What an evaluation is planned with."""
        hub_ids = {row.id: row.checkpoint.hub_id for row in matrix.models if row.checkpoint}
        missing = {HUB: lambda entry: _uncached(entry, hub_ids.get(entry.row)), FOLDER: self._missing}
        return Here(data=self.data, rows=self.rows, missing=missing.get(self.weights, lambda _: ""))

    def given(self, matrix: Matrix, cells: Sequence[Cell]) -> tuple[Given, ...]:
        """What an attempt at the cells, all of one model, may read."""
        found = [Given(name=DATA, folder=str(self.root))]
        questions = cells[0].questions
        assert questions is not None
        if not ENGINES[questions.engine].reads_weights:
            return tuple(found)
        if self.weights == HUB:
            checkpoint = cells[0].model.checkpoint
            here = snapshot(checkpoint.hub_id) if checkpoint and checkpoint.hub_id else None
            if here is not None:  # of its files each is a link to one in the folder above
                found.append(
                    Given(name=WEIGHTS, folder=str(here.parents[1]), within=f"snapshots/{here.name}")
                )
        elif self.folder is not None:
            found.append(Given(name=WEIGHTS, folder=str(self._of(questions.entry))))
        return tuple(found)

    def _of(self, entry: str) -> Path:
        assert self.folder is not None
        alone = (self.folder / CONFIG).is_file()
        return self.folder if alone else self.folder / entry

    def _missing(self, entry: Entry) -> str:
        try:
            inspect(self._of(entry.id), allow_pickle=True)
        except CheckpointError as error:
            return str(error)
        return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluating:
    """What is asked of whom, and where that is."""

    asked: Asked
    sources: Sources

    def variant(self, device: Device) -> str:
        """The device's variant whose image evaluates; SelectionError where it has none."""
        wanted = ENGINES[self.asked.engine].variant or device.evaluation
        if wanted is None or wanted not in {row.id for row in device.variants}:
            raise SelectionError(
                f"device {device.id} has no image that evaluates with the engine {self.asked.engine}: take another "
                "device or --engine"
            )
        return wanted


def _uncached(entry: Entry, hub_id: str | None) -> str:
    if hub_id is None:
        return "there are no weights of it on the hub: give --weights"
    if snapshot(hub_id) is None:
        return f"its weights are not here: `harness models fetch {entry.id}`, or give --weights"
    return ""


def sources(root: Path, matrix: Matrix, data: str | None, weights: str, folder: Path | None) -> Sources:
    """Where the questions and the weights are; SelectionError where the data root is no folder."""
    place = root_of_data(root, data)
    if folder is not None and not folder.is_dir():
        raise SelectionError(f"--weights {folder} is no folder: name that of a checkpoint, or hub, or tiny")
    return Sources(
        root=place,
        data=SAMPLE if place == root / "data" / SAMPLE else "data",
        rows=rows(place, matrix),
        weights=weights,
        folder=folder.resolve() if folder else None,
    )


def root_of_data(root: Path, data: str | None) -> Path:
    if data == SAMPLE:
        return root / "data" / SAMPLE
    return Path(data).resolve() if data else root / ".harness" / "data"


def rows(place: Path, matrix: Matrix) -> dict[str, int | None]:
    """Dataset → its questions in the data root, as its manifest counts them."""
    import json

    files = json.loads((place / "manifest.json").read_text())["files"]
    found: dict[str, int | None] = {}
    for row in matrix.registry.datasets:
        if row.source is not None:
            own = [
                f["rows"]
                for name, f in files.items()
                if name.startswith(f"{row.source.repo}/")
                and f["split"] == row.source.asked
                and (f.get("config") in row.source.configs)
            ]
            if own:
                found[row.id] = sum(own)
    return found
