"""Figures that do not agree with one another, or with what the tensors hold, are refused."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from harness.suite.throughput.crosscheck import check_phases, check_prompt, check_rates
from harness.suite.throughput.identities import Inconsistent
from harness.suite.throughput.metrics import figures
from harness.suite.throughput.timed import TOTAL, Timed, rounds_of
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
    check_rates(work, phase, figures(work, phase), SECONDS)


@pytest.mark.parametrize("phase", ["prefill", "decode", "generate"])
def test_a_rate_that_counts_another_thing_is_refused(phase: str, make_workload: MakeWorkload) -> None:
    """Tokens where rows are meant, or the first token among those after it."""
    work = make_workload("gpt2")
    found = figures(work, phase)
    check_rates(work, phase, found, SECONDS)
    spoilt = [
        replace(figure, factor=2 * figure.factor) if figure.unit == "tokens/s" else figure for figure in found
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


def times(prefill: float, decode: float, generate: float) -> list[Timed]:
    named = {"prefill": prefill, "decode": decode, "generate": generate}
    return [
        Timed(phase=phase, layers=None, rounds=rounds_of({TOTAL: {None: [3 * value, value]}}))
        for phase, value in named.items()
    ]


def test_generate_is_not_far_faster_than_its_parts() -> None:
    check_phases(times(0.1, 0.3, 0.4))
    check_phases(times(0.1, 0.3, 4.0))
    with pytest.raises(Inconsistent, match=r"phases: .* 0.1 s, and they 0.4 s"):
        check_phases(times(0.1, 0.3, 0.1))


@pytest.mark.parametrize("disturbed", range(3))
def test_what_was_disturbed_is_marked_and_not_refused_for_it(disturbed: int) -> None:
    found = times(0.1, 0.3, 0.1)
    found[disturbed] = replace(found[disturbed], disturbed=("other processes took 1.00 of its CPUs",))
    check_phases(found)


def test_a_cell_without_all_three_phases_is_not_compared() -> None:
    check_phases(times(0.1, 0.3, 0.1)[:2])
