"""Which depths a phase can be timed at: not every model runs at every one, and some run without any layer."""

from dataclasses import replace

from harness.suite.outcomes import Unsupported
from harness.suite.throughput.design import Design, choose
from harness.suite.throughput.phases import Phase
from harness.suite.throughput.workload import Workload

TOKENS = 2
"""Of output, for a trial: one from the prompt and one from the cache."""


def plan_depths(work: Workload, phase: Phase) -> Design | None:
    """The depths of a round; None where nothing is estimated.

    Depths at which the model does not run are done without. Raises `Unsupported` where the others say too
    little, unless the depth was asked for: it is then timed for its own sake.
    """
    if work.estimated_from is None or not phase.repeats:
        return None
    allowed, tried = set(range(work.estimated_from + 1)), set[int]()
    while (found := choose(work.size.stack, allowed)) is not None:
        new = sorted(set(found.depths) - tried)
        tried |= set(new)
        failing = {depth for depth in new if depth < work.estimated_from and not runs(work, phase, depth)}
        if not failing:
            return found
        allowed -= failing
    if work.cell.parameters.layers is None:
        raise Unsupported(
            f"of up to {work.estimated_from} layers, those at which {phase.name} runs do not say how long all"
            f" {work.whole_layers} take"
        )
    return None


def runs(work: Workload, phase: Phase, depth: int) -> bool:
    """Whether a round of the phase, of two output tokens at most, ends well at a depth.

    The library promises it of the whole alone: a cache asks its first layer that attends how long it is
    (Jamba, whose first four do not), a forward may take what its last layer left.
    """
    cell, asked = work.cell, work.cell.parameters
    short = replace(asked, output_tokens=min(TOKENS, asked.output_tokens))
    try:
        work.cell = replace(cell, parameters=short)
        with work.at_depth(depth):
            state = phase.prepare(work)
            phase.gaps(work, state, phase.run(work, state))
    except Exception:  # noqa: BLE001 — any way in which the library fails is the answer
        return False
    finally:
        work.cell = cell
        work.forget()  # a cache that was made for so few tokens
    return True
