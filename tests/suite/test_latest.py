"""One model in memory at a time."""

import weakref
from collections.abc import Callable

import pytest

from harness.matrix.cells import Cell
from harness.suite.latest import Latest


class Built:
    """Stands for a model: an object with a reference cycle, as models have."""

    def __init__(self, cell: Cell) -> None:
        self.cell = cell
        self.itself = self


@pytest.fixture
def cells(make_cell: Callable[..., Cell]) -> tuple[Cell, Cell]:
    return make_cell("bert"), make_cell("gpt2")


def test_a_cell_s_object_is_built_once(cells: tuple[Cell, Cell]) -> None:
    latest = Latest(Built)
    assert latest.of(cells[0]) is latest.of(cells[0])


def test_the_last_cell_s_object_is_gone_before_the_next_is_built(cells: tuple[Cell, Cell]) -> None:
    alive: list[weakref.ref[Built]] = []

    def build(cell: Cell) -> Built:
        assert [ref for ref in alive if ref() is not None] == []
        built = Built(cell)
        alive.append(weakref.ref(built))
        return built

    latest = Latest(build)
    for cell in cells:
        latest.of(cell)
    assert len(alive) == 2


def test_what_could_not_be_built_is_not_tried_again(cells: tuple[Cell, Cell]) -> None:
    tried: list[Cell] = []

    def build(cell: Cell) -> Built:
        tried.append(cell)
        raise RuntimeError("no such weights")

    latest = Latest(build)
    with pytest.raises(RuntimeError, match="no such weights"):
        latest.of(cells[0])
    with pytest.raises(pytest.skip.Exception, match="could not be built"):
        latest.of(cells[0])
    assert tried == [cells[0]]


def test_what_is_let_go_is_closed_once(make_cell: Callable[..., Cell]) -> None:
    closed: list[str] = []
    latest = Latest(lambda cell: cell.id, closed.append)
    bert, gpt2 = make_cell("bert"), make_cell("gpt2")
    latest.of(bert)
    latest.of(gpt2)
    assert closed == [bert.id]
    latest.let_go()
    latest.let_go()
    assert closed == [bert.id, gpt2.id]
