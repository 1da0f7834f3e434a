"""Figures that do not agree with one another, or with what the tensors hold, are refused."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from harness.results.record import Metric
from harness.suite.throughput.crosscheck import check_phases, check_prompt, check_rates
from harness.suite.throughput.identities import Inconsistent
from harness.suite.throughput.metrics import metrics
from harness.suite.throughput.phases import TOTAL, TPOT, TTFT
from harness.suite.throughput.workload import Workload

MakeWorkload = Callable[..., Workload]
SECONDS = [0.5, 0.25]


@pytest.mark.parametrize(
    ("name", "phase"),
    [("bert", "forward"), ("wav2vec2", "forward"), ("resnet", "forward"), ("qwen2_vl", "prefill")],
)
def test_the_rates_that_are_published_give_what_the_inputs_hold(
    name: str, phase: str, make_workload: MakeWorkload
) -> None:
    work = make_workload(name)
    check_rates(work, phase, metrics(work, phase, {TOTAL: {None: SECONDS}}, None), SECONDS)


@pytest.mark.parametrize("phase", ["prefill", "decode", "generate"])
def test_a_rate_that_counts_another_thing_is_refused(phase: str, make_workload: MakeWorkload) -> None:
    """Tokens where rows are meant, or the first token among those after it."""
    work = make_workload("gpt2")
    found = metrics(work, phase, {name: {None: SECONDS} for name in (TOTAL, TTFT, TPOT)}, None)
    check_rates(work, phase, found, SECONDS)
    spoilt = [
        replace(metric, samples=tuple(2 * value for value in metric.samples))
        if metric.unit == "tokens/s"
        else metric
        for metric in found
    ]
    with pytest.raises(
        Inconsistent, match="rate: it must be that a rate times its seconds is what was counted"
    ):
        check_rates(work, phase, spoilt, SECONDS)


@pytest.mark.parametrize(
    "name", ["bert", "clip", "gpt2", "kyutai_speech_to_text", "llava", "t5", "wav2vec2", "whisper"]
)
def test_every_kind_of_prompt_is_as_long_as_was_asked(name: str, make_workload: MakeWorkload) -> None:
    check_prompt(make_workload(name))


def test_a_prompt_that_a_row_of_the_model_makes_has_its_own_length(make_workload: MakeWorkload) -> None:
    work = make_workload("pi0")
    assert work.inputs()["input_ids"].shape[1] != work.cell.parameters.input_tokens
    check_prompt(work)


def test_a_prompt_that_was_padded_or_cut_is_refused(make_workload: MakeWorkload) -> None:
    padded, cut = make_workload("bert"), make_workload("bert")
    padded.inputs()["attention_mask"][1, :5] = 0
    with pytest.raises(Inconsistent, match=r"input length: .*: 5 to 10 tokens where 10 were asked for"):
        check_prompt(padded)
    cut.inputs()["input_ids"] = cut.inputs()["input_ids"][:, :4]
    with pytest.raises(Inconsistent, match=r"input length: .*: 4 to 4 tokens where 10 were asked for"):
        check_prompt(cut)


def times(prefill: float, step: float, generate: float) -> list[Metric]:
    named = {"prefill_time": prefill, "decode_step_time": step, "generate_time": generate}
    return [Metric.of(name, "s", "phase", [3 * value, value]) for name, value in named.items()]


def test_generate_is_not_far_faster_than_its_parts() -> None:
    check_phases(times(0.1, 0.1, 0.4), output_tokens=4)
    check_phases(times(0.1, 0.1, 4.0), output_tokens=4)
    with pytest.raises(Inconsistent, match=r"phases: .* 0.1 s, and they 0.4 s"):
        check_phases(times(0.1, 0.1, 0.1), output_tokens=4)


@pytest.mark.parametrize("disturbed", range(3))
def test_what_was_disturbed_is_marked_and_not_refused_for_it(disturbed: int) -> None:
    found = times(0.1, 0.1, 0.1)
    found[disturbed] = replace(found[disturbed], disturbed=("other processes took 1.00 of its CPUs",))
    check_phases(found, output_tokens=4)


def test_a_cell_without_all_three_phases_is_not_compared() -> None:
    check_phases(times(0.1, 0.1, 0.1)[:2], output_tokens=4)
