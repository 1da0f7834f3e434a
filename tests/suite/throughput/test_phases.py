"""What a round does: the same tokens by hand as by the library, and nothing counted that is not there."""

import functools
from collections.abc import Callable
from typing import Any

import pytest
import torch

from harness.suite.functional.checks import Facts
from harness.suite.functional.generation import decoder_start
from harness.suite.throughput.clock import Marks
from harness.suite.throughput.identities import Inconsistent
from harness.suite.throughput.phases import PHASES, prefilled
from harness.suite.throughput.timed import TPOT, TTFT
from harness.suite.throughput.workload import Workload

MakeWorkload = Callable[..., Workload]
GENERATING = ("gpt2", "llama", "llava", "mamba", "mixtral", "qwen25_0_5b", "t5", "whisper")


def read(work: Workload, run: Callable[[], object]) -> list[torch.Tensor]:
    """The tokens that each forward of the decoder is given while `run` runs."""
    name = "decoder_input_ids" if work.model.config.is_encoder_decoder else "input_ids"
    seen: list[torch.Tensor] = []

    def note(_: Any, __: Any, arguments: dict[str, Any]) -> None:
        seen.append(arguments[name].clone())

    hook = work.model.register_forward_pre_hook(note, with_kwargs=True)
    try:
        run()
    finally:
        hook.remove()
    return seen


def generated(work: Workload) -> torch.Tensor:
    """The library's own greedy tokens, (batch, output tokens)."""
    count = work.cell.parameters.output_tokens
    with torch.inference_mode():
        sequences = work.model.generate(
            **work.prompt(),
            **decoder_start(work.model),
            do_sample=False,
            max_new_tokens=count,
            min_new_tokens=count,
            pad_token_id=0,
        )
    return sequences[:, -count:]


@pytest.mark.parametrize("name", GENERATING)
def test_prefill_and_decode_choose_the_tokens_that_generate_does(
    name: str, make_workload: MakeWorkload
) -> None:
    work, phase = make_workload(name), PHASES["decode"]
    expected = generated(work)
    state = phase.prepare(work)
    fed = read(work, lambda: phase.run(work, state))
    # The last token is chosen and fed to nothing.
    assert torch.equal(torch.cat(fed, dim=1), expected[:, :-1])


@pytest.mark.parametrize("name", GENERATING)
def test_each_round_of_decoding_starts_from_the_same_state(name: str, make_workload: MakeWorkload) -> None:
    work, phase = make_workload(name), PHASES["decode"]
    rounds = []
    for _ in range(2):
        state = phase.prepare(work)
        rounds.append(read(work, functools.partial(phase.run, work, state)))
    assert all(torch.equal(one, other) for one, other in zip(*rounds, strict=True))


def test_decoding_reads_one_token_a_step_and_all_but_the_first(make_workload: MakeWorkload) -> None:
    work, phase = make_workload("llama"), PHASES["decode"]
    state = phase.prepare(work)
    fed = read(work, lambda: phase.run(work, state))
    assert [tuple(tokens.shape) for tokens in fed] == [(2, 1)] * (work.cell.parameters.output_tokens - 1)


def test_prefill_reads_the_whole_prompt_at_once(make_workload: MakeWorkload) -> None:
    work = make_workload("llama")
    (prompt,) = read(work, lambda: prefilled(work, work.first_step()))
    assert torch.equal(prompt, work.inputs()["input_ids"])


@pytest.mark.parametrize("name", GENERATING)
def test_first_token_and_the_others_lie_within_the_request(name: str, make_workload: MakeWorkload) -> None:
    work, marks = make_workload(name), Marks()
    found = PHASES["generate"].run(work, marks)
    itls = PHASES["generate"].gaps(work, marks, found)
    assert len(itls) == len(marks.times) - 1
    assert sum(itls) == pytest.approx(marks.times[-1] - marks.times[0])
    assert len(marks.times) == work.cell.parameters.output_tokens
    assert marks.times == sorted(marks.times)
    assert found[TTFT] > 0
    assert found[TPOT] * (len(marks.times) - 1) == pytest.approx(marks.times[-1] - marks.times[0])


def test_marks_that_were_not_reset_are_refused(make_workload: MakeWorkload) -> None:
    """A second request on the same marks would count the gap between the two, and its prompt, as latency."""
    work, marks = make_workload("gpt2"), Marks()
    PHASES["generate"].run(work, marks)
    found = PHASES["generate"].run(work, marks)
    with pytest.raises(Inconsistent, match="9 tokens were marked where 4 were asked for"):
        PHASES["generate"].gaps(work, marks, found)


def test_an_early_end_token_does_not_shorten_a_request(make_workload: MakeWorkload) -> None:
    work = make_workload("gpt2")
    work.model.generation_config.eos_token_id = list(range(0, 256, 2))
    marks = Marks()
    found = PHASES["generate"].run(work, marks)
    assert len(PHASES["generate"].gaps(work, marks, found)) == work.cell.parameters.output_tokens - 1


@pytest.mark.parametrize(
    ("name", "phases"),
    [
        ("bert", {"fill", "first_call", "forward"}),
        ("wav2vec2", {"fill", "first_call", "forward"}),
        ("whisper", {"fill", "first_call", "prefill", "decode", "generate"}),
        ("gpt2", {"fill", "first_call", "prefill", "decode", "generate"}),
    ],
)
def test_phases_follow_from_what_the_model_can_do(
    name: str, phases: set[str], make_workload: MakeWorkload
) -> None:
    work = make_workload(name)
    facts = Facts(type(work.model), work.model.config)
    assert {phase for phase in work.cell.phases if PHASES[phase].applies(facts)} == phases
