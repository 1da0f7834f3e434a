"""What comes before a model can answer: weights filled or loaded, and the first call.

Filling is no load: nothing is read. A load is the library's own, from safetensors files, with their pages on
the disk (cold) or in memory (warm). The first call is apart from those that follow it: what is compiled,
chosen or allocated at first is in it alone.
"""

from statistics import median
from typing import Any

import torch

from harness.suite.latest import release
from harness.suite.throughput import variants
from harness.suite.throughput.clock import now, synchronise
from harness.suite.throughput.workload import Workload

FIRST, LATER, OVERHEAD = "first", "later", "overhead"
"""Series of the first call: it, a later one, and how much longer the first took."""
SETTLING, CALLS = 2, 3
"""Later calls that are left out, and those that are timed after them."""


def fill(work: Workload, _: None) -> dict[str, float]:
    """Weights allocated on the device and given random values."""
    work.forget()
    work.loaded.fill()
    return {}


def to_load_cold(work: Workload) -> None:
    """The model only in files, and those only on the disk."""
    saved = work.loaded.save()
    _let_go(work)
    saved.make_cold()


def to_load_warm(work: Workload) -> None:
    """The model only in files, and those in memory."""
    saved = work.loaded.save()
    _let_go(work)
    saved.make_warm()


def _let_go(work: Workload) -> None:
    work.forget()
    work.loaded.let_go()
    release()


def load(work: Workload, _: None) -> dict[str, float]:
    """The library's `from_pretrained`, and the weights on the device."""
    work.loaded.load()
    return {}


def arguments(work: Workload) -> dict[str, Any]:
    """Those of a prefill, where the model generates, else of a forward."""
    return work.first_step() if work.model.can_generate() else work.inputs()


def first_call(work: Workload, given: dict[str, Any]) -> dict[str, float]:
    """The first forward in this process, and what later ones take."""
    with variants.nothing_compiled(work.cell.parameters):
        first = call(work, given)
    later = [call(work, arguments(work)) for _ in range(SETTLING + CALLS)][SETTLING:]
    return {FIRST: first, LATER: median(later), OVERHEAD: max(0.0, first - median(later))}


def call(work: Workload, given: dict[str, Any]) -> float:
    """Seconds of one forward."""
    work.calls += 1
    start = now()
    with torch.inference_mode():
        work.model(**given)
    synchronise(work.device)
    return now() - start
