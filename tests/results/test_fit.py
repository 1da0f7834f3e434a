"""A model on an accelerator, by hand for Llama 2 7B and 3.1 70B, and by what must hold for any."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.results.accelerators import ACCELERATORS, GIB
from harness.results.cache import Cache, Kept, LayerCache
from harness.results.fit import USABLE, Needs, decode_rate, fit, tensor_parallel, used
from harness.results.sheet import Activations, Counted, Routed, Sheet, Step

BY_NAME = {row.name: row for row in ACCELERATORS}
H100 = BY_NAME["H100"]
LLAMA_2_7B = 6_738_415_616
LLAMA_31_70B = 70_553_706_496
SHARED = 131_072


def sheet(total: int, *, layers: int, heads: int, kv_heads: int, table: int) -> Sheet:
    matrices = total - 2 * table
    return Sheet(
        parameters=Counted(total, table, table, False, matrices, 1_000_000, (), ()),
        heads=heads,
        kv_heads=kv_heads,
        positions=SHARED,
        step=Step(matrices, 1_000_000, table, (), seen=True),
        theory=Cache((LayerCache("full_attention", per_token=2 * kv_heads * 128),) * layers),
        library=None,
        library_dtype="bfloat16",
        activations=Activations(10_000, heads, 32_000),
    )


def small(form: str = "bfloat16", **changed: Any) -> Needs:
    return Needs(
        replace(sheet(LLAMA_2_7B, layers=32, heads=32, kv_heads=32, table=131_072_000), **changed), form
    )


def large() -> Needs:
    return Needs(sheet(LLAMA_31_70B, layers=80, heads=64, kv_heads=8, table=128256 * 8192), "bfloat16")


def test_llama_2_7b_on_one_h100() -> None:
    found = fit(small(), H100, 4096)
    assert (found.fits, found.devices, found.roof) == (True, 1, "datasheet")
    read = 2 * (LLAMA_2_7B - 131_072_000) + 524_288 * 4096
    assert found.decode_tokens_per_s == pytest.approx(3.35e12 / read)
    room = 0.9 * 79.11 * GIB - 2 * LLAMA_2_7B
    assert found.batch == room // (4096 * (524_288 + 2 * 10_000))
    assert found.context == room // (524_288 + 2 * 10_000)


def test_llama_31_70b_takes_two_of_80_gb_and_more_of_less() -> None:
    """141 GB of weights: of what is usable two H100 hold 153 GB, one H200 135."""
    assert fit(large(), H100, 1024).devices == 2
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
    half = replace(H100, bandwidth=H100.bandwidth / 2, measured=True)
    by_sheet, measured = (fit(small(), row, 512) for row in (H100, half))
    assert (by_sheet.roof, measured.roof) == ("datasheet", "measured")
    assert measured.decode_tokens_per_s == pytest.approx((by_sheet.decode_tokens_per_s or 0) / 2)


def test_no_more_devices_are_used_than_there_are() -> None:
    assert fit(large(), replace(H100, most=1), 1024).devices is None
    assert fit(large(), replace(H100, most=2), 1024).tensor_parallel == (1, 2)


def test_a_token_of_a_mixture_reads_only_its_experts() -> None:
    """Half of the parameters are experts, two of eight a token."""
    experts = (Routed(8, 2, 4 * 10**9, 1_000),)
    step = Step(4 * 10**9, 1_000, 0, experts, seen=True)
    assert step.bytes("bfloat16", 1) == pytest.approx(2 * (4 * 10**9 + 10**9))
    assert step.bytes("bfloat16", 64) == pytest.approx(2 * 8 * 10**9, rel=1e-6)
    assert step.bytes("int8", 1) == pytest.approx(5 * 10**9 + 4 * 1_250)


def test_what_is_not_quantised_is_read_at_its_own_width() -> None:
    """The head, of the size of the table, stays in 16 bits; the table is not read."""
    table = 131_072_000
    read = LLAMA_2_7B - 2 * table + 4 * 1_000_000 + 2 * table
    found = fit(small("int8", theory=Cache(())), H100, 1)
    assert found.decode_tokens_per_s == pytest.approx(H100.bandwidth / read)


def test_a_model_that_does_not_generate_has_no_decode_rate() -> None:
    found = fit(small(step=None, theory=None), H100, 512)
    assert (found.fits, found.decode_tokens_per_s, found.decode_tokens_per_s_full) == (True, None, None)


def test_many_sequences_are_limited_by_arithmetic() -> None:
    needs = small(theory=Cache(()), activations=None)
    rate = decode_rate(needs, H100, 1, 1 << 16, 1)
    assert rate == pytest.approx(989.5e12 / (2 * (LLAMA_2_7B - 131_072_000)))


def test_past_its_window_a_layer_keeps_no_more() -> None:
    needs = small(theory=Cache((LayerCache("sliding_attention", per_token=10, window=100, fixed=7),)))
    assert needs.cache(50) == 2 * (10 * 50 + 7)
    assert needs.cache(5000) == 2 * (10 * 99 + 7)


def test_where_the_book_is_silent_the_library_s_cache_counts() -> None:
    assert small(theory=None, library=Kept(3.0, 5.0, 0.0)).cache(10) == 35


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
    faster = replace(H100, bandwidth=2 * H100.bandwidth, bf16=None, fp16=None)
    for needs in (small(), large()):
        rates = [decode_rate(needs, row, n, batch, length) for row, n in ((H100, 2), (H100, 4), (faster, 4))]
        assert rates == sorted(rates, key=lambda rate: rate or 0)


@pytest.mark.parametrize("row", ACCELERATORS, ids=lambda row: row.name)
def test_every_accelerator_names_its_source_and_peaks_that_agree(row: Any) -> None:
    assert "data" in row.source
    assert row.fp16 is not None
    assert row.bf16 in (None, row.fp16)
    assert row.fp8 is None or row.fp8 == pytest.approx(2 * row.fp16, rel=0.02)


def test_names_are_given_once() -> None:
    assert len(BY_NAME) == len(ACCELERATORS)
