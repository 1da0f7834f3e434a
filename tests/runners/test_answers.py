"""Answers that come out of an attempt: added to the run's, and nothing that is no file of the cell's."""

from collections.abc import Callable
from pathlib import Path

import pytest

from harness.runners.answers import CELL_BYTES, SAMPLES, allowance, folder_of, keep
from harness.runners.given import ANSWERS
from harness.runners.protocol import Order

CELL = "mixtral-cpu-evaluation-float32-gsm8k"


@pytest.fixture
def order(make_order: Callable[..., Order]) -> Order:
    """An attempt that has answered."""
    order = make_order()
    for kind in (ANSWERS, SAMPLES):
        (order.out / kind).mkdir(parents=True)
        (order.out / kind / f"{CELL}.jsonl").write_text('{"n": 1}\n')
    return order


def kept(order: Order, kind: str) -> str:
    return (order.folder / kind / f"{CELL}.jsonl").read_text()


def test_answers_are_added_and_samples_replaced(order: Order) -> None:
    for _ in range(2):
        assert keep(order, [CELL]) == ()
    assert kept(order, ANSWERS) == '{"n": 1}\n' * 2
    assert kept(order, SAMPLES) == '{"n": 1}\n'


def test_a_line_that_a_kill_has_torn_is_left_out(order: Order) -> None:
    (order.out / ANSWERS / f"{CELL}.jsonl").write_text('{"n": 1}\n{"n": 2')
    keep(order, [CELL])
    assert kept(order, ANSWERS) == '{"n": 1}\n'


def test_a_file_of_no_cell_of_the_attempt_is_left(order: Order) -> None:
    assert keep(order, ["another"]) == ()
    assert not (order.folder / ANSWERS).exists()


def test_a_link_or_too_much_is_refused(order: Order, tmp_path: Path) -> None:
    (order.out / ANSWERS / f"{CELL}.jsonl").unlink()
    (order.out / ANSWERS / f"{CELL}.jsonl").symlink_to("/etc/hostname")
    with (order.out / SAMPLES / f"{CELL}.jsonl").open("wb") as file:
        file.truncate(CELL_BYTES + 1)
    one, other = keep(order, [CELL])
    assert one.endswith("is a symbolic link")
    assert "more than the" in other
    assert not (order.folder / ANSWERS).exists()


def test_a_folder_that_is_a_link_is_not_read(order: Order, tmp_path: Path) -> None:
    (order.out / ANSWERS / f"{CELL}.jsonl").unlink()
    (order.out / ANSWERS).rmdir()
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / f"{CELL}.jsonl").write_text("{}\n")
    (order.out / ANSWERS).symlink_to(tmp_path / "elsewhere")
    keep(order, [CELL])
    assert not (order.folder / ANSWERS).exists()


def test_only_an_evaluation_may_leave_so_much(make_order: Callable[..., Order], tmp_path: Path) -> None:
    given = folder_of(tmp_path)
    assert allowance(make_order(given=(given,)), 3) == 6 * CELL_BYTES
    assert allowance(make_order(), 3) == 0
    assert (given.variable, given.inside) == ("HARNESS_ANSWERS", "/door/answers")
