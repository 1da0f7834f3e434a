"""The stack of layers: a few of its kinds instead of a whole period of a pattern."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.suite.models.build import tiny_config_for
from harness.suite.models.classes import find_config_class, find_model_class
from harness.suite.models.stack import Stack, kinds

KINDS = st.lists(st.sampled_from(["full_attention", "sliding_attention", "conv"]), min_size=5, max_size=40)


@given(KINDS, st.integers(3, 6))
def test_a_list_of_kinds_is_cut_to_the_depth_with_a_layer_of_each(whole: list[str], tiny: int) -> None:
    cut = Stack(len(whole), tiny).listed("layer_types", whole)
    assert cut is not None
    assert len(cut) == tiny
    assert set(cut) == set(whole)


@given(KINDS)
def test_the_kinds_come_in_the_order_in_which_they_first_came(whole: list[str]) -> None:
    cut = Stack(len(whole), 3).listed("layer_types", whole)
    assert cut is not None
    assert list(dict.fromkeys(cut)) == list(dict.fromkeys(whole))


@pytest.mark.parametrize(
    ("name", "derived"),
    [
        ("delay_pattern", [0, 8, 9, 10, 11, 12]),  # of codebooks, and by name like a pattern of layers
        ("hidden_sizes", [16, 16, 32, 32, 64, 64]),
        ("layer_types", None),
        ("layer_types", []),
    ],
)
def test_nothing_else_that_a_class_derives_is_given_to_it(name: str, derived: object) -> None:
    assert Stack(6, 2).listed(name, derived) is None


@pytest.mark.parametrize(
    ("model_type", "name", "layers"),
    [
        ("gemma3_text", "Gemma3ForCausalLM", 2),  # five sliding to one full
        ("bailing_hybrid", "BailingHybridForCausalLM", 2),  # of two lists of kinds
        ("lfm3", "Lfm3ForCausalLM", 3),  # three kinds
        ("nemo_speechlm", "Nemotron3_5TranscribeModel", 3),  # the depth is the length of the list
    ],
)
def test_a_period_of_layers_needs_no_whole_period_to_have_each_kind(
    model_type: str, name: str, layers: int
) -> None:
    kind = find_config_class(model_type)
    tiny = tiny_config_for(find_model_class(model_type, name), kind, {})
    assert tiny.get_text_config().num_hidden_layers == layers
    assert set(kinds(tiny)) >= set(kinds(kind()))
