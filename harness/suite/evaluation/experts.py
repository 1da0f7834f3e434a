"""How evenly a mixture of experts uses its experts while it answers: tokens counted by layer and expert.

Counted are the tokens that are part of a question or an answer. What fills a batch up is not: what the
forward's attention mask leaves out, what lm_eval pads without a mask (`told_padding`), and the tokens that
generation gives a row that has ended (`sparing`). So a batch of many counts what batches of one count.
"""

import inspect
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Any, Self, final

import torch
from lm_eval.models import huggingface
from torch import nn

from harness.results.expert_use import LayerUse
from harness.suite.evaluation.routing import Source, sources, unseen

TOKENS = ("input_ids", "inputs_embeds")
MASK = "attention_mask"


@final
class ExpertUse:
    """Counts where a model's tokens go while it is entered; left, it leaves no hook behind."""

    def __init__(self, model: nn.Module, reason: str = "") -> None:
        """`reason`: why experts, if the model has any, cannot be counted as it is asked."""
        self.reason = unseen(model) or (reason if any(sources(model)) else "")
        """Why expert use is not measured; empty where it is. A dense model has none, and no layers."""
        self._model = model
        self._sources: tuple[Source, ...] = () if self.reason else tuple(sources(model))
        self._signature = inspect.signature(model.forward)
        self._counts: dict[tuple[str, ...], torch.Tensor] = {}
        """Names of layers that are counted together → tokens, int64 [layers, experts and one for none]."""
        self._chosen: list[tuple[Source, torch.Tensor]] = []
        self.apart: dict[str, str] = {}
        """Layers that are given other tokens than the model, which no mask can be held against, and why."""
        self._hooks = ExitStack()
        self._real = torch.ones(0, dtype=torch.bool)
        self._ended: torch.Tensor | None = None
        self._lengths: torch.Tensor | None = None

    @classmethod
    def of(cls, model: nn.Module, reason: str = "") -> Self:
        """Of a causal model of the library, `generate` or plain forwards; see `__init__`."""
        return cls(model, reason)

    def __enter__(self) -> Self:
        if self._sources:
            self._add(self._model.register_forward_pre_hook(self._before, with_kwargs=True))
            self._add(self._model.register_forward_hook(self._after))
        for source in self._sources:
            hook = partial(self._note, source)
            self._add(source.module.register_forward_hook(hook, with_kwargs=True))
        return self

    def __exit__(self, *_: object) -> None:
        self._hooks.close()

    def layers(self) -> tuple[LayerUse, ...]:
        """The layers with experts that a token reached, in the model's order."""
        counted: dict[str, list[int]] = {}
        for names, counts in self._counts.items():
            for name, row in zip(names, counts[:, :-1].tolist(), strict=True):
                before = counted.get(name, [0] * len(row))
                counted[name] = [one + other for one, other in zip(before, row, strict=True)]
        return tuple(
            LayerUse(name=source.name, counts=tuple(counted[source.name]))
            for source in self._sources
            if source.name not in self.apart and any(counted.get(source.name, ()))
        )

    @contextmanager
    def sparing(self, ended: torch.Tensor) -> Iterator[None]:
        """Leave out rows of a batch from when on their entry in `ended`, bool [rows], is true."""
        self._ended = ended
        try:
            yield
        finally:
            self._ended = None

    @contextmanager
    def told_padding(self) -> Iterator[None]:
        """Let lm_eval tell what of a batch it has padded: its log likelihoods are asked without a mask.

        Its function is wrapped where it is used, since it keeps the lengths of the rows to itself.
        """
        original = huggingface.pad_and_concat

        def padded(length: int, tensors: list[torch.Tensor], **options: Any) -> torch.Tensor:
            self._lengths = torch.tensor([tensor.shape[-1] for tensor in tensors])
            batch: torch.Tensor = original(length, tensors, **options)
            return batch

        huggingface.pad_and_concat = padded
        try:
            yield
        finally:
            huggingface.pad_and_concat = original

    def _add(self, handle: Any) -> None:
        self._hooks.callback(handle.remove)

    @torch.no_grad()
    def _before(self, _: nn.Module, arguments: tuple[Any, ...], keywords: dict[str, Any]) -> None:
        """Note which tokens of the forward that begins are real, bool [rows · tokens]."""
        self._chosen.clear()
        given = self._signature.bind_partial(*arguments, **keywords).arguments
        tokens = next(given[name] for name in TOKENS if given.get(name) is not None)
        length = tokens.shape[1]
        mask = given.get(MASK)
        # A mask is of the whole row, of which a forward with a cache is given the last tokens.
        real = self._unpadded(tokens) if mask is None else mask[:, -length:].bool()
        if self._ended is not None:
            real = real & ~self._ended.to(real.device)[:, None]
        self._real = real.reshape(-1)

    def _unpadded(self, tokens: torch.Tensor) -> torch.Tensor:
        """What lm_eval has not padded; everything, where it has not told."""
        rows, length = tokens.shape[:2]
        lengths, self._lengths = self._lengths, None
        if lengths is None or len(lengths) != rows:
            return tokens.new_ones(rows, length, dtype=torch.bool)
        return (torch.arange(length) < lengths[:, None]).to(tokens.device)

    def _note(
        self,
        source: Source,
        module: nn.Module,
        arguments: tuple[Any, ...],
        keywords: dict[str, Any],
        output: Any,
    ) -> None:
        """Keep a layer's choices until the forward ends."""
        indices = source.read(module, arguments, keywords, output)
        if len(indices) == len(self._real):
            self._chosen.append((source, indices))
        else:
            self.apart[source.name] = (
                f"is given {len(indices)} tokens where the model is given {len(self._real)}"
            )

    @torch.no_grad()
    def _after(self, *_: Any) -> None:
        """Count the choices of all layers at once: a device is given few orders, and is not waited for."""
        alike: dict[tuple[Any, ...], list[tuple[Source, torch.Tensor]]] = {}
        for source, indices in self._chosen:
            alike.setdefault((source.experts, indices.shape, indices.device), []).append((source, indices))
        for (nowhere, _shape, device), group in alike.items():
            real = self._real.to(device)[:, None]
            stacked = torch.stack([indices for _, indices in group])
            chosen = torch.where(real, stacked, nowhere).clamp_(max=nowhere).flatten(1)
            names = tuple(source.name for source, _ in group)
            counts = self._counts.setdefault(names, chosen.new_zeros(len(names), nowhere + 1))
            counts.scatter_add_(1, chosen, torch.ones_like(chosen))
        self._chosen.clear()
