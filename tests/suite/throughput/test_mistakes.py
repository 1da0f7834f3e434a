"""Mistakes made in a real request, the whole way: no gap comes out of marks that are wrong."""

import struct
from collections.abc import Callable

import pytest
import torch

from harness.suite.throughput.clock import Marks, now
from harness.suite.throughput.identities import Inconsistent
from harness.suite.throughput.phases import PHASES
from harness.suite.throughput.timed import TPOT, TTFT
from harness.suite.throughput.workload import Workload

MakeWorkload = Callable[..., Workload]


class EndMarked(Marks):
    """The end of the request counts as a token."""

    def end(self) -> None:
        self.times.append(now())


class PromptMarked(Marks):
    """The prompt counts as a token."""

    def __init__(self) -> None:
        super().__init__()
        self._prompt_seen = True


class Float32(Marks):
    """Moments are kept as float32, as a tensor of them would."""

    def put(self, token: torch.Tensor) -> None:
        super().put(token)
        self.times[-1:] = [struct.unpack("f", struct.pack("f", mark))[0] for mark in self.times[-1:]]


class Late(Marks):
    """Tokens are marked after the request, when all of them are there."""

    def put(self, token: torch.Tensor) -> None:
        super().put(token)
        self.times[-1:] = [mark + 60 for mark in self.times[-1:]]


class Reversed(Marks):
    """The last token is taken for the first."""

    def put(self, token: torch.Tensor) -> None:
        super().put(token)
        self.times.reverse()


MISTAKES = {
    EndMarked: "tokens",
    PromptMarked: "tokens",
    Float32: "clock type",
    Late: "order",
    Reversed: "order",
}


@pytest.mark.parametrize(
    ("marks", "identity"), MISTAKES.items(), ids=lambda value: getattr(value, "__name__", value)
)
def test_marks_that_are_wrong_give_no_gaps(
    marks: type[Marks], identity: str, make_workload: MakeWorkload
) -> None:
    work, made = make_workload("gpt2"), marks()
    found = PHASES["generate"].run(work, made)
    with pytest.raises(Inconsistent, match=f"^{identity}: "):
        PHASES["generate"].gaps(work, made, found)


@pytest.mark.parametrize(("series", "factor", "identity"), [(TPOT, 3 / 4, "TPOT"), (TTFT, 2, "last token")])
def test_a_figure_that_its_marks_do_not_give_is_refused(
    series: str, factor: float, identity: str, make_workload: MakeWorkload
) -> None:
    """TPOT by the tokens and not by the gaps; TTFT from before the request."""
    work, marks = make_workload("gpt2"), Marks()
    found = PHASES["generate"].run(work, marks)
    with pytest.raises(Inconsistent, match=f"^{identity}: "):
        PHASES["generate"].gaps(work, marks, found | {series: found[series] * factor})
