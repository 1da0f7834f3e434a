"""References that come out of an attempt: taken under the names of its own cells, and no others."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from harness.matrix.cells import Batch, Cell
from harness.results.record import Result
from harness.runners.docker import DockerRunner
from harness.runners.given import Given
from harness.runners.host import HostRunner
from harness.runners.protocol import Order
from harness.runners.references import MADE, MOST_BYTES, folder_of, keep

GOOD = "bert-BertModel-s0-outputs-0.safetensors"


@pytest.fixture
def kept(tmp_path: Path) -> Given:
    """Where references are kept, as an attempt is given them."""
    return folder_of(tmp_path)


@pytest.fixture
def folder(kept: Given) -> Path:
    """Where references are kept."""
    return Path(kept.folder)


@pytest.fixture
def given(make_order: Callable[..., Order], kept: Given) -> Order:
    """An attempt that has an empty folder of new references."""
    order = make_order(given=(kept,))
    (order.out / MADE).mkdir(parents=True)
    return order


@pytest.fixture
def cells(batch: Callable[..., Batch]) -> list[Cell]:
    """The one cell of the attempt: of `BertModel`."""
    (cell,) = batch("passes").cells
    return [replace(cell, model=replace(cell.model, id="bert"))]


def test_those_of_its_cells_are_kept(given: Order, cells: list[Cell], folder: Path) -> None:
    names = {GOOD, "bert-BertModel-s0-spread-float32-2.safetensors"}
    for name in names:
        (given.out / MADE / name).write_bytes(b"x")
    assert keep(given, cells) == ()
    assert {path.name for path in folder.iterdir()} == names


@pytest.mark.parametrize(
    "name",
    [
        "t5-T5Model-s0-outputs-0.safetensors",
        "bert-BertModel-s1-outputs-0.safetensors",
        "bert-BertModel-s0-outputs-0.safetensors.py",
        f".{GOOD}",
        "bert-BertModel-s0-anything-0.safetensors",
    ],
)
def test_other_names_are_left(name: str, given: Order, cells: list[Cell], folder: Path) -> None:
    (given.out / MADE / name).write_bytes(b"x")
    assert keep(given, cells) == ()
    assert not list(folder.iterdir())


def test_a_link_is_refused(given: Order, cells: list[Cell], folder: Path) -> None:
    (given.out / MADE / GOOD).symlink_to("/etc/hostname")
    (refused,) = keep(given, cells)
    assert refused.endswith("is a symbolic link")
    assert not list(folder.iterdir())


def test_a_large_one_is_refused(given: Order, cells: list[Cell], folder: Path) -> None:
    (given.out / MADE / GOOD).write_bytes(bytes(MOST_BYTES + 1))
    (refused,) = keep(given, cells)
    assert "more than the" in refused
    assert not list(folder.iterdir())


def test_a_folder_that_is_a_link_is_not_read(given: Order, cells: list[Cell], tmp_path: Path) -> None:
    (given.out / MADE).rmdir()
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / GOOD).write_bytes(b"x")
    (given.out / MADE).symlink_to(tmp_path / "elsewhere")
    assert keep(given, cells) == ()


def test_without_a_folder_nothing_is_kept(given: Order, cells: list[Cell], folder: Path) -> None:
    (given.out / MADE / GOOD).write_bytes(b"x")
    assert keep(replace(given, given=()), cells) == ()
    assert not list(folder.iterdir())


def test_a_container_reads_those_of_earlier_runs_and_cannot_change_them(
    docker_runner: DockerRunner, perform: Callable[..., dict[str, Result]], kept: Given, folder: Path
) -> None:
    name = "remembers-BertModel-s0-outputs-0.safetensors"
    (folder / name).write_text("earlier\n")
    (folder / name).chmod(0o644)
    (result,) = perform(docker_runner, "remembers", given=(kept,)).values()
    assert result.report.facts["refused"]
    assert [(path.name, path.read_text()) for path in folder.iterdir()] == [(name, "earlier\nonce\n")]


def test_a_process_of_the_host_is_told_where_they_are(
    host_runner: HostRunner, perform: Callable[..., dict[str, Result]], kept: Given, folder: Path
) -> None:
    perform(host_runner, "remembers", given=(kept,))
    assert [path.read_text() for path in folder.iterdir()] == ["once\n"]
