"""What code would be that nobody has run: told by config.json and the names in auto_map."""

from typing import Any

import pytest

from harness.suite.library.detect import detect
from harness.suite.library.remote import entry_of

CLASSES: dict[str, tuple[dict[str, str], dict[str, Any]]] = {
    "decoder-only": ({"AutoModelForCausalLM": "m.X"}, {"vocab_size": 9}),
    "encoder-decoder": ({"AutoModelForSeq2SeqLM": "m.X"}, {}),
    "encoder-only": ({"AutoModelForMaskedLM": "m.X"}, {}),
    "vision": ({"AutoModelForImageClassification": "m.X"}, {"image_size": 9}),
    "speech": ({"AutoModelForSpeechSeq2Seq": "m.X"}, {"is_encoder_decoder": True}),
    "video": ({"AutoModelForVideoClassification": "m.X"}, {}),
    "multimodal": ({"AutoModelForImageTextToText": "m.X"}, {}),
    "time-series": ({"AutoModelForTimeSeriesPrediction": "m.X"}, {}),
    "vision-text": ({"AutoModel": "m.X"}, {"text_config": {}, "vision_config": {}}),
}


@pytest.mark.parametrize("architecture", CLASSES)
def test_the_auto_class_tells_the_architecture(architecture: str) -> None:
    auto_map, fields = CLASSES[architecture]
    found = entry_of({"model_type": "x", "auto_map": auto_map, **fields})
    assert found["architecture"] == architecture
    assert list(found["classes"]) == ["X"]


@pytest.mark.parametrize(
    ("fields", "architecture"),
    [
        ({"vocab_size": 9}, "encoder-only"),
        ({"vocab_size": 9, "use_cache": True}, "decoder-only"),
        ({"vocab_size": 9, "is_encoder_decoder": True}, "encoder-decoder"),
        ({"image_size": 9}, "vision"),
        ({"num_mel_bins": 9}, "speech"),
        ({}, "encoder-only"),
    ],
)
def test_a_base_model_is_told_by_its_fields(fields: dict[str, Any], architecture: str) -> None:
    found = entry_of({"model_type": "x", "auto_map": {"AutoModel": "m.X"}, **fields})
    assert found["architecture"] == architecture


def test_one_that_answers_about_images_is_told_by_its_towers() -> None:
    config = {"model_type": "x", "auto_map": {"AutoModelForCausalLM": "m.X"}, "vision_config": {}}
    assert entry_of({**config, "llm_config": {}})["architecture"] == "multimodal"


def test_the_class_it_was_saved_from_comes_first_and_tasks_follow_the_auto_classes() -> None:
    auto_map = {
        "AutoConfig": "c.XConfig",
        "AutoModel": "m.XModel",
        "AutoModelForCausalLM": "m.XForCausalLM",
        "AutoModelForSequenceClassification": "m.XForSequenceClassification",
        "AutoModelForWhatNobodyKnows": "m.XForWhat",
        "AutoTokenizer": ["t.X", None],
    }
    config = {"model_type": "x", "auto_map": auto_map, "vocab_size": 9}
    assert next(iter(entry_of(config)["classes"])) == "XForCausalLM"
    found = entry_of(config | {"architectures": ["XForSequenceClassification"]})
    assert list(found["classes"]) == ["XForSequenceClassification", "XForCausalLM", "XModel"]
    assert found["architecture"] == "decoder-only"
    assert found["config"] == "XConfig"
    assert "text-classification" in found["classes"]["XForSequenceClassification"]["tasks"]
    assert "text-generation" in found["classes"]["XForCausalLM"]["tasks"]
    assert "feature-extraction" in found["classes"]["XModel"]["tasks"]


def test_a_type_of_ones_own_is_unknown_and_told_with_its_fields() -> None:
    config = {"model_type": "x_y", "auto_map": {"AutoModel": "m.X"}, "hidden_size": 9, "return_dict": True}
    found = detect(config)
    assert not found["known"]
    assert found["brought"]["problem"] is None
    assert found["brought"]["model_type"] == "x_y"
    assert found["brought"]["fields"] == {"hidden_size": 9}
    assert detect({"model_type": "x_y"})["brought"] is None


@pytest.mark.parametrize("auto_map", [{"AutoConfig": "c.X"}, {"AutoModelForNobody": "m.X"}, {"AutoModel": 3}])
def test_no_model_is_a_problem(auto_map: dict[str, Any]) -> None:
    assert (
        "names no model for an Auto class" in entry_of({"model_type": "x", "auto_map": auto_map})["problem"]
    )
