"""--model, --arch, --category, --class and --all."""

import pytest

from harness.errors import SelectionError
from harness.matrix.records import Matrix, Priority
from harness.matrix.select import Selection, select


def test_nothing_named_is_the_critical_models_by_their_principal_class(matrix: Matrix) -> None:
    chosen = select(matrix, Selection())
    assert [row.id for row in chosen] == [
        row.id for row in matrix.models if row.priority is Priority.CRITICAL
    ]
    assert {len(row.classes) for row in chosen} == {1}
    assert {"bert": "BertForMaskedLM", "clip": "CLIPModel"}.items() <= {
        row.id: row.model_class for row in chosen
    }.items()


def test_everything_is_every_model_with_every_class(matrix: Matrix) -> None:
    found = select(matrix, Selection(everything=True))
    assert found == tuple(row for row in matrix.models if row.priority is not Priority.NAMED)
    assert len(found) >= 651
    assert select(matrix, Selection.of(["bert"], everything=True)) == found


def test_a_category_is_its_models_those_that_are_named_only_among_them(matrix: Matrix) -> None:
    (category,) = (row for row in matrix.registry.categories if row.id == "coding_specialists")
    found = select(matrix, Selection.of(categories=["Coding-Specialists"]))
    assert {row.id for row in found} == set(category.models)
    assert {row.priority for row in found} == {Priority.NAMED, Priority.CRITICAL}
    with_bert = select(matrix, Selection.of(["bert"], categories=["coding_specialists"]))
    assert [row.id for row in with_bert if row not in found] == ["bert"]
    for asked in (Selection(), Selection(everything=True), Selection.of(architectures=["decoder-only"])):
        assert not [row.id for row in select(matrix, asked) if row.priority is Priority.NAMED]
    assert [row.id for row in select(matrix, Selection(models=("qwen3_8b",)))] == ["qwen3_8b"]


def test_models_and_architectures_are_a_union_each_model_once(matrix: Matrix) -> None:
    chosen = select(matrix, Selection.of(models=["bert,vit", "t5"], architectures=["Time_Series"]))
    families = {row.id for row in matrix.models if row.architecture == "time-series"}
    assert {row.id for row in chosen} == {"bert", "t5", "vit"} | families
    assert [row.id for row in chosen] == sorted(row.id for row in chosen)


def test_what_is_named_has_all_its_classes(matrix: Matrix) -> None:
    (bert,) = select(matrix, Selection(models=("bert",)))
    assert bert.model_class == "BertForMaskedLM"
    assert {"BertModel", "BertLMHeadModel", "BertForQuestionAnswering"} <= set(bert.classes)


def test_classes_narrow_the_models_named_and_find_theirs_where_none_is(matrix: Matrix) -> None:
    (bert,) = select(matrix, Selection(models=("bert", "t5"), classes=("bertmodel",)))
    assert (bert.id, bert.classes) == ("bert", ("BertModel",))
    shared = select(matrix, Selection(classes=("GPT2LMHeadModel",)))
    assert {row.id: row.classes for row in shared} == {
        "gpt2": ("GPT2LMHeadModel",),
        "gpt_sw3": ("GPT2LMHeadModel",),
    }


def test_commas_spaces_and_repeated_options_are_one_list() -> None:
    assert Selection.of(models=["a, b", "c,", ""]).models == ("a", "b", "c")


@pytest.mark.parametrize(
    ("selection", "sentence"),
    [
        (Selection(models=("gpt",)), "there is no model 'gpt'; the nearest are"),
        (Selection(architectures=("decoder",)), "there is no architecture 'decoder'; the nearest"),
        (
            Selection(categories=("coding_specialist",)),
            "category 'coding_specialist'; the nearest are coding_",
        ),
        (Selection(categories=("coding",)), "there is no category 'coding'; `harness categories` shows"),
        (
            Selection(models=("t5",), classes=("BertModel",)),
            "there is no model class 'BertModel'; the nearest are? ",
        ),
    ],
)
def test_an_unknown_name_is_refused(matrix: Matrix, selection: Selection, sentence: str) -> None:
    with pytest.raises(SelectionError, match=sentence):
        select(matrix, selection)


def test_checkpoints_are_the_models_that_have_one(matrix: Matrix) -> None:
    found = select(matrix, Selection.of(checkpoints=True))
    assert found == tuple(
        row for row in matrix.models if row.checkpoint and row.priority is not Priority.NAMED
    )
    assert len(found) >= 3
    narrowed = select(matrix, Selection.of(architectures=["decoder-only"], checkpoints=True))
    assert {row.id for row in narrowed} < {row.id for row in found}


def test_naming_phases_chooses_no_models(matrix: Matrix) -> None:
    assert select(matrix, Selection(phases=("decode",))) == select(matrix, Selection())
