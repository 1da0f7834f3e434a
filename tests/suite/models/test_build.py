"""Models from rows: tiny ones from a seed, whole ones with weights that are worth timing."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from harness.matrix.load import find_root, load
from harness.matrix.records import Model
from harness.matrix.select import Selection, select
from harness.results.record import Outcome
from harness.suite.functional.subject import tensors
from harness.suite.models.build import (
    full_config,
    full_model,
    model_class,
    perturb,
    tiny_config_for,
    tiny_config_of,
    tiny_model,
)
from harness.suite.models.classes import find_config_class, find_model_class
from harness.suite.models.depths import depth, set_depth
from harness.suite.models.inputs.context import Shape
from harness.suite.models.inputs.make import find_recipe, make_inputs
from harness.suite.models.peculiar import ROWS
from harness.suite.models.values import FILL_BLOCK
from harness.suite.outcomes import Unsupported, message_of, of_exception
from harness.suite.throughput.depth import measure_size

MATRIX = load(find_root(Path(__file__)))
MODELS = {model.id: model for model in select(MATRIX, Selection())}
"""The principal class of each critical model."""
MODEST = ("bert", "gpt2", "mamba", "qwen25_0_5b", "resnet", "t5", "vit", "wav2vec2", "whisper")
"""Models that at full width and two layers build in well under a second."""
FULL_SIZE = {"qwen25_0_5b": 494_032_768, "starcoder2_15b": 15_957_889_024}
"""Parameters of the published checkpoints."""


def on_meta(model: Model, config: Any) -> Any:
    """The model without memory."""
    with torch.device("meta"):
        return model_class(model)._from_config(config)  # type: ignore[attr-defined]


def shapes(model: Any) -> dict[str, torch.Size]:
    return {name: parameter.shape for name, parameter in model.named_parameters()}


@pytest.fixture(scope="module", params=MODEST)
def full(request: pytest.FixtureRequest) -> tuple[Model, Any]:
    """A row, and its model at full width: two layers, or as many as it has where it has no stack."""
    model = MODELS[request.param]
    config = full_config(model, 2 if depth(full_config(model)) else None)
    return model, full_model(model, config, torch.bfloat16, seed=0)


@pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)
def test_the_same_seed_gives_the_same_bits_and_another_seed_others(model: Model) -> None:
    first, again, other = (dict(tiny_model(model, seed).named_parameters()) for seed in (3, 3, 4))
    for name, parameter in first.items():
        assert torch.equal(parameter, again[name]), name
        assert torch.equal(parameter, other[name]) != parameter.requires_grad, name


@pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)
def test_perturbing_leaves_no_trained_value_as_it_was_and_no_table_changed(model: Model) -> None:
    built = model_class(model)._from_config(tiny_config_of(model))  # type: ignore[attr-defined]
    before = {name: parameter.detach().clone() for name, parameter in built.named_parameters()}
    perturb(built, seed=0)
    for name, parameter in built.named_parameters():
        same = (parameter == before[name]).double().mean().item()
        # A draw may be too small to change a large value: one in a million is, all of a bias never.
        assert same < 0.001 if parameter.requires_grad else same == 1, name


def test_there_are_tables_that_are_not_trained() -> None:
    """Else the test above says nothing of them."""
    assert any(not parameter.requires_grad for parameter in tiny_model(MODELS["whisper"], 0).parameters())


def test_a_tiny_model_is_float32_and_in_eval_mode() -> None:
    built = tiny_model(MODELS["bert"], 0)
    assert {parameter.dtype for parameter in built.parameters()} == {torch.float32}
    assert not any(module.training for module in built.modules())


def test_a_full_model_has_the_whole_width_and_ties_what_the_library_ties(full: tuple[Model, Any]) -> None:
    model, built = full
    assert shapes(built) == shapes(on_meta(model, built.config))


def test_a_full_model_s_values_are_finite_and_neither_zeros_nor_constants(full: tuple[Model, Any]) -> None:
    _, built = full
    for name, tensor in [*built.named_parameters(), *built.named_buffers()]:
        assert tensor.isfinite().all(), name
    for name, parameter in built.named_parameters():
        if parameter.dim() == 1 and name.endswith("weight") and (parameter == 1).all():  # a norm's
            continue
        assert parameter.count_nonzero() > 0.999 * parameter.numel(), name
        assert parameter.numel() == 1 or parameter.min() < parameter.max(), name


def test_a_full_model_s_forward_is_finite_and_varies(full: tuple[Model, Any]) -> None:
    model, built = full
    recipe = find_recipe(tiny_model(model, 0))  # the layout is the class's, whatever its size
    made = make_inputs(built, Shape(tokens=8, full=True), recipe)
    inputs = {n: value.bfloat16() if value.is_floating_point() else value for n, value in made.items()}
    with torch.inference_mode():
        outputs = tensors(built(**inputs))
    for name, output in outputs.items():
        assert output.isfinite().all(), name
        assert output.float().std() > 0, name


def test_a_full_model_s_weights_come_from_the_seed() -> None:
    model = MODELS["vit"]
    one, same, other = (full_model(model, full_config(model, 1), torch.float32, s) for s in (0, 0, 1))
    name = max(shapes(one), key=lambda largest: shapes(one)[largest].numel())
    values = [dict(built.named_parameters())[name] for built in (one, same, other)]
    assert torch.equal(values[0], values[1])
    assert not torch.equal(values[0], values[2])


def test_a_table_larger_than_the_random_block_is_filled_to_its_end() -> None:
    model = MODELS["gpt2"]
    table = full_model(model, full_config(model, 1), torch.float32, 0).transformer.wte.weight.flatten()
    assert table.numel() > 2 * FILL_BLOCK
    assert (table[-1000:] != 0).all()
    assert torch.equal(table[:1000], table[FILL_BLOCK : FILL_BLOCK + 1000])


@pytest.mark.parametrize("name", ["gpt2", "llama", "llava", "mamba", "mixtral", "qwen25_0_5b", "t5"])
def test_a_reduced_depth_is_the_model_s_depth(name: str) -> None:
    config = full_config(MODELS[name], 3)
    assert depth(config) == 3
    tiny = tiny_config_of(MODELS[name])
    set_depth(tiny, 1)
    fewer = len(shapes(on_meta(MODELS[name], tiny)))
    assert fewer < len(shapes(on_meta(MODELS[name], tiny_config_of(MODELS[name]))))


def test_a_list_with_an_entry_a_layer_is_cut_with_the_layers() -> None:
    config = full_config(MODELS["qwen25_0_5b"], 5)
    assert len(config.layer_types) == 5
    assert config.eos_token_id == full_config(MODELS["qwen25_0_5b"]).eos_token_id


def test_a_model_of_stages_has_no_depth() -> None:
    assert depth(full_config(MODELS["resnet"])) is None


@pytest.mark.parametrize(("name", "parameters"), FULL_SIZE.items())
def test_a_checkpoint_has_the_parameters_that_were_published(name: str, parameters: int) -> None:
    assert measure_size(MODELS[name]).whole == parameters


def test_an_unknown_model_type_is_unsupported_and_named() -> None:
    unknown = replace(MODELS["bert"], model_type="no_such_type")
    with pytest.raises(Unsupported, match="no_such_type"):
        model_class(unknown)


def test_a_class_that_the_type_does_not_have_is_unsupported_and_named() -> None:
    with pytest.raises(Unsupported, match="has no class ResNetForCausalLM of resnet"):
        model_class(replace(MODELS["resnet"], classes=("ResNetForCausalLM",)))


def test_a_library_that_is_missing_is_unsupported_and_what_else_cannot_be_imported_is_not() -> None:
    said = ImportError(
        "DinatModel requires the natten library but it was not found in your environment. Install it"
    )
    assert of_exception(said) is Outcome.UNSUPPORTED
    assert (
        message_of(said) == "DinatModel requires the natten library but it was not found in your environment"
    )
    assert of_exception(ImportError("cannot import name 'x' from 'y'")) is not Outcome.UNSUPPORTED


def test_a_class_of_a_part_is_given_what_its_own_configuration_has_and_no_more() -> None:
    """Emu3's row names words of its vocabulary and the encoder of images, none of them the text's."""
    text = tiny_config_for(find_model_class("emu3", "Emu3ForCausalLM"), find_config_class("emu3"), {})
    whole = tiny_config_for(
        find_model_class("emu3", "Emu3ForConditionalGeneration"), find_config_class("emu3"), {}
    )
    assert not {"vocabulary_map", "vq_config"} & vars(text).keys()
    assert len(whole.vocabulary_map) == len(ROWS["emu3"].fields["vocabulary_map"])
