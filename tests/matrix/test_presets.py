"""From presets to what engines are told."""

from dataclasses import fields, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.matrix.names import find_entry
from harness.matrix.presets import BATCH, ENGINES, Settings, options, processes, settings
from harness.matrix.records import Matrix
from harness.matrix.registry import Access, Entry, Preset

ENTRY = Entry(id="some", license="MIT", access=Access.OPEN, context=4096)


def chosen(matrix: Matrix, name: str, preset: str) -> Settings:
    (found,) = (row for row in matrix.registry.presets if row.id == preset)
    return settings(find_entry(matrix, name), found)


@pytest.mark.parametrize(
    ("name", "preset", "taken"),
    [
        ("qwen3_8b", "balanced", (BATCH, 0.85, 64)),
        ("qwen3_8b", "performance", (32, 0.95, 256)),
        ("qwen3_8b", "memory_optimized", (4, 0.75, 32)),
        ("llama31_70b", "balanced", (2, 0.85, 64)),
        ("llama31_70b", "performance", (8, 0.9, 256)),
        ("llama32_vision_90b", "memory_optimized", (2, 0.75, 32)),
    ],
)
def test_a_preset_takes_what_it_says_of_what_the_model_allows(
    matrix: Matrix, name: str, preset: str, taken: tuple[int, float, int]
) -> None:
    found = chosen(matrix, name, preset)
    assert (found.batch, found.memory, found.sequences) == taken


def test_each_engine_is_told_in_its_own_words(matrix: Matrix) -> None:
    found = chosen(matrix, "llama31_70b_fp8", "memory_optimized")
    assert options(ENGINES["vllm"], found) == {
        "dtype": "bfloat16",
        "max_num_seqs": 32,
        "gpu_memory_utilization": 0.75,
        "max_model_len": 131072,
        "tensor_parallel_size": 8,
        "quantization": "fp8",
        "cpu_offload_gb": 4,
    }
    assert options(ENGINES["transformers"], found) == {
        "dtype": "bfloat16",
        "batch_size": 4,
        "max_length": 131072,
        "tp_plan": "auto",
    }
    assert options(ENGINES["continuous"], found) == {
        **options(ENGINES["transformers"], found),
        "max_requests_per_batch": 32,
        "max_memory_percent": 0.75,
    }
    assert options(ENGINES["openai"], found) == {"num_concurrent": 4, "max_length": 131072}
    assert {row.id: processes(row, found) for row in ENGINES.values()} == {
        "transformers": 8,
        "continuous": 1,
        "vllm": 1,
        "openai": 1,
        "gold": 1,
        "wrong": 1,
    }


def test_what_says_nothing_is_left_out() -> None:
    found = settings(replace(ENTRY, context=None), Preset(id="p", memory=0.5, sequences=1, iterations=1))
    assert options(ENGINES["transformers"], found) == {"dtype": "bfloat16", "batch_size": BATCH}
    assert {"quantization", "cpu_offload_gb", "max_model_len"}.isdisjoint(options(ENGINES["vllm"], found))


def test_engines_ask_for_settings_that_there_are() -> None:
    known = {row.name for row in fields(Settings)} | {"tp_plan"}
    assert all(set(row.options.values()) <= known for row in ENGINES.values())


@given(
    batch=st.none() | st.integers(1, 64),
    factor=st.floats(0.01, 16),
    least=st.integers(1, 8),
    room=st.none() | st.integers(0, 64),
    own=st.none() | st.floats(0.01, 1),
    share=st.floats(0.01, 1),
)
def test_a_batch_is_within_the_preset_s_bounds_and_memory_never_more_than_either_allows(
    *, batch: int | None, factor: float, least: int, room: int | None, own: float | None, share: float
) -> None:
    most = None if room is None else least + room
    preset = Preset(
        id="p",
        memory=share,
        sequences=1,
        iterations=1,
        batch_factor=factor,
        batch_least=least,
        batch_most=most,
    )
    found = settings(replace(ENTRY, batch=batch, memory=own), preset)
    assert least <= found.batch <= (most or found.batch)
    assert found.memory == min(share, own or share)
