"""--model and --arch."""

import pytest

from harness.errors import SelectionError
from harness.matrix.records import Matrix
from harness.matrix.select import Selection, select


def test_nothing_named_is_every_model(matrix: Matrix) -> None:
    assert select(matrix, Selection()) == matrix.models


def test_models_and_architectures_are_a_union_each_model_once(matrix: Matrix) -> None:
    chosen = select(matrix, Selection.of(models=["bert,vit", "t5"], architectures=["Vision"]))
    assert [model.id for model in chosen] == ["bert", "resnet", "t5", "vit"]


def test_commas_spaces_and_repeated_options_are_one_list() -> None:
    assert Selection.of(models=["a, b", "c,", ""]).models == ("a", "b", "c")


@pytest.mark.parametrize(
    ("selection", "sentence"),
    [
        (Selection(models=("gpt",)), "there is no model 'gpt'; the nearest is gpt2"),
        (Selection(architectures=("decoder",)), "there is no architecture 'decoder'; the nearest"),
    ],
)
def test_an_unknown_name_is_refused(matrix: Matrix, selection: Selection, sentence: str) -> None:
    with pytest.raises(SelectionError, match=sentence):
        select(matrix, selection)
