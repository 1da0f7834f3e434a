"""The engine that is transformers itself: lm_eval's own model class, which tells what its batches take."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist
from lm_eval.api.model import LM
from lm_eval.api.task import Task

from harness.matrix.cells import Cell
from harness.results import expert_use
from harness.results.record import Metric
from harness.results.scored import Costs
from harness.suite.evaluation import experts
from harness.suite.evaluation.energy import joules
from harness.suite.evaluation.engines.engine import PARTS_OF_CONTEXT
from harness.suite.evaluation.limits import RowByRow
from harness.suite.evaluation.meter import Meter, Row
from harness.suite.evaluation.reasoning import marks_of
from harness.suite.evaluation.tiny import require_answers
from harness.suite.evaluation.weights import Whole, require_fitting
from harness.suite.fit.parameters import counted
from harness.suite.models.build import model_class
from harness.suite.throughput import memory
from harness.suite.throughput.clock import synchronise


class Metered(RowByRow):
    """lm_eval's model, which tells of each batch how long it took, and of each answer how it ended."""

    AUTO_MODEL_CLASS: Any

    def __init__(self, folder: Path, kind: Any, device: str, options: Mapping[str, Any]) -> None:
        """Read the weights in `folder`, a model of the class `kind`, onto the device.

        `options` are as lm_eval's `hf` has them.
        """
        self._kind = kind
        super().__init__(pretrained=str(folder.resolve()), device=device, **options)
        self.meter = Meter()
        if marks := marks_of(self.tokenizer.chat_template):
            self.think(marks)

    def fewer(self) -> bool:
        """Halve the batch; whether there was anything to halve."""
        if self.batch_size_per_gpu <= 1:
            return False
        self.batch_size_per_gpu //= 2
        return True

    def at_once(self) -> dict[str, int]:
        """What is computed together: rows of a batch."""
        return {"batch": self.batch_size_per_gpu}

    def _create_model(self, *arguments: Any, **named: Any) -> None:
        found = self.AUTO_MODEL_CLASS  # by which lm_eval goes on to tell the kinds of models apart
        # Its own class, for some have no Auto class for text (LLaVA), or that of a part (Mllama); and whole,
        # else the library draws what it does not find, and only warns.
        self.AUTO_MODEL_CLASS = Whole(self._kind)
        try:
            super()._create_model(*arguments, **named)
        finally:
            self.AUTO_MODEL_CLASS = found

    def _model_call(self, *arguments: Any, **named: Any) -> torch.Tensor:
        with self.meter.batch():
            logits = super()._model_call(*arguments, **named)
            synchronise(str(self.device))
        return logits

    def _model_generate(self, context: torch.Tensor, *arguments: Any, **named: Any) -> torch.Tensor:
        with self.meter.batch():
            out = super()._model_generate(context, *arguments, **named)
            synchronise(str(self.device))
        prompt = context.shape[1] if self.backend == "causal" else 0
        for ending, tokens in zip(self.endings, out[:, prompt:].tolist(), strict=True):
            text = self.tok_decode(tokens[: ending.tokens + (prompt == 0)])
            row = Row(tokens=ending.tokens, stopped=ending.why, text=text, thinking=ending.thinking)
            self.meter.rows.append(row)
        return out


class Transformers:
    """A checkpoint read by the library, on the cell's device."""

    asks: type[Metered] = Metered
    """lm_eval's model of it."""
    unseen = ""
    """Why the use of experts is not measured; empty where the model alone decides that."""

    def __init__(self, folder: Path, cell: Cell) -> None:
        """Read the weights; CheckpointError, before they are read, where they are not the class's."""
        asked = cell.questions
        assert asked is not None
        kind = model_class(cell.model)
        require_answers(kind)
        self._unchecked = require_fitting(folder, kind)
        self._model = self.asks(folder, kind, cell.torch_device, asked.options)
        self._device = cell.torch_device
        self._found = counted(self._model.model)
        self._joules: float | None = None

    @property
    def longest_answer(self) -> int:
        """Most tokens that it can be asked for."""
        return max(1, int(self._model.max_length) // PARTS_OF_CONTEXT)

    def model(self, tasks: Mapping[str, Task], seconds: float | None = None) -> LM:  # noqa: ARG002 — the protocol's
        """As lm_eval asks it."""
        # Ranks would part ways at a limit: each has a clock of its own.
        self._model.sample_s = None if dist.is_initialized() else seconds
        return self._model

    def fewer_at_once(self) -> bool:
        """Halve the batch; whether there was anything to halve."""
        fewer = self._model.fewer()
        torch.cuda.empty_cache()
        return fewer

    @contextmanager
    def watched(self) -> Iterator["Seen"]:
        """Count where its tokens go, and take the peak of its memory and the energy anew."""
        memory.reset_peak(self._device)
        self._joules = joules(self._device)
        with experts.ExpertUse.of(self._model.model, self.unseen) as use, use.told_padding():
            self._model.spare = use.sparing
            yield Seen(use)

    def costs(self) -> Costs:
        """Since it was last watched."""
        drawn = joules(self._device)
        return Costs(
            memory_bytes=memory.peak(self._device),
            active_parameters=self._found.active,
            joules=drawn - self._joules if drawn is not None and self._joules is not None else None,
        )

    def facts(self) -> Mapping[str, Any]:
        """Its size as it is in memory, and the batch that it came down to."""
        weights = sum(tensor.nbytes for tensor in self._model.model.parameters())
        return {
            "weights_bytes": weights,
            "parameters": self._found.total,
            "active_parameters": self._found.active,
            **self._model.at_once(),
        } | ({"weights": self._unchecked} if self._unchecked else {})

    def close(self) -> None:
        """Leave nothing of it in memory."""
        del self._model


class Seen:
    """Where the tokens went while a model answered."""

    def __init__(self, use: experts.ExpertUse) -> None:
        self._use = use

    def metrics(self, dataset: str) -> list[Metric]:
        """How evenly experts were used; none of a dense model."""
        return list(expert_use.metrics(self._use.layers(), dataset))

    def facts(self) -> Mapping[str, Any]:
        """The counts by layer and expert, or why there are none."""
        if self._use.reason:
            return {expert_use.FACT: f"not measured: {self._use.reason}"}
        layers = self._use.layers()
        return {expert_use.FACT: {row.name: list(row.counts) for row in layers}} if layers else {}
