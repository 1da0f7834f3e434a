"""Figures against one another and against what the tensors hold, before they are published."""

from collections.abc import Callable, Sequence
from typing import Any

import torch

from harness.suite.models.inputs.make import pins_of
from harness.suite.models.inputs.text import PLACEHOLDERS, placeholder_id
from harness.suite.throughput.identities import require
from harness.suite.throughput.seen import PhaseTimes, Prompt, Rate
from harness.suite.throughput.timed import TOTAL, Figure, Timed
from harness.suite.throughput.workload import Workload, caption_tokens

PACKED = ("grid_thw", "grid_hw", "target_sizes")
"""Ends the names of what says how images lie in one row of patches: their number is then no dimension."""


def _rows(work: Workload) -> int | None:
    """Rows of the batch, as the tokens or else the first input have them; None where images are packed."""
    tensors = {name: value for name, value in work.inputs().items() if isinstance(value, torch.Tensor)}
    if "input_ids" in tensors:
        return len(tensors["input_ids"])
    return None if any(name.endswith(PACKED) for name in tensors) else len(next(iter(tensors.values())))


def _new_tokens(work: Workload, of_each_row: int) -> int | None:
    rows = _rows(work)
    return None if rows is None else rows * of_each_row


COUNTED: dict[tuple[str, str], Callable[[Workload], int | None]] = {
    ("forward", "samples/s"): _rows,
    ("train", "samples/s"): _rows,
    ("prefill", "tokens/s"): Workload.prompt_tokens,
    ("decode", "tokens/s"): lambda work: _new_tokens(work, work.cell.parameters.output_tokens - 1),
    ("generate", "tokens/s"): lambda work: _new_tokens(work, work.cell.parameters.output_tokens),
}
"""Phase and unit → how many of the unit's things a round deals with; None where that cannot be counted."""


def check_rates(work: Workload, phase: str, found: Sequence[Figure], seconds: Sequence[float]) -> None:
    """Raise `Inconsistent` where a rate does not give what was counted; `seconds` are the rounds' own."""
    for figure in found:
        count = COUNTED.get((phase, figure.unit))
        counted = None if count is None else count(work)
        if counted is None:
            continue
        for second in seconds:
            require(Rate(unit=figure.unit, value=figure.of(second), seconds=second, counted=counted))


def check_prompt(work: Workload) -> None:
    """Raise `Inconsistent` where the model does not read as many tokens as were asked for.

    A prompt that a row of the model makes has a length of its own, which the result's shapes say.
    """
    ids = work.inputs().get("input_ids")
    if not isinstance(ids, torch.Tensor) or "input_ids" in pins_of(work.model, full=True)["arguments"]:
        return
    require(
        Prompt(
            asked=caption_tokens(work.model) or work.cell.parameters.input_tokens,
            given=_read(ids, work.inputs().get("attention_mask")),
            placeholders=any(placeholder_id(work.model.config, kind) is not None for kind in PLACEHOLDERS),
        )
    )


def check_phases(found: Sequence[Timed]) -> None:
    """Raise `Inconsistent` where a cell's `generate` is far faster than the phases that it is made of.

    Disturbed figures are not compared: phases are measured one after the other, and where another process
    took one CPU of two, the threads' waiting for one another made a phase 100 times as long.
    """
    fastest = {row.phase: min(row.series(TOTAL)[row.layers]) for row in found if not row.disturbed}
    if {"prefill", "decode", "generate"} <= fastest.keys():
        require(
            PhaseTimes(prefill=fastest["prefill"], decode=fastest["decode"], generate=fastest["generate"])
        )


def _read(ids: torch.Tensor, mask: Any) -> tuple[int, ...]:
    """Tokens of each row that are not padding; several codes at one position are one."""
    if isinstance(mask, torch.Tensor) and mask.shape == ids.shape:
        return tuple(int(count) for count in mask.sum(-1))
    return (ids.shape[1],) * len(ids)
