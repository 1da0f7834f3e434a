"""What a cell ran in, as its report says it."""

import json
import os
import sys
from collections.abc import Callable

import pytest
import torch
import transformers

from harness.matrix.cells import Cell, Parameters
from harness.matrix.records import Suite
from harness.suite.facts import cpus, gather, oom_kills


def test_facts_say_in_what_the_cell_ran(make_cell: Callable[..., Cell]) -> None:
    cell = make_cell("bert", suite=Suite.THROUGHPUT, parameters=Parameters(dtype="bfloat16"))
    facts = gather(cell)
    assert json.loads(json.dumps(facts, allow_nan=False)) == facts
    assert (facts["dtype"], facts["threads"]) == ("bfloat16", torch.get_num_threads())
    assert (facts["torch"], facts["transformers"]) == (torch.__version__, transformers.__version__)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux lets a process give up CPUs")
def test_cpus_are_those_of_this_process() -> None:
    before = os.sched_getaffinity(0)
    try:
        os.sched_setaffinity(0, {min(before)})
        assert cpus() == 1
    finally:
        os.sched_setaffinity(0, before)
    assert cpus() == len(before)


def test_outside_a_container_nobody_else_s_kills_are_counted() -> None:
    assert oom_kills() == 0
