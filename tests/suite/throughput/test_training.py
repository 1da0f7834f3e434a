"""A training step moves every weight that is trained, and leaves the model as it answers."""

from collections.abc import Callable
from dataclasses import replace

import pytest
import torch

from harness.matrix.cells import Parameters
from harness.suite.outcomes import Unsupported
from harness.suite.throughput.phases import PHASES
from harness.suite.throughput.training import labels, loss
from harness.suite.throughput.workload import Workload

MakeWorkload = Callable[..., Workload]
FAMILIES = ("bert", "gpt2", "llama", "mamba", "mixtral", "t5", "vit", "wav2vec2", "whisper")
PARAMETERS = Parameters(batch=2, input_tokens=10, output_tokens=4)


@pytest.mark.parametrize("name", FAMILIES)
def test_a_step_moves_the_weights_and_leaves_no_gradients(name: str, make_workload: MakeWorkload) -> None:
    work, phase = make_workload(name), PHASES["train"]
    before = {key: value.detach().clone() for key, value in work.model.named_parameters()}
    phase.run(work, phase.prepare(work))
    moved = [key for key, value in work.model.named_parameters() if not torch.equal(value, before[key])]
    assert len(moved) > 0.7 * len(before)
    assert all(value.isfinite().all() and value.grad is None for value in work.model.parameters())
    assert not work.model.training


def test_tokens_are_labels_where_the_class_learns_them(make_workload: MakeWorkload) -> None:
    gpt2, t5, bert = (make_workload(name) for name in ("gpt2", "t5", "bert"))
    assert torch.equal(labels(gpt2.model, gpt2.inputs())["labels"], gpt2.inputs()["input_ids"])
    assert torch.equal(labels(t5.model, t5.inputs())["labels"], t5.inputs()["decoder_input_ids"])
    assert labels(bert.model, bert.inputs()) == {}


def test_the_loss_is_the_class_s_own_or_of_every_output(make_workload: MakeWorkload) -> None:
    gpt2, vit = make_workload("gpt2"), make_workload("vit")
    outputs = gpt2.model(**gpt2.inputs(), labels=gpt2.inputs()["input_ids"])
    assert loss(outputs) is outputs.loss
    outputs = vit.model(**vit.inputs())
    expected = sum(value.detach().square().mean() for value in outputs.values())
    assert loss(outputs).item() == pytest.approx(float(expected))


def test_the_optimiser_s_states_are_gone_when_the_phase_is(make_workload: MakeWorkload) -> None:
    work, phase = make_workload("gpt2"), PHASES["train"]
    lesson = phase.prepare(work)
    assert phase.prepare(work).optimiser is lesson.optimiser
    work.forget()
    assert phase.prepare(work).optimiser is not lesson.optimiser


def test_a_step_that_cannot_fit_is_not_tried(make_workload: MakeWorkload) -> None:
    work = make_workload("gpt2")
    work.limit = 3 * work.loaded_bytes
    with pytest.raises(Unsupported, match=r"a training step needs at least .* GB .*ask for fewer --layers"):
        PHASES["train"].prepare(work)


def test_quantised_weights_are_not_trained(make_workload: MakeWorkload) -> None:
    work = make_workload("llama", parameters=replace(PARAMETERS, quantisation="int8"))
    with pytest.raises(Unsupported, match="quantised weights have no gradients"):
        PHASES["train"].prepare(work)
