"""Memory told apart: the cache as it was seen, what is in use beside it, and no copy to start from."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import torch

from harness.matrix.cells import Parameters
from harness.suite.fit.cache import cache_need
from harness.suite.latest import release
from harness.suite.throughput import memory
from harness.suite.throughput.measure import measure
from harness.suite.throughput.peak import Watch, held
from harness.suite.throughput.phases import PHASES, Phase
from harness.suite.throughput.workload import Workload

MakeWorkload = Callable[..., Workload]
MIB = 2**20
PARAMETERS = Parameters(batch=2, input_tokens=10, output_tokens=4, rounds=3)
SLACK = 24 * MIB
"""What else comes and goes in this process, and in the library at a first call."""


@pytest.fixture(autouse=True)
def resettable() -> None:
    """Nothing to watch where the kernel does not let a peak be set back."""
    if not memory.reset_peak("cpu"):
        pytest.skip("this kernel does not let a process reset its peak memory")


def figures(work: Workload, phase: Phase, benchmark: Any) -> dict[str, float]:
    return {a.name: a.value for a in measure(work, phase, benchmark).amounts}


def below(work: Workload, spare: int = 0) -> Workload:
    """The workload with a baseline that no peak falls under.

    The kernel takes back pages of the libraries when it likes: a baseline of some time ago may be above all
    that is in use now.
    """
    work.model  # noqa: B018 — fill it
    work.baseline = (memory.used("cpu") or 0) - spare - work.loaded_bytes - SLACK
    return work


@pytest.mark.parametrize(("phase", "tokens"), [("prefill", 10), ("decode", 10 + 3)])
def test_the_cache_that_is_seen_is_the_one_that_is_counted(
    phase: str, tokens: int, make_workload: MakeWorkload, benchmark: Any
) -> None:
    work = below(make_workload("llama", parameters=PARAMETERS))
    need = cache_need(work.model.config)
    assert need is not None
    assert figures(work, PHASES[phase], benchmark)["cache_memory"] == 2 * need.at(tokens) * 4


def test_what_a_round_allocates_beside_its_cache_are_activations(
    make_workload: MakeWorkload, benchmark: Any
) -> None:
    work, block = below(make_workload("gpt2", parameters=PARAMETERS)), 128 * MIB
    work.model  # noqa: B018 — fill it

    def run(_: Workload, state: list[torch.Tensor]) -> dict[str, float]:
        state.append(torch.ones(block // 4, dtype=torch.uint8))
        torch.ones(block, dtype=torch.uint8)
        return {}

    found = figures(work, Phase("prefill", run, lambda _: [], cache=lambda state: state), benchmark)
    assert found["cache_memory"] == block // 4
    assert abs(found["activation_memory"] - block) < SLACK


def test_a_copy_that_rounds_start_from_is_not_in_the_peak(make_workload: MakeWorkload) -> None:
    long = replace(PARAMETERS, batch=64, input_tokens=100)
    work = make_workload("llama", parameters=long)
    state = PHASES["decode"].prepare(work)
    watch = Watch.begin(work, PHASES["decode"].cache(state))
    assert watch is not None
    below(work, work.spare_bytes)
    PHASES["decode"].run(work, state)
    with_copy = (memory.peak("cpu") or 0) - (work.baseline or 0)
    found = {a.name: a.value for a in watch.amounts(work, "decode", PHASES["decode"].cache(state))}
    assert work.spare_bytes >= held(PHASES["decode"].cache(PHASES["decode"].prepare(work)))
    assert abs(found["peak_memory"] - (with_copy - work.spare_bytes)) < MIB < work.spare_bytes


def test_the_process_s_own_peak_is_of_one_round_and_not_of_other_depths(
    make_workload: MakeWorkload, benchmark: Any
) -> None:
    work = make_workload("gpt2", 2, parameters=PARAMETERS)
    work.model  # noqa: B018 — fill it
    release()
    work.baseline = memory.used("cpu")

    def run(w: Workload, _: object) -> dict[str, float]:
        size = 16 if w.model.config.n_layer == 2 else 256
        torch.ones(size * MIB, dtype=torch.uint8)
        return {}

    found = figures(work, Phase("forward", run), benchmark)
    assert abs(found["peak_memory"] - 16 * MIB) < SLACK
    assert "peak_memory_reserved" not in found
