"""What the installed transformers has, asked as the command asks it; and what a config is."""

import json
from typing import Any

import pytest
import transformers
from transformers.models.auto import modeling_auto

from harness.suite.library.architecture import EXCEPTIONS, RULES, Subject, architecture_of, principal_first
from harness.suite.library.catalogue import catalogue
from harness.suite.library.detect import detect
from harness.suite.library.facts import ClassFacts, TypeFacts, facts_of, model_types

SAMPLE = (
    "bert",
    "gpt2",
    "t5",
    "vit",
    "clip",
    "llava",
    "whisper",
    "wav2vec2",
    "encodec",
    "layoutlmv3",
    "videomae",
    "patchtst",
)


@pytest.fixture(scope="module")
def sample() -> dict[str, Any]:
    return catalogue(SAMPLE)


def test_every_pair_of_the_auto_mappings_is_there() -> None:
    listed = model_types()
    for name, mapping in vars(modeling_auto).items():
        if name.endswith("MAPPING_NAMES") and name.startswith("MODEL_"):
            for model_type, entry in mapping.items():
                for kind in (entry,) if isinstance(entry, str) else entry:
                    assert listed[model_type][kind]


@pytest.mark.parametrize(
    ("model_type", "architecture", "principal", "task"),
    [
        ("bert", "encoder-only", "BertForMaskedLM", "fill-mask"),
        ("gpt2", "decoder-only", "GPT2LMHeadModel", "text-generation"),
        ("t5", "encoder-decoder", "T5ForConditionalGeneration", "text-classification"),
        ("vit", "vision", "ViTForImageClassification", "image-classification"),
        ("clip", "vision-text", "CLIPModel", "zero-shot-image-classification"),
        ("llava", "multimodal", "LlavaForConditionalGeneration", "image-text-to-text"),
        ("whisper", "speech", "WhisperForConditionalGeneration", "automatic-speech-recognition"),
        ("wav2vec2", "speech", "Wav2Vec2ForCTC", "audio-classification"),
        ("encodec", "audio", "EncodecModel", None),
        ("layoutlmv3", "document", "LayoutLMv3ForQuestionAnswering", "document-question-answering"),
        ("videomae", "video", "VideoMAEForVideoClassification", "video-classification"),
        ("patchtst", "time-series", None, None),
    ],
)
def test_a_type_is_what_people_use_it_for(
    sample: dict[str, Any], model_type: str, architecture: str, principal: str | None, task: str | None
) -> None:
    entry = sample["types"][model_type]
    assert entry["architecture"] == architecture
    assert principal in {None, next(iter(entry["classes"]))}
    assert task is None or task in entry["tasks"]


def test_tasks_are_those_of_the_library_s_pipelines(sample: dict[str, Any]) -> None:
    known = set(transformers.pipelines.SUPPORTED_TASKS)
    for entry in sample["types"].values():
        assert set(entry["tasks"]) <= known
        assert set(entry["tasks"]) == {task for kind in entry["classes"].values() for task in kind["tasks"]}
    bert = sample["types"]["bert"]["classes"]
    assert bert["BertModel"]["tasks"] == [
        "feature-extraction"
    ]  # and not that of images, for which AutoModel is too
    assert bert["BertForMaskedLM"]["tasks"] == ["fill-mask"]


def test_types_are_found_however_they_are_spelt() -> None:
    assert list(catalogue(["DeBERTa_V2"])["types"]) == ["deberta-v2"]
    assert catalogue(["no-such-type"])["types"] == {}


def test_a_class_that_cannot_be_imported_is_described_by_its_mappings() -> None:
    found = facts_of("bert", {"BertForNothing": {"MASKED_LM"}})
    assert found.classes == (ClassFacts(name="BertForNothing", heads=frozenset({"MASKED_LM"})),)
    assert principal_first(found.classes)[0].name == "BertForNothing"


