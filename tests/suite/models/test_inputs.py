"""Inputs: a row is a function of its number and seed, rows make a batch, the layout is found by trying."""

from functools import cache
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.matrix.load import find_root, load
from harness.matrix.select import Selection, select
from harness.suite.models.build import full_config, full_model, tiny_model, tiny_pair
from harness.suite.models.inputs.context import Shape, seed_of
from harness.suite.models.inputs.entry import accepted, call
from harness.suite.models.inputs.make import Layouts, NoInputs, Recipe, candidates, find_recipe, make_inputs
from harness.suite.models.inputs.modalities import modalities
from harness.suite.models.inputs.rows import collate
from harness.suite.models.inputs.text import placeholder_id
from harness.suite.models.tokens import special_tokens

MATRIX = load(find_root(Path(__file__)))
MODELS = {model.id: model for model in select(MATRIX, Selection())}
"""The principal class of each critical model."""

every_model = pytest.mark.parametrize("name", MODELS)
seeds = st.integers(0, 2**20)
WHISPER = full_config(MODELS["whisper"], 1)


@cache
def built(name: str) -> Any:
    return tiny_model(MODELS[name], seed=0)


@cache
def layouts(name: str) -> Layouts:
    return Layouts(built(name))


def same(one: Any, other: Any) -> bool:
    return torch.equal(one, other) if isinstance(one, torch.Tensor) else bool(one == other)


@every_model
@settings(max_examples=5, deadline=None)
@given(batch=st.integers(2, 4), seed=seeds)
def test_a_row_is_the_same_in_any_batch(name: str, batch: int, seed: int) -> None:
    alone, among = layouts(name).rows(1, 24, seed), layouts(name).rows(batch, 24, seed)
    assert len(among) == batch
    assert among[0].keys() == alone[0].keys()
    assert all(same(value, among[0][argument]) for argument, value in alone[0].items())


@every_model
@settings(max_examples=5, deadline=None)
@given(seed=seeds)
def test_the_seed_decides_every_value_that_is_drawn_and_rows_differ(name: str, seed: int) -> None:
    first, again, other = (layouts(name).rows(2, 24, s) for s in (seed, seed, seed + 1))
    assert all(same(first[0][argument], again[0][argument]) for argument in first[0])
    for drawn in first[0].keys() & {"input_ids", "pixel_values", "input_values", "input_features"}:
        assert not same(first[0][drawn], other[0][drawn]), drawn
        assert not same(first[0][drawn], first[1][drawn]), drawn


@every_model
@settings(max_examples=5, deadline=None)
@given(seed=seeds, tokens=st.integers(20, 40))
def test_tokens_are_in_the_vocabulary_and_values_in_range(name: str, seed: int, tokens: int) -> None:
    (row,) = layouts(name).rows(1, tokens, seed)
    for argument, value in row.items():
        if argument.endswith("input_ids"):
            assert 0 <= value.min() <= value.max() < built(name).config.get_text_config().vocab_size
        elif value.is_floating_point():
            assert value.abs().max() <= 1
            assert value.std() > 0.1
    if "input_ids" in row:
        assert row["input_ids"].shape == row["attention_mask"].shape


@every_model
def test_plain_text_holds_no_special_token(name: str) -> None:
    """But the placeholders, the end that pooling encoders look for, and what stands around an image."""
    config = built(name).config
    (row,) = layouts(name).rows(1, 24, 0)
    if "input_ids" in row and "pixel_values" not in row:
        assert not special_tokens(config) & set(row["input_ids"][0, :-1].tolist())


@every_model
def test_what_the_class_says_it_reads_is_given(name: str) -> None:
    given = layouts(name).rows(1, 24, 0)[0].keys()
    carriers = {
        "text": {"input_ids", "decoder_input_ids"},
        "image": {"pixel_values"},
        "audio": {"input_values", "input_features"},
    }
    for modality in modalities(built(name)):
        assert given & carriers[modality], modality


@settings(max_examples=10, deadline=None)
@given(batch=st.integers(1, 3), seed=seeds)
def test_each_row_has_as_many_placeholders_as_the_image_has_features(batch: int, seed: int) -> None:
    model = built("llava")
    inputs = make_inputs(model, Shape(batch=batch, seed=seed), find_recipe(model))
    ids = inputs["input_ids"]
    (counted,) = {int(n) for n in (ids == placeholder_id(model.config, "image")).sum(dim=1)}
    features = model.model.get_image_features(inputs["pixel_values"], return_dict=True).pooler_output
    assert counted * batch == sum(len(part) for part in features)
    model(**inputs)  # which raises where they do not match


def test_pooling_encoders_find_their_end_token_last() -> None:
    (row,) = layouts("clip").rows(1, 24, 0)
    assert row["input_ids"][0, -1] == built("clip").config.text_config.eos_token_id


def test_sizes_that_a_configuration_leaves_open_are_the_shape_s() -> None:
    seen = make_inputs(built("resnet"), Shape(image=96), Recipe({"image": "image"}))
    assert seen["pixel_values"].shape[-2:] == (96, 96)
    heard = make_inputs(built("wav2vec2"), Shape(audio=5000), Recipe({"audio": "samples"}))
    assert heard["input_values"].shape == heard["attention_mask"].shape == (1, 5000)


