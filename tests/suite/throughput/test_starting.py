"""The first call is the first, filling makes the model anew, and later calls are told apart."""

from collections.abc import Callable
from typing import Any

import pytest

from harness.suite.throughput.identities import Inconsistent
from harness.suite.throughput.measure import measure
from harness.suite.throughput.phases import PHASES
from harness.suite.throughput.starting import CALLS, FIRST, LATER, OVERHEAD, SETTLING
from harness.suite.throughput.workload import Workload

MakeWorkload = Callable[..., Workload]


@pytest.mark.parametrize("name", ["bert", "gpt2", "t5"])
def test_the_first_call_is_one_of_several(name: str, make_workload: MakeWorkload) -> None:
    work, phase, calls = make_workload(name), PHASES["first_call"], []
    given = phase.prepare(work)
    work.model.register_forward_pre_hook(lambda _, __: calls.append(1))
    found = phase.run(work, given)
    assert len(calls) == work.calls == 1 + SETTLING + CALLS
    assert found.keys() == {FIRST, LATER, OVERHEAD}
    assert found[OVERHEAD] == max(0, found[FIRST] - found[LATER])


@pytest.mark.parametrize("earlier", ["forward", "train"])
def test_a_call_after_another_phase_is_not_the_first(
    earlier: str, make_workload: MakeWorkload, benchmark: Any
) -> None:
    work = make_workload("bert")
    PHASES[earlier].run(work, PHASES[earlier].prepare(work))
    with pytest.raises(Inconsistent, match=r"first: .* run 1 times before"):
        measure(work, PHASES["first_call"], benchmark)


def test_filling_lets_go_of_what_was_remembered_of_the_model_before(make_workload: MakeWorkload) -> None:
    work = make_workload("gpt2")
    PHASES["decode"].prepare(work)
    assert work.spare_bytes > 0
    before = work.model
    PHASES["fill"].run(work, None)
    assert work.spare_bytes == 0
    assert work.model is not before
