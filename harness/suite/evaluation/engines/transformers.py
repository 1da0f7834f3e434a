"""The engine that is transformers itself: lm_eval's own model class, which tells what its batches take."""

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from lm_eval.models.huggingface import HFLM

from harness.matrix.cells import Cell
from harness.suite.evaluation.meter import Meter, Row
from harness.suite.throughput.clock import synchronise

PARTS_OF_CONTEXT = 2
"""An answer takes at most half of what the model can hold: the question needs the rest."""


class Transformers(HFLM):
    """A checkpoint read by the library; answers are as lm_eval's class gives them."""

    def __init__(self, folder: Path, cell: Cell) -> None:
        """Read the weights onto the cell's device."""
        asked = cell.questions
        assert asked is not None
        super().__init__(pretrained=str(folder.resolve()), device=cell.torch_device, **asked.options)
        self.meter = Meter()
        self.sample_s = asked.sample_s

    @property
    def longest_answer(self) -> int:
        """Most tokens that it can be asked for."""
        return max(1, int(self.max_length) // PARTS_OF_CONTEXT)

    def fewer_at_once(self) -> bool:
        """Halve the batch; whether there was anything to halve."""
        if self.batch_size_per_gpu <= 1:
            return False
        self.batch_size_per_gpu //= 2
        return True

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
        self.meter.rows += [self._row(tokens, stop, max_length, late=late) for tokens in out[:, prompt:].tolist()]
        return out

    def _row(self, tokens: Sequence[int], stop: Sequence[str], max_length: int, *, late: bool) -> Row:
        """How a generation ended: at the end the model gave it, at a word, by its length, or for its time."""
        ends = {self.eot_token_id, *_ends(self.model)} - {None}
        place = next((place for place, token in enumerate(tokens) if token in ends), None)
        own = tokens if place is None else tokens[:place]
        text = self.tok_decode(own)
        cut = min((text.find(word) for word in stop if word and word in text), default=None)
        if cut is not None:
            count = len(self.tokenizer.encode(text[:cut], add_special_tokens=False))
            return Row(tokens=count, stopped="stop", text=text)
        if place is not None:
            return Row(tokens=place + 1, stopped="end", text=text)
        return Row(tokens=len(tokens), stopped="time" if late else "length", text=text)


def _ends(model: Any) -> set[int]:
    """Tokens that end a generation of the model's, by its own settings."""
    own = getattr(getattr(model, "generation_config", None), "eos_token_id", None)
    return set(own) if isinstance(own, list) else {own}
