"""What each layer of a model is, and the depth that is loaded in the whole's place."""

from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.matrix.cells import Parameters
from harness.matrix.records import Model
from harness.suite.models.build import full_config, meta_model
from harness.suite.outcomes import Unsupported
from harness.suite.throughput.depth import (
    ENOUGH,
    LEAST,
    USABLE,
    Depths,
    Size,
    decide,
    depth_to_load,
    expected,
    measure_size,
    spread,
)
from harness.suite.throughput.design import Layer, Layers

KINDS = {
    "gpt2": {"full_attention dense": 12},
    "gemma3_text": {"sliding_attention dense": 22, "full_attention dense": 4},
    "mixtral": {"full_attention moe": 32},
    "deepseek_v3": {"full_attention dense": 3, "full_attention moe": 58},
    "jamba": {"linear_attention dense": 12, "linear_attention moe": 16, "full_attention dense": 4},
    "olmo_hybrid": {"linear_attention dense": 24, "full_attention dense": 8},
    "qwen3_next": {"linear_attention moe": 36, "full_attention moe": 12},
    "zamba2": {"linear_attention dense": 45, "hybrid dense": 9},
    "bart": {"encoder BartEncoderLayer dense": 12, "decoder full_attention dense": 12},
    "t5gemma": {
        "encoder sliding_attention dense": 13,
        "encoder full_attention dense": 13,
        "decoder sliding_attention dense": 13,
        "decoder full_attention dense": 13,
    },
    "vit": {"full_attention dense": 12},
}
"""As the configurations' defaults, and the papers of these models, have them."""


def principal(rows: dict[str, Model], name: str) -> Model:
    return replace(rows[name], classes=rows[name].classes[:1])


@pytest.mark.parametrize("name", KINDS)
def test_layers_are_of_the_kinds_that_the_model_has(name: str, rows: dict[str, Model]) -> None:
    size = measure_size(principal(rows, name))
    assert Counter(layer.kind for layer in size.stack.each) == KINDS[name]
    assert size.layers == sum(KINDS[name].values())


def test_layers_of_one_name_are_told_apart_by_their_shapes(rows: dict[str, Model]) -> None:
    """T5's first have the table of relative positions."""
    each = measure_size(principal(rows, "t5")).stack.each
    assert [layer.kind for layer in each[:4]] == [
        "encoder T5Block dense",
        "decoder full_attention dense",
        "encoder T5Block dense 2",
        "decoder full_attention dense 2",
    ]


