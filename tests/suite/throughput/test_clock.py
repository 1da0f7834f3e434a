"""Marks: one a token, for one request; and no time of a device that cannot be waited for."""

from itertools import pairwise

import pytest
import torch

from harness.suite.outcomes import Unsupported
from harness.suite.throughput.clock import Marks, now, synchronise

PROMPT, TOKEN = torch.arange(10)[None], torch.ones(1, dtype=torch.long)


def request(marks: Marks, tokens: int) -> Marks:
    """What `generate` hands a streamer."""
    marks.put(PROMPT)
    for _ in range(tokens):
        marks.put(TOKEN)
    marks.end()
    return marks


def test_the_prompt_and_the_end_are_no_tokens() -> None:
    assert len(request(Marks(), 5).times) == 5


def test_a_prompt_alone_is_no_token() -> None:
    assert request(Marks(), 0).times == []


def test_each_request_counts_from_nought() -> None:
    first, second = request(Marks(), 3), request(Marks(), 4)
    assert (len(first.times), len(second.times)) == (3, 4)
    assert first.times[-1] <= second.times[0]


def test_a_batch_is_one_mark_a_step() -> None:
    marks = Marks()
    marks.put(PROMPT.repeat(8, 1))
    marks.put(TOKEN.repeat(8))
    assert len(marks.times) == 1


def test_times_rise_and_are_python_s_own_floats() -> None:
    """A float32 of ten days' uptime has steps of 0.06 s."""
    marks = request(Marks(), 100)
    assert {type(time) for time in marks.times} == {float}
    assert all(earlier <= later for earlier, later in pairwise(marks.times))
    assert marks.times[-1] > marks.times[0]


def test_an_interval_far_below_a_token_s_can_be_told() -> None:
    start = now()
    steps = {now() - start for _ in range(1000)} - {0.0}
    assert min(steps) < 1e-4


def test_the_cpu_needs_no_waiting() -> None:
    synchronise("cpu")


@pytest.mark.parametrize("device", ["xla", "xla:0", "no_such_device"])
def test_what_cannot_be_waited_for_is_not_timed(device: str) -> None:
    with pytest.raises(Unsupported, match=device):
        synchronise(device)
