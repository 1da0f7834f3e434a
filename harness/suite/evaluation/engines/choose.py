"""Which engine a cell's questions are put to."""

import os
import tempfile
from pathlib import Path

from harness.matrix.cells import Cell
from harness.matrix.questions import TINY, Questions
from harness.suite.evaluation.engines.continuous import ContinuousBatching
from harness.suite.evaluation.engines.engine import Blind, Engine
from harness.suite.evaluation.engines.transformers import Transformers
from harness.suite.evaluation.gold import Gold, Wrong
from harness.suite.evaluation.place import Place
from harness.suite.evaluation.tiny import tiny_checkpoint
from harness.suite.outcomes import Unsupported

VLLM = {"VLLM_USE_FLASHINFER_SAMPLER": "0", "VLLM_NO_USAGE_STATS": "1", "VLLM_DO_NOT_TRACK": "1"}
"""Read when vLLM is imported: its faster sampler compiles with nvcc, which no image has (its issue 49497)."""


def engine_of(cell: Cell, place: Place) -> Engine:
    """The cell's engine, made ready; `Unsupported` where it has nothing to answer with."""
    assert cell.questions is not None
    match cell.questions.engine:
        case "gold":
            return Blind(Gold)
        case "wrong":
            return Blind(Wrong)
        case "transformers":
            return Transformers(_weights(cell, place), cell)
        case "continuous":
            return ContinuousBatching(_weights(cell, place), cell)
        case "openai":
            return _afar(cell.questions, place)
        case "vllm":
            os.environ.update(VLLM)
            from harness.suite.evaluation.engines.vllm import Vllm  # noqa: PLC0415 — one image alone has vLLM

            return Vllm(_weights(cell, place), cell)
        case name:
            raise Unsupported(f"the suite has no engine {name}")


def same_engine(cell: Cell) -> object:
    """What cells that share an engine have in common."""
    asked = cell.questions
    assert asked is not None
    how = (asked.server, asked.served, asked.chat, asked.sample_s) if asked.server else ()
    return asked.entry, asked.engine, asked.weights, repr(asked.options), how, cell.parameters


def _afar(asked: Questions, place: Place) -> Engine:
    """A server, which knows the model."""
    # What speaks to servers takes a while to import, and few cells need it.
    from harness.suite.evaluation.engines.openai import Afar  # noqa: PLC0415
    from harness.suite.evaluation.engines.wire import endpoint  # noqa: PLC0415

    assert asked.server is not None
    return Afar(endpoint("server", asked.server, place.server, asked.sample_s, "OPENAI_API_KEY"), asked)


def _weights(cell: Cell, place: Place) -> Path:
    """The folder of the weights; tiny ones are made here."""
    assert cell.questions is not None
    if cell.questions.weights == TINY:
        folder = Path(tempfile.mkdtemp(prefix="harness-tiny-"))
        return tiny_checkpoint(cell.model, folder, cell.parameters.seed)
    if place.weights is None:
        raise Unsupported("its weights were not given to the suite: HARNESS_WEIGHTS names their folder")
    return place.weights
