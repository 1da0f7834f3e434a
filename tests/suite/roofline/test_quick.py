"""A roof in seconds: past the caches, in the dtype, with what reached it and its samples."""

import json

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from harness.suite.outcomes import Unsupported
from harness.suite.roofline import last_cache
from harness.suite.roofline.quick import QuickRoof, memory_loads, product_loads, quick_roof
from harness.suite.roofline.utilisation import Roof

DTYPES = [torch.float32, torch.bfloat16, torch.float16]


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine with next to no cache or memory, so that a test takes no 128 MiB."""
    monkeypatch.setattr(last_cache, "last_cache", lambda _: 1 << 20)
    monkeypatch.setitem(last_cache.LEAST, "cpu", 1 << 22)


@pytest.mark.usefixtures("small")
def test_the_roof_is_the_best_sample_of_what_it_names() -> None:
    found = quick_roof("cpu", torch.float32)
    assert found.roof.bytes_per_s == max(found.bandwidth)
    assert found.roof.flops_per_s == max(found.rate)
    assert min(len(found.bandwidth), len(found.rate)) > 1
    labels = {load.label for load in memory_loads(1 << 22, torch.float32)}
    assert found.roof.memory in labels
    products = [load.label for kind in product_loads("cpu", torch.float32) for load in kind]
    assert found.roof.arithmetic in {*labels, *products}


@given(st.integers(1, 1 << 40), st.sampled_from(DTYPES))
def test_every_load_of_memory_moves_what_was_asked_and_little_more(size: int, dtype: torch.dtype) -> None:
    for load in memory_loads(size, dtype):
        assert size <= load.moved <= size * 1.001 + (1 << 16), load.label


@pytest.mark.usefixtures("small")
def test_a_dtype_that_nothing_multiplies_has_no_roof() -> None:
    with pytest.raises(Unsupported, match=r"cpu has no roof in torch.int16: "):
        quick_roof("cpu", torch.int16)


def test_of_two_roofs_each_ceiling_is_the_higher() -> None:
    one = QuickRoof(roof=Roof(1.0, 20.0, "a", "b"), bandwidth=(19.0, 20.0), rate=(1.0,))
    other = QuickRoof(roof=Roof(2.0, 10.0, "c", "d"), bandwidth=(10.0,), rate=(2.0, 1.5))
    higher = QuickRoof(roof=Roof(2.0, 20.0, "c", "b"), bandwidth=(19.0, 20.0), rate=(2.0, 1.5))
    assert one.better(other) == other.better(one) == higher


def test_a_roof_goes_through_json_unchanged() -> None:
    one = QuickRoof(roof=Roof(1.0, 20.0, "a", "b"), bandwidth=(19.0, 20.0), rate=(1.0,))
    assert QuickRoof.from_json(json.loads(json.dumps(one.to_json()))) == one
