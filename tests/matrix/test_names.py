"""What people type, resolved."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import SelectionError
from harness.matrix.names import model_names, normalise, resolve
from harness.matrix.records import Matrix


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("bert", "bert"),
        ("BERT", "bert"),
        ("starcoder2-15b", "starcoder2_15b"),
        ("StarCoder2.15B", "starcoder2_15b"),
        ("bigcode/starcoder2-15b", "starcoder2_15b"),
        ("qwen2.5-0.5b", "qwen25_0_5b"),
        ("Qwen/Qwen2.5-0.5B-Instruct", "qwen25_0_5b"),
    ],
)
def test_spelling_makes_no_difference(matrix: Matrix, typed: str, meant: str) -> None:
    assert resolve("model", typed, model_names(matrix.models)).id == meant


def test_an_unknown_name_offers_the_nearest(matrix: Matrix) -> None:
    with pytest.raises(SelectionError, match=r"^there is no model 'brt'; the nearest is bert$"):
        resolve("model", "brt", model_names(matrix.models))


def test_an_unknown_name_like_nothing_lists_a_short_list_and_points_to_a_long_one() -> None:
    with pytest.raises(SelectionError, match="there are cpu, cuda"):
        resolve("device", "toaster", {"cpu": 1, "cuda": 2})
    with pytest.raises(SelectionError, match="`harness matrix list`"):
        resolve("model", "toaster", {f"m{number}": number for number in range(50)})


@given(st.text("abcXYZ019-_. ", min_size=1))
def test_normalising_twice_is_normalising_once(name: str) -> None:
    assert normalise(normalise(name)) == normalise(name)
    assert normalise(name.upper()) == normalise(name.replace("-", "_"))
