"""Decoding, where a model's own generate sets it apart."""

import pytest

from harness.suite.functional.checks import Facts, applicable
from harness.suite.functional.generation import GREEDY, generate, kv_cache_equivalence
from harness.suite.functional.subject import Subject
from harness.suite.models.build import tiny_pair
from harness.suite.models.inputs.make import Layouts
from harness.suite.outcomes import misses_library


def subject(model_type: str, class_name: str) -> Subject:
    model = tiny_pair(model_type, class_name, 0)
    return Subject(model, "cpu", 0, Layouts(model))


def test_a_generate_that_refuses_processors_of_logits_is_compared_on_its_own_choices() -> None:
    higgs = subject("higgs_audio_v2", "HiggsAudioV2ForConditionalGeneration")
    assert kv_cache_equivalence(higgs).deviation < 1e-4
    higgs.source.pins = {**higgs.pins, "forced": True}
    with pytest.raises(ValueError, match="Forced"):
        kv_cache_equivalence(higgs)


def test_a_row_takes_an_option_away_that_a_generate_refuses() -> None:
    higgs = subject("higgs_audio_v2", "HiggsAudioV2ForConditionalGeneration")
    assert higgs.pins["generate"]["min_new_tokens"] is None
    assert GREEDY["min_new_tokens"]
    assert generate(higgs).deviation == 0
    higgs.source.pins = {**higgs.pins, "generate": {}}
    with pytest.raises(ValueError, match="MinNewTokens"):
        generate(higgs)


def test_options_come_as_a_generation_configuration_where_a_generate_reads_its_own_there() -> None:
    assert generate(subject("pop2piano", "Pop2PianoForConditionalGeneration")).deviation == 0


def test_a_state_is_a_cache() -> None:
    model = tiny_pair("rwkv", "RwkvForCausalLM", 0)
    names = [check.name for check in applicable(Facts(type(model), model.config), ("kv_cache_equivalence",))]
    assert names == ["kv_cache_equivalence"]


def test_a_generate_that_needs_a_library_says_which() -> None:
    vibevoice = subject("vibevoice", "VibeVoiceForConditionalGeneration")
    with pytest.raises(ImportError, match="diffusers") as caught:
        generate(vibevoice)
    assert misses_library(caught.value)