def _type(name: str, **facts: Any) -> TypeFacts:
    row = ClassFacts(name="X", **{"heads": frozenset({"BASE"}), **facts})
    return TypeFacts(
        model_type=name, module=name, config_class="XConfig", towers=frozenset(), part=None, classes=(row,)
    )


@pytest.mark.parametrize(
    ("facts", "architecture"),
    [
        ({"takes": frozenset({"text"}), "caches": True}, "decoder-only"),
        ({"takes": frozenset({"text"})}, "encoder-only"),
        ({"takes": frozenset({"text"}), "decodes": True, "generates": True}, "encoder-decoder"),
        ({"takes": frozenset({"text", "image"})}, "vision-text"),
        ({"takes": frozenset({"text", "image"}), "generates": True}, "multimodal"),
        ({"takes": frozenset({"text", "audio"})}, "audio"),
        ({"takes": frozenset({"audio"}), "codes": True}, "audio"),
        ({"takes": frozenset({"audio"})}, "speech"),
        (
            {"takes": frozenset({"text"}), "heads": frozenset({"MASKED_LM"}), "generates": True},
            "encoder-only",
        ),
        ({"heads": frozenset({"BACKBONE"})}, "vision"),
        ({}, None),
    ],
)
def test_a_name_never_decides(facts: dict[str, Any], architecture: str | None) -> None:
    for name in ("bert", "whisper", "anything"):
        assert architecture_of(_type(name, **facts)) == architecture


def test_every_rule_is_needed_and_every_exception_is_one() -> None:
    listed = model_types()
    rows = [facts_of(name, listed[name]) for name in (*SAMPLE, *EXCEPTIONS) if name in listed]
    fired = set()
    for row in rows:
        principal = principal_first(row.classes)[0]
        subject = Subject(principal.takes | row.towers, row.heads, principal)
        found = next((rule.architecture for rule in RULES if rule.holds(subject)), None)
        if row.model_type in EXCEPTIONS:
            assert found != EXCEPTIONS[row.model_type][0]
        fired.add(found)
    assert {rule.architecture for rule in RULES} <= fired


def test_a_config_is_what_it_says() -> None:
    made = transformers.LlamaConfig(
        hidden_size=64, intermediate_size=96, num_attention_heads=4, vocab_size=50
    )
    config = json.loads(made.to_json_string()) | {"architectures": ["LlamaForSequenceClassification"]}
    found = detect(config)
    assert found["problem"] is None
    assert (found["model_type"], found["architecture"]) == ("llama", "decoder-only")
    assert next(iter(found["classes"])) == "LlamaForSequenceClassification"
    assert {"hidden_size": 64, "vocab_size": 50}.items() <= found["fields"].items()
    assert "architectures" not in found["fields"]


def test_a_field_stays_whose_default_would_follow_from_another() -> None:
    """Mistral Nemo's: 128 is the default, but of a width of 4096."""
    config = transformers.MistralConfig(hidden_size=5120, num_attention_heads=32, head_dim=128).to_dict()
    fields = detect(config | {"architectures": ["MistralForCausalLM"]})["fields"]
    assert {"hidden_size", "head_dim"} <= fields.keys()
    assert transformers.MistralConfig(**fields).head_dim == 128


@pytest.mark.parametrize(
    ("config", "known", "sentence"),
    [
        ({}, False, "it has no model_type"),
        ({"model_type": "qwen9"}, False, "has no model type 'qwen9'"),
        ({"model_type": "llama", "hidden_size": "wide"}, True, "Error"),
        ({"model_type": "llama", "hidden_size": -4, "num_attention_heads": 2}, True, "Error"),
        ({"model_type": "llama", "hidden_act": "no_such_function"}, True, "no_such_function"),
    ],
)
def test_a_config_that_cannot_be_built_says_why_in_one_sentence(
    config: dict[str, Any], known: bool, sentence: str
) -> None:
    found = detect(config)
    assert found["known"] is known
    assert sentence in found["problem"]
    assert "\n" not in found["problem"]