@pytest.mark.parametrize("name", [*KINDS, "t5", "nemotron_h", "clip", "whisper", "blenderbot"])
def test_parameters_at_a_depth_are_those_of_the_model_of_that_depth(
    name: str, rows: dict[str, Model]
) -> None:
    row = principal(rows, name)
    size = measure_size(row)
    assert size.layers is not None
    for layers in (2, 3, size.layers // 2, size.layers):
        built = meta_model(row, full_config(row, layers))
        assert size.at(layers) == sum(parameter.numel() for parameter in built.parameters())


def test_a_token_passes_the_head_and_not_the_table(rows: dict[str, Model]) -> None:
    """Of gpt2 the one is the other: 50257 tokens of 768, and the last norm; its positions are a table."""
    assert measure_size(principal(rows, "gpt2")).stack.beside == 50257 * 768 + 2 * 768


def test_of_routed_experts_a_token_passes_those_that_are_chosen(rows: dict[str, Model]) -> None:
    layer = measure_size(principal(rows, "mixtral")).stack.each[0]
    expert = 3 * 4096 * 14336
    assert layer.parameters - layer.passed == 6 * expert


# What is loaded.

ASKED = Parameters()
alike = st.builds(
    lambda rest, layer, layers: Size(
        rest + layer * layers, Layers((Layer("full dense", "full dense", layer, layer),) * layers, rest)
    ),
    rest=st.integers(0, 10**10),
    layer=st.integers(1, 10**9),
    layers=st.integers(3, 40),
)


def dense(layers: int, layer: int = 10**8, rest: int = 10**8) -> Size:
    return Size(
        rest + layer * layers, Layers((Layer("full dense", "full dense", layer, layer),) * layers, rest)
    )


@given(size=alike, bytes_each=st.sampled_from([2, 4]), limit=st.integers(1, 10**13))
def test_what_is_loaded_fits_and_one_more_layer_would_not_or_is_not_needed(
    size: Size, bytes_each: int, limit: int
) -> None:
    try:
        loaded = depth_to_load(size, bytes_each, limit)
    except Unsupported:
        assert size.at(1) * bytes_each > USABLE * limit
        return
    assert size.layers is not None
    assert 1 <= loaded < size.layers
    assert size.at(loaded) * bytes_each <= USABLE * limit
    found = expected(size, loaded)
    assert found is not None
    if (spread(size, found) > ENOUGH or loaded < LEAST) and loaded + 1 < size.layers:
        assert size.at(loaded + 1) * bytes_each > USABLE * limit


def test_no_more_is_loaded_than_says_enough() -> None:
    """Rounds are then short: a machine that could hold 60 layers does not time 60."""
    assert depth_to_load(dense(80), 2, None) < 10


@given(size=alike)
def test_without_a_limit_the_whole_is_loaded_and_nothing_is_estimated(size: Size) -> None:
    assert decide(size, 4, None, ASKED) == Depths(None, None)


def test_a_depth_that_is_asked_for_is_loaded_where_the_whole_would_fit() -> None:
    assert decide(dense(40), 4, None, replace(ASKED, layers=6)) == Depths(6, 6)
    assert decide(dense(40), 4, None, replace(ASKED, layers=40)) == Depths(None, None)


def test_to_verify_the_whole_is_loaded_and_estimated_as_if_it_were_not() -> None:
    found = decide(dense(40), 4, None, replace(ASKED, verify=True))
    assert found.loaded is None
    assert found.estimated_from == depth_to_load(dense(40), 4, None)
    assert decide(dense(40), 4, None, replace(ASKED, verify=True, layers=6)) == Depths(None, 6)


def test_what_does_not_fit_cannot_be_verified_and_is_estimated() -> None:
    limit = int(dense(40).at(5) * 4 / USABLE) + 1
    found = decide(dense(40), 4, limit, replace(ASKED, verify=True))
    assert found == decide(dense(40), 4, limit, ASKED)
    assert found.loaded == found.estimated_from == 5 or (found.loaded or 9) < 5


NO_STACK = Size(10**9, Layers((), 10**9))
MIXED = Size(
    10**9 + 20 * 10**8,
    Layers(
        (
            *(Layer("linear_attention dense", "linear_attention dense", 10**8, 10**8),) * 10,
            *(Layer("full_attention dense", "full_attention dense", 10**8, 10**8),) * 10,
        ),
        10**9,
    ),
)


@pytest.mark.parametrize(
    ("size", "limit", "layers", "message"),
    [
        (NO_STACK, 10**9, None, r"4\.0 GB do not fit, and there is no stack"),
        (dense(40), 10**9, None, r"a depth of 1 .* needs 1\.3 GB; the limit is 1\.0 GB"),
        (MIXED, 8 * 10**9, None, r"a depth of 12 .* needs 14\.7 GB; the limit is 8\.0 GB"),
        (dense(40), None, 41, "41 layers are asked for, and the model has 40"),
        (NO_STACK, None, 2, "2 layers are asked for, and the model has no stack"),
        (dense(40), 10**9, 3, r"a depth of 3 at full width needs 2\.7 GB; the limit is 1\.0 GB"),
    ],
)
def test_what_cannot_be_is_unsupported_and_says_why(
    size: Size, limit: int | None, layers: int | None, message: str
) -> None:
    with pytest.raises(Unsupported, match=message):
        decide(size, 4, limit, replace(ASKED, layers=layers))


def test_a_need_that_is_named_would_do() -> None:
    assert decide(dense(40), 4, int(1.34 * 10**9), ASKED).loaded == 1
