"""A phase is timed at the depths at which it runs, and the others are done without."""

from collections.abc import Callable
from typing import Any

import pytest

from harness.matrix.cells import Parameters
from harness.suite.outcomes import Unsupported
from harness.suite.throughput.phases import PHASES, Phase
from harness.suite.throughput.trial import plan_depths, runs
from harness.suite.throughput.workload import Workload

MakeWorkload = Callable[..., Workload]


class Fussy:
    """A phase that does not run at some depths, and notes which were tried."""

    def __init__(self, *refused: int) -> None:
        self.refused = refused
        self.tried: list[int] = []

    def run(self, work: Workload, _: object) -> dict[str, float]:
        layers = len(work.model.transformer.h)
        self.tried.append(layers)
        if layers in self.refused:
            raise ValueError(layers)
        return {}

    @property
    def phase(self) -> Phase:
        return Phase("forward", self.run)


@pytest.mark.parametrize("name", ["gpt2", "llama", "mixtral", "t5", "bart"])
@pytest.mark.parametrize("phase", ["prefill", "decode", "generate"])
def test_what_is_planned_runs(name: str, phase: str, make_workload: MakeWorkload) -> None:
    work = make_workload(name, 3)
    found = plan_depths(work, PHASES[phase])
    assert found is not None
    assert found.depths[-1] == 3
    assert all(runs(work, PHASES[phase], depth) for depth in found.depths)


def test_without_layers_a_decoder_is_its_embeddings_and_head(make_workload: MakeWorkload) -> None:
    found = plan_depths(make_workload("gpt2", 3), PHASES["decode"])
    assert found is not None
    assert found.depths[0] == 0


def test_depths_that_do_not_run_are_done_without_and_each_is_tried_once(make_workload: MakeWorkload) -> None:
    fussy = Fussy(0, 2)
    found = plan_depths(make_workload("gpt2", 3), fussy.phase)
    assert found is not None
    assert found.depths == (1, 3)
    assert sorted(fussy.tried) == [0, 1, 2]


def test_a_trial_makes_few_tokens_and_the_rounds_as_many_as_were_asked_for(
    make_workload: MakeWorkload,
) -> None:
    asked = list[int]()

    def run(work: Workload, _: object) -> dict[str, float]:
        asked.append(work.cell.parameters.output_tokens)
        raise ValueError

    work = make_workload("gpt2", 3)
    assert not runs(work, Phase("decode", run), 1)
    assert asked == [2]
    assert work.cell.parameters.output_tokens > 2


def test_what_cannot_be_told_is_unsupported_unless_that_depth_was_asked_for(
    make_workload: MakeWorkload,
) -> None:
    everywhere = Fussy(0, 1, 2)
    with pytest.raises(Unsupported, match="up to 3 layers, those at which forward runs"):
        plan_depths(make_workload("gpt2", 3), everywhere.phase)
    asked = make_workload("gpt2", 3, parameters=Parameters(layers=3))
    assert plan_depths(asked, everywhere.phase) is None


def test_what_does_not_repeat_has_no_depths(make_workload: MakeWorkload) -> None:
    assert plan_depths(make_workload("gpt2", 3), next(p for p in PHASES.values() if not p.repeats)) is None


def test_a_whole_that_is_measured_alone_has_no_depths(make_workload: MakeWorkload) -> None:
    assert plan_depths(make_workload("gpt2"), PHASES["decode"]) is None


def test_a_whole_that_is_held_against_its_estimate_has_them(make_workload: MakeWorkload) -> None:
    work = make_workload("gpt2")
    verified = Workload(work.cell, work.size, None, work.baseline, estimated_from=2)
    found = plan_depths(verified, PHASES["decode"])
    assert found is not None
    assert max(found.depths) == 2 < found.layers


def test_a_cache_that_is_asked_of_attention_needs_a_layer_of_it(
    make_cell: Callable[..., Any], small_jamba: dict[str, Any]
) -> None:
    from harness.suite.throughput.depth import measure_size

    cell = make_cell("jamba", small_jamba)
    work = Workload(cell, measure_size(cell.model), 6, None)
    assert not runs(work, PHASES["decode"], 2)
    found = plan_depths(work, PHASES["decode"])
    assert found is not None
    assert min(set(found.depths) - {0}) > 2


@pytest.fixture
def small_jamba() -> dict[str, Any]:
    return {
        "hidden_size": 32,
        "intermediate_size": 64,
        "num_hidden_layers": 12,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "num_experts": 2,
        "mamba_dt_rank": 4,
        "vocab_size": 100,
        "attn_layer_period": 4,
        "attn_layer_offset": 3,
        "pad_token_id": 0,
        "bos_token_id": 1,
        "eos_token_id": 2,
    }
