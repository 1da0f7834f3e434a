"""Weights take their bits, and the scales of a quantised one are on top."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.suite.fit.parameters import Parameters
from harness.suite.fit.storage import FORMATS, weights_bytes

counts = st.builds(
    lambda rows, columns, vectors: Parameters(
        rows * columns + vectors, 0, 0, False, rows * columns, rows, (), ()
    ),
    rows=st.integers(100, 10**6),
    columns=st.integers(1000, 10**5),
    vectors=st.integers(0, 10**7),
)
LLAMA_2_7B = Parameters(6_738_415_616, 131_072_000, 131_072_000, False, 6_476_005_376, 1_359_872, (), ())


def test_llama_2_7b_by_hand() -> None:
    found = {name: weights_bytes(LLAMA_2_7B, form) for name, form in FORMATS.items()}
    assert found["float32"] == 4 * 6_738_415_616
    assert found["bfloat16"] == found["float16"] == 2 * 6_738_415_616
    rest = 2 * (6_738_415_616 - 6_476_005_376)
    assert found["int8"] == 6_476_005_376 + 4 * 1_359_872 + rest
    # 20 bits beside every 128 weights of 4 bits: 4.15625 bits a weight
    assert found["int4"] == 6_476_005_376 * 4.15625 / 8 + rest


@given(counted=counts)
def test_narrower_formats_are_smaller_and_scales_are_never_free(counted: Parameters) -> None:
    found = {name: weights_bytes(counted, form) for name, form in FORMATS.items()}
    for eight in ("int8", "float8"):
        assert found["int4"] < found[eight] < found["bfloat16"] < found["float32"]
    for form in FORMATS.values():
        if form.scale_bits:
            assert weights_bytes(counted, form) > weights_bytes(counted, replace(form, scale_bits=0))


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_says_where_it_comes_from(name: str) -> None:
    assert FORMATS[name].source