def test_a_size_that_the_configuration_names_is_the_configuration_s() -> None:
    model = built("vit")
    size = model.config.image_size
    seen = make_inputs(model, Shape(image=96), find_recipe(model))
    assert seen["pixel_values"].shape[-2:] == (size, size)


# The search for a layout.


class Deaf(torch.nn.Module):
    """Takes a sound and refuses every layout of it."""

    input_modalities = ("audio",)

    def __init__(self) -> None:
        super().__init__()
        self.config = built("wav2vec2").config
        self.weight = torch.nn.Parameter(torch.ones(1))
        self.heard = 0

    def can_generate(self) -> bool:
        return False

    def forward(self, input_values: torch.Tensor) -> torch.Tensor:
        self.heard += 1
        raise ValueError(f"not {input_values.dim()} dimensions")


def test_where_no_layout_is_taken_the_error_says_what_was_tried_and_no_one_tries_again() -> None:
    source = Layouts(deaf := Deaf())
    for _ in range(2):
        with pytest.raises(
            NoInputs, match=r"took none of 5 layouts; .*samples.*ValueError: not 2 dimensions"
        ):
            source.rows(1, 24, 0)
    assert deaf.heard == 5


def test_all_modalities_are_tried_together_before_each_alone_and_none_is_given_up() -> None:
    tried = [dict(recipe.styles) for recipe in candidates(built("llava"))]
    assert tried[0].keys() == {"image"}
    assert {} not in tried  # without its image it would be another model


def test_a_layout_that_a_row_pins_is_the_only_one() -> None:
    model = tiny_pair("vibevoice_acoustic_tokenizer_encoder", "VibeVoiceAcousticTokenizerEncoderModel", 0)
    assert "image" not in find_recipe(model).styles


# Rows make a batch; several methods make one forward.


@given(st.lists(st.tuples(st.just(torch.ones(1, 2)), st.integers()), min_size=1, max_size=4))
def test_a_batch_has_its_rows_along_the_first_dimension(rows: list[tuple[torch.Tensor, int]]) -> None:
    batch = collate(
        [{"x": x * i, "names": [str(n)], "n": n, "pair": (x, {"y": x * i})} for i, (x, n) in enumerate(rows)]
    )
    assert batch["x"].shape == (len(rows), 2)
    assert batch["x"][:, 0].tolist() == list(range(len(rows)))
    assert batch["names"] == [str(n) for _, n in rows]
    assert batch["n"] == rows[0][1]
    assert batch["pair"][1]["y"].shape == (len(rows), 2)


def test_an_argument_is_joined_along_the_dimension_that_a_row_names() -> None:
    rows = [{"x": torch.zeros(2, 1, 3)}, {"x": torch.ones(2, 1, 3)}]
    assert collate(rows, {"x": 1})["x"].shape == (2, 2, 3)
    assert collate(rows)["x"].shape == (4, 1, 3)


class Parts(torch.nn.Module):
    """Two methods and no forward."""

    def __init__(self) -> None:
        super().__init__()
        self.codec = torch.nn.Linear(2, 2)

    def encode(self, x: torch.Tensor) -> dict[str, torch.Tensor]:
        return {"codes": 2 * x}

    def decode(self, codes: torch.Tensor, scale: float = 1.0) -> torch.Tensor:
        return codes * scale


def test_methods_run_in_place_of_forward_each_with_its_own_arguments() -> None:
    parts, x = Parts(), torch.ones(1, 2)
    assert accepted(parts, ("encode",)).keys() == {"x"}
    assert call(parts, ("decode",), {"codes": x})["output"] is not None
    both = ("encode", "decode", "codec")
    wanted = {"encode.x", "decode.codes", "decode.scale", "codec.input"}
    assert accepted(parts, both).keys() == wanted
    seen = call(parts, both, {"encode.x": x, "decode.codes": x, "decode.scale": 3.0, "codec.input": x})
    assert torch.equal(seen["encode"]["codes"], 2 * x)
    assert torch.equal(seen["decode"], 3 * x)
    assert torch.equal(seen["codec"], parts.codec(x))


@given(st.sampled_from(("input_ids", "pixel_values")), st.integers(0, 9), st.integers(0, 9))
def test_each_argument_row_and_seed_has_values_of_its_own(name: str, row: int, seed: int) -> None:
    others = (("labels", row, seed), (name, row + 1, seed), (name, row, seed + 1))
    assert all(seed_of(name, row, seed) != seed_of(*other) for other in others)


def test_a_recording_for_a_model_at_full_width_is_as_long_as_it_takes() -> None:
    """Whisper takes thirty seconds and nothing else."""
    recipe, model = find_recipe(built("whisper")), full_model(MODELS["whisper"], WHISPER, torch.bfloat16, 0)
    made = make_inputs(model, Shape(full=True), recipe)
    assert made["input_features"].shape == (1, WHISPER.num_mel_bins, 2 * WHISPER.max_source_positions)
