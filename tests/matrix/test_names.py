"""What people type, resolved."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import SelectionError
from harness.matrix.names import find_model, normalise, resolve, varied
from harness.matrix.records import Matrix

TRACKED: dict[str, list[str] | None] = json.loads(Path(__file__).with_name("names.json").read_text())
"""Names that reports on models counted → id and architecture; null where no model has the name any more."""
SPELLINGS: tuple[Callable[[str], str], ...] = (
    str,
    str.upper,
    str.title,
    lambda name: name.replace("-", "_"),
    lambda name: name.replace("_", "-"),
    lambda name: name.replace("_", "").replace("-", ""),
)


IMAGE_FIELDS = (
    "image",
    "base",
    "python",
    "glibc",
    "packages",
    "torch_index",
    "torch_build",
    "size_gb",
    "unverified",
)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("bert", "bert"),
        ("BERT", "bert"),
        ("starcoder2-15b", "starcoder2_15b"),
        ("StarCoder2.15B", "starcoder2_15b"),
        ("bigcode/starcoder2-15b", "starcoder2_15b"),
        ("starcoder2", "starcoder2"),
        ("qwen2.5-0.5b", "qwen25_0_5b"),
        ("Qwen/Qwen2.5-0.5B-Instruct", "qwen25_0_5b"),
        ("AST", "audio_spectrogram_transformer"),
        ("openai", "openai_gpt"),
        ("kosmos2", "kosmos_2"),
        ("x_clip", "xclip"),
    ],
)
def test_spelling_makes_no_difference(matrix: Matrix, typed: str, meant: str) -> None:
    assert find_model(matrix, typed).id == meant


@pytest.mark.parametrize("name", TRACKED)
def test_every_tracked_name_is_a_model_or_says_what_it_became(matrix: Matrix, name: str) -> None:
    meant = TRACKED[name]
    for typed in {spell(name) for spell in SPELLINGS}:
        if meant is None:
            with pytest.raises(SelectionError, match=f"^there is no model '{typed}': .{{20,}}"):
                find_model(matrix, typed)
        else:
            model = find_model(matrix, typed)
            assert [model.id, model.architecture] == meant


def test_every_row_of_the_matrix_answers_to_its_id_and_its_type(matrix: Matrix) -> None:
    for model in matrix.models:
        assert find_model(matrix, model.id) is model
        if model.checkpoint is None:
            assert find_model(matrix, model.model_type) is model


def test_a_name_that_could_be_several_models_names_them(matrix: Matrix) -> None:
    with pytest.raises(SelectionError) as caught:
        find_model(matrix, "Data2Vec")
    assert str(caught.value) == (
        "'Data2Vec' could be data2vec_audio, data2vec_text or data2vec_vision: name one of them"
    )


def test_a_model_of_a_name_comes_before_a_family_or_an_alias_of_it(matrix: Matrix) -> None:
    (t5,) = (model for model in matrix.models if model.id == "t5")
    own = replace(t5, id="flan_t5", model_type="flan_t5")
    assert find_model(replace(matrix, models=(own, t5)), "flan-t5") is own
    assert find_model(replace(matrix, models=(t5,)), "flan-t5") is t5


def test_an_unknown_name_offers_the_nearest(matrix: Matrix) -> None:
    with pytest.raises(SelectionError, match=r"^there is no model 'brt'; the nearest are bert, "):
        find_model(matrix, "brt")


def test_an_unknown_name_like_nothing_lists_a_short_list_and_points_to_a_long_one() -> None:
    with pytest.raises(SelectionError, match="there are cpu, cuda"):
        resolve("device", "toaster", {"cpu": 1, "cuda": 2})
    with pytest.raises(SelectionError, match="`harness matrix list`"):
        resolve("model", "toaster", {f"m{number}": number for number in range(50)})


@given(st.text("abcXYZ019-_. ", min_size=1))
def test_normalising_twice_is_normalising_once(name: str) -> None:
    assert normalise(normalise(name)) == normalise(name)
    assert normalise(name.upper()) == normalise(name.replace("-", "_"))


def test_a_device_taken_with_a_variant_has_its_image_and_nothing_else_of_it(matrix: Matrix) -> None:
    for device in matrix.devices:
        assert varied(device, None) is device
        for row in device.variants:
            taken = varied(device, row.id.upper())
            assert (taken.variant, taken.image, taken.base) == (row.id, row.image, row.base)
            assert (taken.python, taken.packages, taken.torch_build) == (
                row.python,
                row.packages,
                row.torch_build,
            )
            same = replace(
                taken,
                **{name: getattr(device, name) for name in IMAGE_FIELDS},
                variant=None,
            )
            assert same == device
