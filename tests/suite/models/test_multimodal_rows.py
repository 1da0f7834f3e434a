"""What rows of multimodal model types rest on: nested bases, places of patches, masked scores, cut pads."""

import pytest
import torch
from transformers import CONFIG_MAPPING

from harness.suite.functional.padding import PADS, _without_pads
from harness.suite.functional.subject import unmasked
from harness.suite.models.build import tiny_pair
from harness.suite.models.inputs.context import Shape
from harness.suite.models.inputs.make import find_recipe, make_inputs
from harness.suite.models.tiny import merged, tiny_config


def test_a_dotted_name_reaches_into_a_part_from_below_as_from_above() -> None:
    assert merged({"a.b": 1}, {"a.c": 2}) == {"a": {"b": 1, "c": 2}}


def test_the_base_of_a_part_holds_inside_the_whole() -> None:
    if "diffusion_gemma" not in CONFIG_MAPPING:
        pytest.skip("this transformers has no diffusion_gemma")
    text = tiny_config(CONFIG_MAPPING["diffusion_gemma"]).text_config
    assert (text.num_experts, text.top_k_experts) == (4, 2)


def test_a_model_of_four_modalities_is_given_them_all() -> None:
    if "gemma4" not in CONFIG_MAPPING:
        pytest.skip("this transformers has no gemma4")
    model = tiny_pair("gemma4", "Gemma4Model", 0)
    inputs = make_inputs(model, Shape(batch=2), find_recipe(model))
    assert {"input_ids", "pixel_values", "pixel_values_videos", "input_features"} <= inputs.keys()
    places = inputs["image_position_ids"]
    assert places.shape == (2, 36, 2)
    assert len({tuple(place) for place in places[0].tolist()}) == 36


def test_a_placeholder_in_a_nested_configuration_is_found() -> None:
    model = tiny_pair("colpali", "ColPaliForRetrieval", 0)
    inputs = make_inputs(model, Shape(batch=1), find_recipe(model))
    token = model.config.vlm_config.image_token_id
    assert int((inputs["input_ids"] == token).sum()) == 16


def test_masked_scores_do_not_hide_the_others() -> None:
    lowest = torch.finfo(torch.float32).min
    assert unmasked(torch.tensor([1.0, lowest, -torch.inf])).tolist() == [1.0, 0.0, 0.0]
    assert unmasked(torch.tensor([torch.inf]))[0].isinf()
    assert unmasked(torch.tensor([torch.nan]))[0].isnan()


@pytest.mark.parametrize("left", [True, False])
def test_pads_are_cut_where_they_are(left: bool) -> None:
    image, text = torch.arange(3.0), torch.arange(10.0, 14.0)
    pads = torch.full((PADS,), -1.0)
    padded = torch.cat([image, pads, text] if left else [image, text, pads])[None]
    real = torch.cat([image, text])[None]
    assert _without_pads(padded, real, PADS + len(text), left=left).equal(real)
