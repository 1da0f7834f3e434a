"""A shortened model is the model of that depth, and the whole is as it was afterwards."""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from typing import Any

import pytest
import torch

from harness.matrix.cells import Parameters
from harness.suite.functional.subject import tensors
from harness.suite.models.build import full_config, full_model
from harness.suite.models.depths import depth
from harness.suite.models.inputs.text import placeholder_id
from harness.suite.outcomes import Unsupported
from harness.suite.throughput.workload import Workload, caption_tokens

MakeWorkload = Callable[..., Workload]
STACKS = ("bert", "gpt2", "llama", "llava", "mamba", "mixtral", "qwen25_0_5b", "starcoder2_15b", "t5")
LOADED = 3
"""Layers loaded of the four there are: a stack is only ever shortened where the whole did not fit."""


def outputs(work: Workload, model: Any = None) -> dict[str, torch.Tensor]:
    with torch.inference_mode():
        return tensors((model or work.model)(**work.inputs()))


def same(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> bool:
    assert one.keys() == other.keys()
    return all(torch.allclose(value, other[name], rtol=1e-4, atol=1e-6) for name, value in one.items())


@pytest.mark.parametrize("name", STACKS)
def test_a_shortened_model_is_the_model_of_that_depth(name: str, make_workload: MakeWorkload) -> None:
    work = make_workload(name, LOADED)
    shorter = full_model(work.cell.model, full_config(work.cell.model, 1), work.dtype, seed=1)
    shorter.load_state_dict({key: work.model.state_dict()[key] for key in shorter.state_dict()})
    with work.at_depth(1):
        assert same(outputs(work), outputs(work, shorter))
    assert not same(outputs(work), outputs(work, shorter))


@pytest.mark.parametrize("name", STACKS)
def test_the_whole_is_as_it_was_when_the_block_ends(name: str, make_workload: MakeWorkload) -> None:
    work = make_workload(name, LOADED)
    before, config, modules = outputs(work), deepcopy(work.model.config.to_dict()), list(work.model.modules())
    with pytest.raises(KeyError), work.at_depth(1):
        outputs(work)["no such output"]
    after = outputs(work)
    assert work.model.config.to_dict() == config
    assert len(list(work.model.modules())) == len(modules)
    assert all(torch.equal(before[key], after[key]) for key in before)


def test_depths_can_be_visited_again_and_again(make_workload: MakeWorkload) -> None:
    work = make_workload("gpt2", LOADED)
    seen = []
    for layers in (1, 2, 1, 2):
        with work.at_depth(layers):
            seen.append(outputs(work)["logits"])
    assert torch.equal(seen[0], seen[2])
    assert torch.equal(seen[1], seen[3])
    assert not torch.equal(seen[0], seen[1])


def test_a_list_with_an_entry_a_layer_is_as_long_as_the_stack(make_workload: MakeWorkload) -> None:
    work = make_workload("qwen25_0_5b", LOADED)
    with work.at_depth(2):
        assert len(work.model.config.layer_types) == depth(work.model.config) == 2
    assert len(work.model.config.layer_types) == LOADED


def test_a_model_of_stages_is_not_shortened(make_workload: MakeWorkload) -> None:
    work = make_workload("resnet")
    with pytest.raises(RuntimeError, match="without a stack"), work.at_depth(1):
        pass


def test_inputs_are_as_long_as_they_are_said_to_be(make_workload: MakeWorkload) -> None:
    work = make_workload("llama", parameters=Parameters(batch=3, input_tokens=37, output_tokens=2))
    assert work.inputs()["input_ids"].shape == (3, 37)
    assert work.shapes()["input_ids"] == [3, 37]


def test_an_image_s_placeholders_are_on_top_of_the_tokens_asked_for(make_workload: MakeWorkload) -> None:
    work = make_workload("llava")
    ids = work.inputs()["input_ids"]
    placeholders = (ids == placeholder_id(work.model.config, "image")).sum(dim=1)
    side = work.model.config.vision_config.image_size // work.model.config.vision_config.patch_size
    assert placeholders.tolist() == [side**2] * 2
    assert ids.shape[1] == work.cell.parameters.input_tokens + side**2


def test_a_caption_is_as_long_as_its_tower_takes(make_workload: MakeWorkload) -> None:
    """It is not asked for: a text longer than that is refused by the model."""
    work = make_workload("clip", parameters=Parameters(input_tokens=4096))
    assert work.inputs()["input_ids"].shape[1] == work.model.config.text_config.max_position_embeddings
    assert outputs(work)


def test_pictures_and_sound_of_no_fixed_size_have_the_size_of_real_ones(make_workload: MakeWorkload) -> None:
    assert make_workload("resnet").inputs()["pixel_values"].shape == (2, 3, 224, 224)
    assert make_workload("wav2vec2").inputs()["input_values"].shape == (2, 160_000)


def test_floating_point_inputs_and_weights_have_the_cell_s_dtype(make_workload: MakeWorkload) -> None:
    work = make_workload("vit", parameters=Parameters(dtype="bfloat16"))
    assert work.inputs()["pixel_values"].dtype is torch.bfloat16
    assert {parameter.dtype for parameter in work.model.parameters()} == {torch.bfloat16}


@pytest.mark.parametrize("name", ["t5", "whisper"])
def test_a_separate_decoder_starts_from_its_start_token(name: str, make_workload: MakeWorkload) -> None:
    step = make_workload(name).first_step()
    assert step["decoder_input_ids"].shape == (2, 1)
    assert "decoder_input_ids" not in make_workload(name).prompt()


def test_what_is_remembered_is_remembered_for_its_depth_until_forgotten(make_workload: MakeWorkload) -> None:
    work, made = make_workload("gpt2", LOADED), []
    work.model  # noqa: B018 — loading forgets as well

    def make() -> int:
        made.append(depth(work.model.config))
        return len(made)

    assert [work.remembered("state", make) for _ in range(2)] == [1, 1]
    with work.at_depth(1):
        assert work.remembered("state", make) == 2
    assert work.remembered("state", make) == 1
    work.forget()
    assert work.remembered("state", make) == 3
    assert made == [LOADED, 1, LOADED]


def test_the_whole_is_loaded_where_it_fits_and_what_fits_where_it_does_not(
    make_workload: MakeWorkload,
) -> None:
    cell = make_workload("gpt2").cell
    size = make_workload("gpt2").size
    whole = Workload.of(cell, 10**9)
    assert (whole.layers, whole.estimated_from) == (None, None)
    work = Workload.of(cell, int(size.at(2) * 4 / 0.6) + 1000)
    assert work.layers == work.estimated_from == depth(work.model.config) == 2
    assert (work.facts()["layers"], work.facts()["layers_loaded"]) == (4, 2)
    assert sum(parameter.numel() for parameter in work.model.parameters()) == size.at(2)
    with pytest.raises(Unsupported, match="a depth of 1 "):
        Workload.of(cell, 1000)


def test_half_the_bytes_fit_a_deeper_stack(make_workload: MakeWorkload) -> None:
    work = make_workload("gpt2")
    half = replace(work.cell, parameters=replace(work.cell.parameters, dtype="bfloat16"))
    limit = int(work.size.at(2) * 4 / 0.6) + 1000
    assert Workload.of(work.cell, limit).layers == 2
    assert (Workload.of(half, limit).layers or 4) > 2
    assert Workload.of(half, limit).weights_bytes == work.weights_bytes / 2


def test_a_depth_that_is_asked_for_is_loaded_and_the_whole_too_where_it_is_to_be_verified(
    make_workload: MakeWorkload,
) -> None:
    cell = make_workload("gpt2").cell
    asked = replace(cell, parameters=replace(cell.parameters, layers=3))
    assert depth(Workload.of(asked, 10**9).model.config) == 3
    verified = Workload.of(replace(asked, parameters=replace(asked.parameters, verify=True)), 10**9)
    assert (depth(verified.model.config), verified.estimated_from) == (4, 3)


def test_text_beside_an_image_has_the_length_asked_for_where_its_tower_sets_none(
    make_workload: MakeWorkload,
) -> None:
    """UDOP's positions are relative: there is no number of them."""
    work = make_workload("udop")
    assert caption_tokens(work.model) is None
    assert work.inputs()["input_ids"].shape == (2, 10)


def test_codes_at_one_position_are_one_token_of_the_prompt(make_workload: MakeWorkload) -> None:
    """Kyutai reads 32 codes and a token of text at each."""
    work = make_workload("kyutai_speech_to_text")
    ids = work.prompt()["input_ids"]
    assert ids.dim() == 3
    assert work.prompt_tokens() == ids.shape[0] * ids.shape[1]


def test_a_prompt_of_sound_has_no_tokens(make_workload: MakeWorkload) -> None:
    assert make_workload("whisper").prompt_tokens() is None
    assert make_workload("llama").prompt_tokens() == 2 * 10
