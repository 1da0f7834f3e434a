"""The evaluation suite: one test a cell, which asks a dataset's questions."""

import pytest

from harness.matrix.cells import Cell
from harness.matrix.presets import ENGINES
from harness.suite.evaluation.engines.choose import engine_of, same_engine
from harness.suite.evaluation.engines.engine import Engine
from harness.suite.evaluation.evaluate import evaluate
from harness.suite.evaluation.place import Place
from harness.suite.evaluation.ranks import shared
from harness.suite.inside import Inside
from harness.suite.latest import Latest


@pytest.fixture(scope="session")
def place(request: pytest.FixtureRequest) -> Place:
    """Where the data, the weights and earlier answers are, and where new ones go."""
    return Place.of(request.config.getoption("--out"))


@pytest.fixture(scope="session")
def engines(place: Place) -> Latest[Engine]:
    """The engine of the cell in flight, which those of the same model share."""
    return Latest(
        lambda cell: engine_of(cell, place), lambda engine: engine.close(), same_engine, told_again=True
    )


def test_dataset(cell: Cell, dataset: str, inside: Inside, place: Place, engines: Latest[Engine]) -> None:
    """Ask what is not answered yet, and tell what all answers are worth."""
    assert cell.questions is not None
    if cell.questions.skip:
        pytest.skip(cell.questions.skip)
    if cell.parameters.tensor_parallel > 1 and ENGINES[cell.questions.engine].process_per_device:
        found = shared(cell, place)
    else:
        found = evaluate(cell, engines.of(cell), place, inside.progress(dataset)).to_json()
    inside.say({"found": found})
