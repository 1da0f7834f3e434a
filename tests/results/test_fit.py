"""A model on an accelerator, by hand for Llama 2 7B and 3.1 70B, and by what must hold for any."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.results.accelerators import ACCELERATORS
from harness.results.fit import USABLE, Needs, Roof, decode_rate, fit, tensor_parallel, used

BY_NAME = {row.name: row for row in ACCELERATORS}
LLAMA_2_7B = 6_738_415_616
LLAMA_31_70B = 70_553_706_496
SHARED = 131_072


def sheet(total: int, *, layers: int, heads: int, kv_heads: int, table: int) -> dict[str, Any]:
    layer = {
        "kind": "full_attention",
        "per_token": 2 * kv_heads * 128,
        "window": None,
        "fixed": 0,
        "per_source_token": 0,
    }
    counted = {"total": total, "embeddings": table, "head": table, "tied": False, "experts": []}
    return {
        "parameters": counted,
        "weights_bytes": {"bfloat16": 2 * total},
        "heads": heads,
        "kv_heads": kv_heads,
        "positions": SHARED,
        "theory": {"layers": [layer] * layers},
        "library": None,
        "activations": {"per_token": 10_000, "heads": heads, "vocabulary": 32_000},
    }


def small(**changed: Any) -> Needs:
    whole = sheet(LLAMA_2_7B, layers=32, heads=32, kv_heads=32, table=131_072_000)
    return Needs(whole | changed, "bfloat16")


def large() -> Needs:
    return Needs(sheet(LLAMA_31_70B, layers=80, heads=64, kv_heads=8, table=128256 * 8192), "bfloat16")


def test_llama_2_7b_on_one_h100() -> None:
    found = fit(small(), BY_NAME["H100"], 4096)
    assert (found.fits, found.devices, found.roof) == (True, 1, "datasheet")
    read = 2 * (LLAMA_2_7B - 131_072_000) + 524_288 * 4096
    assert found.decode_tokens_per_s == pytest.approx(3.35e12 / read)
    room = 0.9 * 80e9 - 2 * LLAMA_2_7B
    assert found.batch == room // (4096 * (524_288 + 2 * 10_000))
    assert found.context == room // (524_288 + 2 * 10_000)


def test_llama_31_70b_takes_two_of_80_gb_and_more_of_less() -> None:
    """141 GB of weights: two H100 hold 144 GB of what is usable, one H200 holds 127."""
    assert fit(large(), BY_NAME["H100"], 1024).devices == 2
    assert fit(large(), BY_NAME["H200"], 1024).devices == 2
    assert fit(large(), BY_NAME["B200"], 1024).devices == 1
    assert fit(large(), BY_NAME["T4"], 1024).devices == 16


def test_what_cannot_be_split_does_not_fit_where_one_is_too_small() -> None:
    found = fit(small(heads=None, kv_heads=None), BY_NAME["T4"], 4096)
    assert (found.fits, found.devices, found.batch, found.decode_tokens_per_s) == (False, None, None, None)
    assert found.tensor_parallel == (1,)


def test_heads_allow_what_divides_them_and_repeats_those_of_keys_whole() -> None:
    assert tensor_parallel(64, 8) == (1, 2, 4, 8, 16, 32, 64)
    assert tensor_parallel(48, 4) == (1, 2, 4, 8, 12, 16, 24, 48)
    assert tensor_parallel(28, 4) == (1, 2, 4, 28)
    assert tensor_parallel(71, 1) == (1,)  # Falcon 7B's 71 are a prime past 64 devices


def test_a_latent_is_on_every_device() -> None:
    one, eight = (used(small(kv_heads=1), n, 1, 4096) for n in (1, 8))
    assert one - eight == pytest.approx(2 * LLAMA_2_7B * 7 / 8)


def test_a_measured_roof_is_named_and_scales_the_rate() -> None:
    sheet_s, measured = (
        fit(small(), BY_NAME["H100"], 512, roof)
        for roof in (None, Roof(bandwidth=3.35e12 / 2, measured=True))
    )
    assert measured.roof == "measured"
    assert measured.decode_tokens_per_s == pytest.approx((sheet_s.decode_tokens_per_s or 0) / 2)


def test_a_token_of_a_mixture_reads_only_its_experts() -> None:
    experts = [{"number": 8, "chosen": 2, "parameters": 4 * 10**9}]
    needs = small()
    counted = dict(needs.sheet["parameters"]) | {"experts": experts}
    mixed = Needs(dict(needs.sheet) | {"parameters": counted}, "bfloat16")
    assert needs.read(1) - mixed.read(1) == pytest.approx(2 * 3 * 10**9)
    assert mixed.read(64) == pytest.approx(needs.read(64), rel=1e-6)


def test_past_its_window_a_layer_keeps_no_more() -> None:
    layers = [
        {"kind": "sliding_attention", "per_token": 10, "window": 100, "fixed": 7, "per_source_token": 0}
    ]
    needs = small(theory={"layers": layers})
    assert needs.cache(50) == 2 * (10 * 50 + 7)
    assert needs.cache(5000) == 2 * (10 * 99 + 7)


def test_where_the_book_is_silent_the_library_s_cache_counts() -> None:
    needs = small(theory=None, library={"per_token": 3.0, "fixed": 5.0, "per_source_token": 0.0})
    assert needs.cache(10) == 35


@given(context=st.integers(1, SHARED), accelerator=st.sampled_from(ACCELERATORS))
def test_what_is_said_to_fit_fits_and_one_more_would_not(context: int, accelerator: Any) -> None:
    for needs in (small(), large()):
        found, room = fit(needs, accelerator, context), USABLE * accelerator.memory_bytes
        if found.devices is None or found.batch is None or found.context is None:
            assert all(used(needs, n, 1, context) > room for n in found.tensor_parallel)
            continue
        assert used(needs, found.devices, found.batch, context) <= room
        assert used(needs, found.devices, found.batch + 1, context) > room or found.batch == 1 << 16
        assert found.context >= context
        assert found.context == SHARED or used(needs, found.devices, 1, found.context + 1) > room


@given(batch=st.integers(1, 512), length=st.integers(1, SHARED))
def test_more_devices_and_more_bandwidth_are_never_slower(batch: int, length: int) -> None:
    roof = Roof.of(BY_NAME["H100"])
    faster = replace(roof, bandwidth=2 * roof.bandwidth)
    for needs in (small(), large()):
        rate = decode_rate(needs, 2, batch, length, roof)
        assert rate <= decode_rate(needs, 4, batch, length, roof)
        assert rate * 2 == pytest.approx(decode_rate(needs, 2, batch, length, faster))


@pytest.mark.parametrize("row", ACCELERATORS, ids=lambda row: row.name)
def test_every_accelerator_names_its_source_and_peaks_that_agree(row: Any) -> None:
    assert "data" in row.source
    assert row.fp16 is not None
    assert row.bf16 in (None, row.fp16)
    assert row.fp8 is None or row.fp8 == pytest.approx(2 * row.fp16, rel=0.02)


def test_names_are_given_once() -> None:
    assert len(BY_NAME) == len(ACCELERATORS)
