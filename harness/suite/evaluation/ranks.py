"""An evaluation by a model that several processes share: each asks the same, and the first tells.

Every rank puts every question to its part of the model, since a part answers nothing alone; what the others
find is what the first finds. Fresh processes read the weights for each cell: they do not outlive one.
"""

import json
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from harness.matrix.cells import Cell
from harness.suite.evaluation.engines.choose import engine_of
from harness.suite.evaluation.evaluate import evaluate
from harness.suite.evaluation.place import Place
from harness.suite.parallel.launch import launch
from harness.suite.parallel.rank import live
from harness.suite.precision import PRECISIONS, set_arithmetic

CELL, PLACE, FOUND = "cell.json", "place.json", "found.json"


def shared(cell: Cell, place: Place) -> dict[str, Any]:
    """What `evaluate` gives, by so many processes; `Elsewhere` with the outcome of the one that failed."""
    ranks = cell.parameters.tensor_parallel
    with tempfile.TemporaryDirectory(prefix="harness-ranks-") as name:
        folder = Path(name)
        (folder / CELL).write_text(json.dumps(cell.to_json()), "utf-8")
        (folder / PLACE).write_text(json.dumps(place.to_json()), "utf-8")
        launch(folder, ranks, max(1, torch.get_num_threads() // ranks), work=__name__)
        found: dict[str, Any] = json.loads((folder / FOUND).read_text("utf-8"))
    return found


def work(folder: Path, threads: int) -> None:
    """A rank's part: ask, and leave what was found where it is the first, or why nothing was."""
    live(folder, threads, lambda rank: _work(folder, rank))


def _work(folder: Path, rank: int) -> None:
    cell = Cell.from_json(json.loads((folder / CELL).read_text("utf-8")))
    place = Place.from_json(json.loads((folder / PLACE).read_text("utf-8")))
    if rank:
        place = replace(place, out=Path(tempfile.mkdtemp(dir=folder)))
    set_arithmetic(PRECISIONS[cell.parameters.dtype])
    engine = engine_of(cell, place)
    found = evaluate(cell, engine, place)
    if not rank:
        (folder / FOUND).write_text(json.dumps(found.to_json()), "utf-8")
