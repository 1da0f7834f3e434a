"""Rounds that must take their memory anew are told from those that find it, by this machine's allocator."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from harness.suite.latest import release
from harness.suite.throughput import memory
from harness.suite.throughput.held import Held, taken_anew
from harness.suite.throughput.phases import PHASES
from harness.suite.throughput.workload import Workload

MakeWorkload = Callable[..., Workload]
ROUNDS = 5
MIB = 2**20
bytes_held = st.integers(0, 1 << 40)


@pytest.fixture(autouse=True)
def told() -> None:
    """The kernel says what this process holds."""
    if memory.used("cpu") is None:
        pytest.skip("this kernel does not tell what a process holds")


def rounds(run: Callable[[Any], object], prepare: Callable[[], Any], between: Callable[[], object]) -> str:
    """What is said of such rounds after a warm-up."""
    held = Held("cpu")
    run(prepare())
    for _ in range(ROUNDS):
        between()
        state = prepare()
        held.begin(state)
        run(state)
        held.end(state)
    return held.words


def test_memory_given_back_after_each_round_is_seen_and_kept_memory_is_not() -> None:
    pins = blocks(1024)[::8]  # what is free between them is the allocator's to keep: it is not its heap's end
    assert rounds(lambda _: blocks(768), object, lambda: None) == ""
    said = rounds(lambda _: blocks(768), object, release)
    assert said.startswith("each round took ")
    assert 24 < float(said.split()[3]) < 96
    del pins


def blocks(count: int) -> list[torch.Tensor]:
    """Of 64 KiB each, which the C library takes from its heap and keeps."""
    return [torch.ones(1 << 14) for _ in range(count)]


@pytest.mark.parametrize("phase", ["prefill", "decode", "generate"])
@pytest.mark.parametrize("name", ["gpt2", "llama", "t5"])
def test_a_phase_as_it_is_takes_nothing_anew(name: str, phase: str, make_workload: MakeWorkload) -> None:
    work = make_workload(name)
    prepare, run = PHASES[phase].prepare, PHASES[phase].run
    assert rounds(partial(run, work), partial(prepare, work), lambda: None) == ""


def test_a_state_that_grows_in_its_round_is_not_taken_for_memory_given_back() -> None:
    def grow(state: dict[str, torch.Tensor]) -> None:
        state["keys"] = torch.ones(2 * 32 * MIB // 4)

    assert rounds(grow, lambda: {"keys": torch.ones(32 * MIB // 4)}, lambda: None) == ""


@given(st.lists(st.tuples(bytes_held, bytes_held), min_size=1))
def test_nothing_is_taken_anew_where_each_round_begins_with_what_was_left(
    held: list[tuple[int, int]],
) -> None:
    began, ended = zip(*held, strict=True)
    found = taken_anew(began, ended)
    assert len(found) == len(held) - 1
    assert all(anew >= 0 for anew in found)
    assert not any(taken_anew([0, *ended[:-1]], ended))
    assert not any(taken_anew(began, began))


def test_one_round_says_nothing() -> None:
    assert Held("cpu").words == ""
    assert Held("cpu", [0], [1 << 40]).words == ""


@pytest.mark.parametrize(("emptied", "said"), [(1, False), (4, True)])
def test_one_collection_of_garbage_is_no_emptied_cache(emptied: int, said: bool) -> None:
    began = [100 * MIB] + [0] * emptied + [100 * MIB] * (4 - emptied)
    assert bool(Held("cuda", began, [100 * MIB] * 5).words) == said
