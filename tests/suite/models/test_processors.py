"""Processors built on the spot: that they say what the tiny model's configuration says."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
import transformers
from hypothesis import given
from hypothesis import strategies as st

from harness.suite.models.build import tiny_pair
from harness.suite.models.processors.audio import RATE, tiny_feature_extractor
from harness.suite.models.processors.configs import field, mapped, sub_config, tree
from harness.suite.models.processors.images import (
    IMAGE_SIZE,
    blank,
    has_image_processor,
    image_processor_class,
    image_side,
    tiny_image_processor,
)
from harness.suite.models.processors.multimodal import image_rows, tiny_processor
from harness.suite.models.processors.tokenizers import tiny_tokenizer
from harness.suite.models.processors.vocabulary import STANDARD, make_vocabulary, special_ids
from harness.suite.outcomes import Unsupported

TEXT = "a tiny cat"
PAIRS = {
    "bert": "BertModel",
    "roberta": "RobertaModel",
    "llama": "LlamaForCausalLM",
    "t5": "T5ForConditionalGeneration",
    "clip": "CLIPModel",
    "whisper": "WhisperForConditionalGeneration",
}


def config_of(size: int, roles: dict[str, int]) -> Any:
    """A configuration that names these special tokens."""
    config = transformers.PretrainedConfig()
    config.vocab_size = size
    for role, token in roles.items():
        setattr(config, f"{role}_token_id", token)
    return config


@given(
    st.integers(min_value=48, max_value=400),
    st.dictionaries(st.sampled_from([*STANDARD, "image", "audio"]), st.integers(-1, 500), max_size=6),
)
def test_a_vocabulary_has_each_token_once_and_the_ids_it_was_told(size: int, roles: dict[str, int]) -> None:
    vocabulary = make_vocabulary(config_of(size, roles))
    assert sorted(vocabulary.ids.values()) == list(range(size))
    for role, token in roles.items():
        if 0 <= token < size:
            assert vocabulary.ids[vocabulary.roles[f"{role}_token"]] == token


@given(st.dictionaries(st.sampled_from(STANDARD), st.integers(0, 47), max_size=6))
def test_roles_share_a_token_where_they_share_an_id_and_nowhere_else(roles: dict[str, int]) -> None:
    vocabulary = make_vocabulary(config_of(200, roles))
    for role, token in roles.items():
        for other, its in roles.items():
            same = vocabulary.roles[f"{role}_token"] == vocabulary.roles[f"{other}_token"]
            assert same == (token == its)


def test_special_ids_outside_the_vocabulary_are_left_out() -> None:
    assert special_ids(config_of(100, {"pad": 100, "eos": 99, "bos": -1}), 100) == {"eos_token": 99}


@pytest.mark.parametrize(("model_type", "name"), PAIRS.items())
def test_a_tokenizer_speaks_the_models_ids(model_type: str, name: str) -> None:
    model = tiny_pair(model_type, name, 0)
    tokenizer = tiny_tokenizer(model)
    text = model.config.get_text_config()
    encoded = tokenizer(TEXT, return_tensors="pt")
    assert int(encoded["input_ids"].max()) < text.vocab_size
    assert tokenizer.decode(encoded["input_ids"][0], skip_special_tokens=True).strip() == TEXT
    for role in ("pad", "eos", "bos"):
        told = getattr(text, f"{role}_token_id", None)
        if isinstance(told, int) and 0 <= told < text.vocab_size:
            assert getattr(tokenizer, f"{role}_token_id") == told


def test_a_tokenizer_returns_what_forward_takes_and_no_more() -> None:
    assert tiny_tokenizer(tiny_pair("bert", "BertModel", 0)).model_input_names == [
        "input_ids",
        "token_type_ids",
        "attention_mask",
    ]
    assert tiny_tokenizer(tiny_pair("fnet", "FNetModel", 0)).model_input_names == [
        "input_ids",
        "token_type_ids",
    ]


def test_prompts_of_decoders_are_left_open_and_other_texts_are_ended() -> None:
    decoder, encoder = tiny_pair("llama", "LlamaForCausalLM", 0), tiny_pair("bert", "BertModel", 0)
    for model, ended in ((decoder, False), (encoder, True)):
        tokenizer = tiny_tokenizer(model)
        assert (tokenizer(TEXT)["input_ids"][-1] == tokenizer.eos_token_id) == ended


def test_a_pair_of_texts_is_told_apart() -> None:
    types = tiny_tokenizer(tiny_pair("bert", "BertModel", 0))("a", "b")["token_type_ids"]
    assert types == sorted(types)
    assert set(types) == {0, 1}


@pytest.mark.parametrize(
    ("model_type", "name"),
    [("vit", "ViTModel"), ("clip", "CLIPModel"), ("resnet", "ResNetModel"), ("swin", "SwinModel")],
)
def test_an_image_gets_the_size_that_the_model_takes(model_type: str, name: str) -> None:
    model = tiny_pair(model_type, name, 0)
    pixels = tiny_image_processor(model)(blank(), return_tensors="pt")["pixel_values"]
    assert tuple(pixels.shape[-2:]) == image_side(model.config)


def test_a_detectors_image_keeps_its_shape() -> None:
    model = tiny_pair("detr", "DetrForObjectDetection", 0)
    made = tiny_image_processor(model)(blank(), return_tensors="pt")["pixel_values"]
    height, width = made.shape[-2:]
    assert width / height == pytest.approx(IMAGE_SIZE[0] / IMAGE_SIZE[1], rel=0.1)


def test_a_backbone_is_told_from_what_stands_on_it() -> None:
    """DAB-DETR's own type has no image processor in the mapping, and its ResNet's would find no boxes."""
    found = image_processor_class(transformers.DabDetrConfig())
    assert hasattr(found, "post_process_object_detection")


def test_an_image_processor_that_needs_torchvision_is_refused_with_that_reason() -> None:
    with pytest.raises(Unsupported, match=r"sam2 has no PIL backend.*torchvision"):
        image_processor_class(transformers.Sam2Config())


def test_a_type_without_an_image_processor_is_refused_by_name() -> None:
    assert not has_image_processor(transformers.BertConfig())
    with pytest.raises(Unsupported, match="no image processor for bert"):
        image_processor_class(transformers.BertConfig())


def test_whispers_sound_fills_the_encoders_positions() -> None:
    model = tiny_pair("whisper", "WhisperForConditionalGeneration", 0)
    made = tiny_feature_extractor(model)(np.zeros(RATE, dtype=np.float32), sampling_rate=RATE)
    bins, frames = np.asarray(made["input_features"]).shape[1:]
    assert (bins, frames) == (model.config.num_mel_bins, 2 * model.config.max_source_positions)


def test_mel_frames_are_stacked_to_the_projections_width() -> None:
    model = tiny_pair("wav2vec2-bert", "Wav2Vec2BertModel", 0)
    made = tiny_feature_extractor(model)(np.zeros(RATE, dtype=np.float32), sampling_rate=RATE)
    assert np.asarray(made["input_features"]).shape[-1] == model.config.feature_projection_input_dim


@pytest.mark.parametrize(
    ("model_type", "name"),
    [
        ("llava", "LlavaForConditionalGeneration"),
        ("idefics3", "Idefics3ForConditionalGeneration"),
        ("internvl", "InternVLForConditionalGeneration"),
    ],
)
def test_an_image_takes_as_many_placeholders_as_it_has_features(model_type: str, name: str) -> None:
    model = tiny_pair(model_type, name, 0)
    processor = tiny_processor(model)
    made = processor(images=blank(), text=f"{processor.image_token} {TEXT}", return_tensors="pt")
    placeholders = int((made["input_ids"] == processor.image_token_id).sum())
    tiles = made["pixel_values"].shape[:-3].numel()
    assert placeholders == tiles * image_rows(model, processor.image_processor) > 0
    assert processor.image_token_id in (
        getattr(model.config, "image_token_id", None),
        getattr(model.config, "image_token_index", None),
    )


def test_a_processor_that_lives_on_its_video_processor_is_refused() -> None:
    model = SimpleNamespace(config=SimpleNamespace(model_type="minicpmv4_6"))
    with pytest.raises(Unsupported, match="torchvision"):
        tiny_processor(model)


def test_fields_are_sought_at_the_top_first_and_then_in_the_towers() -> None:
    config = transformers.LlavaConfig()
    assert [part.model_type for part in tree(config)] == ["llava", "clip_vision_model", "llama"]
    assert sub_config(config, ("vision_config",)).model_type == "clip_vision_model"
    assert field(config, "patch_size") == config.vision_config.patch_size
    assert field(config, "no_such_field") is None


def test_a_type_comes_before_its_towers_in_a_mapping() -> None:
    config = transformers.LlavaConfig()
    assert mapped(config, {"llava": 1, "clip_vision_model": 2}, "x") == 1
    assert mapped(config, {"clip_vision_model": 2}, "x") == 2
    with pytest.raises(Unsupported, match="no x for llava"):
        mapped(config, {}, "x")


def test_the_same_processor_gives_the_same_bits() -> None:
    model = tiny_pair("vit", "ViTModel", 0)
    first, second = (tiny_image_processor(model)(blank(), return_tensors="pt") for _ in range(2))
    assert torch.equal(first["pixel_values"], second["pixel_values"])
