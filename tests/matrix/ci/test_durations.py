"""What is expected of a model that was timed, and of one that was not."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import SelectionError
from harness.matrix.ci.durations import ASSUMED_S, Basis, Duration, Durations, known, read, text
from harness.matrix.devices import Device
from harness.matrix.records import Matrix, Model, Suite
from harness.matrix.select import Selection, select

FUNCTIONAL = Suite.FUNCTIONAL


def timed(model: str, seconds: float, suite: Suite = FUNCTIONAL) -> Duration:
    return Duration(model=model, device="cpu", suite=suite.value, seconds=seconds, cells=3)


def one(matrix: Matrix, name: str) -> Model:
    (model,) = select(matrix, Selection(models=(name,)))
    return model


def test_a_model_that_was_timed_takes_its_cells_times_as_long(matrix: Matrix, cpu: Device) -> None:
    bert = one(matrix, "bert")
    found = Durations([timed("bert", 1.5), timed("bert", 90.0, Suite.THROUGHPUT)], matrix)
    assert found.expected(bert, cpu, FUNCTIONAL) == (1.5 * len(bert.classes), Basis.TIMED)
    assert found.expected(replace(bert, classes=bert.classes[:1]), cpu, FUNCTIONAL).seconds == 1.5
    assert found.expected(bert, cpu, Suite.THROUGHPUT) == (90.0, Basis.TIMED)


def test_one_that_was_not_has_the_median_of_the_nearest_that_were(matrix: Matrix, cpu: Device) -> None:
    decoders = [timed(name, seconds) for name, seconds in (("llama", 2.0), ("gpt2", 3.0), ("mpt", 7.0))]
    rows = [*decoders, timed("bert", 9.0)]
    mamba, vit = (replace(one(matrix, name), classes=("One",)) for name in ("mamba", "vit"))
    assert Durations(rows, matrix).expected(mamba, cpu, FUNCTIONAL) == (3.0, Basis.ARCHITECTURE)
    assert Durations(rows, matrix).expected(vit, cpu, FUNCTIONAL) == (5.0, Basis.SUITE)


@pytest.mark.parametrize("device", ["cpu", "cuda"])
def test_of_few_or_of_another_device_nothing_is_concluded(matrix: Matrix, device: str) -> None:
    rows = [timed("llama", 50.0), timed("gpt2", 50.0)]
    rows += [timed(name, 50.0, Suite.THROUGHPUT) for name in ("llama", "gpt2", "mamba", "bert")]
    mpt = replace(one(matrix, "mpt"), classes=("One",))
    expected = Durations(rows, matrix).expected(mpt, matrix.device(device), FUNCTIONAL)
    assert expected == (ASSUMED_S[FUNCTIONAL], Basis.ASSUMED)


rows = st.lists(
    st.builds(
        Duration,
        model=st.sampled_from(["bert", "t5"]),
        device=st.sampled_from(["cpu", "cuda"]),
        suite=st.sampled_from(["functional", "throughput"]),
        seconds=st.floats(0, 1e6),
        cells=st.integers(1, 99),
    )
)


@given(rows)
def test_what_is_written_is_read(tmp_path_factory: pytest.TempPathFactory, found: list[Duration]) -> None:
    path = tmp_path_factory.mktemp("durations") / "durations.json"
    path.write_text(text(found))
    assert read(path) == tuple(found)


def test_the_checkouts_own_is_read_where_none_is_named(root: Path, tmp_path: Path) -> None:
    assert known(None, tmp_path) == ()
    (tmp_path / "durations.json").write_text(text([timed("bert", 1.0)]))
    assert known(None, tmp_path) == (timed("bert", 1.0),)
    assert "cpu" in {row.device for row in known(None, root)}


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("", "holds no durations"),
        ("[" * 100_000, "holds no durations"),
        (json.dumps({"version": 1, "durations": [{}]}), "'model' is missing"),
        (text([timed("bert", -1.0)]), "-1.0 is less than 0"),
    ],
)
def test_a_file_of_another_kind_is_refused(tmp_path: Path, content: str, expected: str) -> None:
    path = tmp_path / "durations.json"
    path.write_text(content)
    with pytest.raises(SelectionError, match=expected):
        read(path)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(SelectionError, match=r"the durations .*none\.json cannot be read"):
        read(tmp_path / "none.json")
