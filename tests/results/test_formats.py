"""Weights take their bits, and the scales of a quantised one are on top."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.results.formats import FORMATS
from harness.results.sheet import Counted

counts = st.builds(
    lambda rows, columns, vectors: Counted(
        rows * columns + vectors, 0, 0, False, rows * columns, rows, (), ()
    ),
    rows=st.integers(100, 10**6),
    columns=st.integers(1000, 10**5),
    vectors=st.integers(0, 10**7),
)
LLAMA_2_7B = Counted(6_738_415_616, 131_072_000, 131_072_000, False, 6_476_005_376, 1_359_872, (), ())


def test_llama_2_7b_by_hand() -> None:
    found = {name: LLAMA_2_7B.bytes(name) for name in FORMATS}
    assert found["float32"] == 4 * 6_738_415_616
    assert found["bfloat16"] == found["float16"] == 2 * 6_738_415_616
    rest = 2 * (6_738_415_616 - 6_476_005_376)
    assert found["int8"] == 6_476_005_376 + 4 * 1_359_872 + rest
    # 20 bits beside every 128 weights of 4 bits: 4.15625 bits a weight
    assert found["int4"] == 6_476_005_376 * 4.15625 / 8 + rest


@given(counted=counts)
def test_narrower_formats_are_smaller_and_scales_are_never_free(counted: Counted) -> None:
    found = {name: counted.bytes(name) for name in FORMATS}
    parts = counted.matrices, counted.rows, counted.total - counted.matrices
    for eight in ("int8", "float8"):
        assert found["int4"] < found[eight] < found["bfloat16"] < found["float32"]
    for form in FORMATS.values():
        if form.scale_bits:
            assert form.bytes(*parts) > replace(form, scale_bits=0).bytes(*parts)


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_says_where_it_comes_from(name: str) -> None:
    assert FORMATS[name].source
