"""The engine that is transformers itself: lm_eval's own model class, which tells what its batches take."""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from lm_eval.api.model import LM
from lm_eval.api.task import Task
from lm_eval.models.huggingface import HFLM

from harness.matrix.cells import Cell
from harness.results import expert_use
from harness.results.record import Metric
from harness.results.scored import Costs
from harness.suite.evaluation import experts
from harness.suite.evaluation.energy import joules
from harness.suite.evaluation.meter import Meter, Row
from harness.suite.fit.parameters import counted
from harness.suite.throughput import memory
from harness.suite.throughput.clock import synchronise

PARTS_OF_CONTEXT = 2
"""An answer takes at most half of what the model can hold: the question needs the rest."""


class Metered(HFLM):
    """lm_eval's model, which tells of each batch how long it took, and of each answer how it ended."""

    def __init__(self, folder: Path, device: str, sample_s: float, options: Mapping[str, Any]) -> None:
        """Read the weights in `folder` onto the device; `options` are as lm_eval's `hf` has them."""
        super().__init__(pretrained=str(folder.resolve()), device=device, **options)
        self.meter = Meter()
        self.sample_s = sample_s
        own = self.model.generation_config.eos_token_id
        self.ends = {self.eot_token_id, *(own if isinstance(own, list) else [own])} - {None}

    def _model_call(self, *arguments: Any, **named: Any) -> torch.Tensor:
        with self.meter.batch():
            logits = super()._model_call(*arguments, **named)
            synchronise(str(self.device))
        return logits

    def _model_generate(
        self, context: torch.Tensor, max_length: int, stop: list[str], **generation: Any
    ) -> torch.Tensor:
        began = time.perf_counter()
        with self.meter.batch():
            out: torch.Tensor = super()._model_generate(
                context=context, max_length=max_length, stop=stop, max_time=self.sample_s, **generation
            )
            synchronise(str(self.device))
        late = time.perf_counter() - began >= self.sample_s
        prompt = context.shape[1] if self.backend == "causal" else 0
        self.meter.rows += [self._row(tokens, stop, late=late) for tokens in out[:, prompt:].tolist()]
        return out

    def _row(self, tokens: Sequence[int], stop: Sequence[str], *, late: bool) -> Row:
        """How a generation ended: where the model ended it, at a word, by its length, or for its time."""
        place = next((place for place, token in enumerate(tokens) if token in self.ends), None)
        text = self.tok_decode(tokens if place is None else tokens[:place])
        cut = min((text.find(word) for word in stop if word and word in text), default=None)
        if cut is not None:
            count = len(self.tokenizer.encode(text[:cut], add_special_tokens=False))
            return Row(tokens=count, stopped="stop", text=text)
        if place is not None:
            return Row(tokens=place + 1, stopped="end", text=text)
        return Row(tokens=len(tokens), stopped="time" if late else "length", text=text)


class Transformers:
    """A checkpoint read by the library, on the cell's device."""

    def __init__(self, folder: Path, cell: Cell) -> None:
        """Read the weights."""
        asked = cell.questions
        assert asked is not None
        self._model = Metered(folder, cell.torch_device, asked.sample_s, asked.options)
        self._device = cell.torch_device
        self._found = counted(self._model.model)
        self._joules: float | None = None

    @property
    def longest_answer(self) -> int:
        """Most tokens that it can be asked for."""
        return max(1, int(self._model.max_length) // PARTS_OF_CONTEXT)

    def model(self, tasks: Mapping[str, Task]) -> LM:  # noqa: ARG002 — the protocol's
        """As lm_eval asks it."""
        return self._model

    def fewer_at_once(self) -> bool:
        """Halve the batch; whether there was anything to halve."""
        if self._model.batch_size_per_gpu <= 1:
            return False
        self._model.batch_size_per_gpu //= 2
        torch.cuda.empty_cache()
        return True

    @contextmanager
    def watched(self) -> Iterator["Seen"]:
        """Count where its tokens go, and take the peak of its memory and the energy anew."""
        memory.reset_peak(self._device)
        self._joules = joules(self._device)
        with experts.ExpertUse.of(self._model.model) as use, use.told_padding():
            yield Seen(use)

    def costs(self) -> Costs:
        """Since it was last watched."""
        drawn = joules(self._device)
        return Costs(
            memory_bytes=memory.peak(self._device),
            active_parameters=self._found.total - sum(row.idle for row in self._found.experts),
            joules=drawn - self._joules if drawn is not None and self._joules is not None else None,
        )

    def facts(self) -> Mapping[str, Any]:
        """Its size as it is in memory, and the batch that it came down to."""
        weights = sum(tensor.nbytes for tensor in self._model.model.parameters())
        return {
            "weights_bytes": weights,
            "parameters": self._found.total,
            "active_parameters": self._found.total - sum(row.idle for row in self._found.experts),
            "batch": self._model.batch_size_per_gpu,
        }

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
