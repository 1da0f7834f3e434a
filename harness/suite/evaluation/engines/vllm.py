"""The engine that is vLLM, in the image that has it: lm_eval's own class, which tells what its batches take.

Nobody has run it: where this was written there was no accelerator that vLLM computes on. It was held against
what lm_eval 0.4.13 calls and reads (`lm_eval/models/vllm_causallms.py`).
"""

from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from lm_eval.api.instance import Instance
from lm_eval.api.model import LM, CacheHook
from lm_eval.api.task import Task
from lm_eval.models.vllm_causallms import VLLM

from harness.matrix.cells import Cell
from harness.suite.evaluation.engines.completions import REASONS
from harness.suite.evaluation.engines.engine import PARTS_OF_CONTEXT, Blind
from harness.suite.evaluation.meter import Meter, Row

AHEAD = 4
"""How many times what it keeps under way vLLM is given at once: the answers to that are kept together."""
USUAL = 256
"""Requests under way where nothing is said, as vLLM has it."""


class Metered(VLLM):
    """lm_eval's model, which tells of each batch how long it took, and of each answer how it ended."""

    def __init__(self, folder: Path, options: Mapping[str, Any]) -> None:
        """Read the weights in `folder`; `options` are as lm_eval's `vllm` has them, and vLLM itself."""
        together = AHEAD * int(options.get("max_num_seqs", USUAL))
        super().__init__(pretrained=str(folder.resolve()), batch_size=together, **options)
        self.meter = Meter()

    def generate_until(self, requests: list[Instance], disable_tqdm: bool = False) -> list[str]:  # noqa: FBT001, FBT002 — lm_eval's
        """The texts; each is told under its request's own arguments, where lm_eval tells those of vLLM."""
        hook: CacheHook = self.cache_hook
        self.set_cache_hook(_Own(hook, {request.args[0]: request.args for request in requests}))
        try:
            return list(super().generate_until(requests, disable_tqdm=disable_tqdm))
        finally:
            self.set_cache_hook(hook)

    def _model_generate(
        self, requests: list[list[int]], *how: Any, generate: bool = False, **named: Any
    ) -> Any:
        with self.meter.batch():
            outputs = super()._model_generate(requests, *how, generate=generate, **named)
        if generate:
            self.meter.rows += [_row(output.outputs[0]) for output in outputs]
        return outputs


def _row(given: Any) -> Row:
    """How a generation ended; `given` is vLLM's CompletionOutput."""
    reason = str(given.finish_reason)
    stopped = "stop" if isinstance(given.stop_reason, str) else REASONS.get(reason, reason)
    return Row(tokens=len(given.token_ids), stopped=stopped, text=given.text)


class _Own(CacheHook):
    """Tells answers under the arguments that were asked with."""

    def __init__(self, hook: CacheHook, own: Mapping[str, tuple[Any, ...]]) -> None:
        super().__init__(None)
        self._hook, self._own = hook, own

    def add_partial(self, attr: str, req: Sequence[Any], res: Any) -> None:
        """It has one."""
        self._hook.add_partial(attr, self._own[req[0]], res)


class Vllm(Blind):
    """A checkpoint read by vLLM; what it holds and draws is in processes of its own, which tell nothing."""

    def __init__(self, folder: Path, cell: Cell) -> None:
        asked = cell.questions
        assert asked is not None
        self._model = Metered(folder, asked.options)

    @property
    def longest_answer(self) -> int:
        """Most tokens that it can be asked for."""
        return max(1, int(self._model.max_length) // PARTS_OF_CONTEXT)

    def model(self, tasks: Mapping[str, Task], seconds: float | None = None) -> LM:  # noqa: ARG002 — the protocol's
        """As lm_eval asks it."""
        return self._model

    def facts(self) -> Mapping[str, Any]:
        """Which release of it."""
        return {"vllm": version("vllm")}

    def close(self) -> None:
        """Leave nothing of it in memory."""
        del self._model
