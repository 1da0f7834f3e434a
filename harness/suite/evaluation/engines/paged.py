"""A session of transformers' continuous batching: made, or refused with a reason, and ended in any case.

As transformers 5.23.0 has it (`generation/continuous_batching`). Its own `generate_batch` gives nothing
before the last answer, and goes on to the last when it is interrupted; its manager gives each token as it
comes. The manager computes in a thread, which has ended when the session has.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from math import ceil
from typing import Any

from transformers import GenerationConfig, generation
from transformers.generation import GenerationMode

from harness.suite.outcomes import Unsupported

PAGE = 256
"""Tokens of a block of the cache, as the library has it where nothing is said."""
MOST_TOGETHER = {"cpu": 1024}
"""Tokens of a forward at most, by kind of device; elsewhere as the library has it.

A mask, where attention needs one, has so many rows as long as the cache: at the library's 8192, and for 64
questions of 4096 tokens, that is 9 GB.
"""
WAIT_S = 1.0
"""Between looks at whether the thread still lives."""
OTHERWISE = "with it the library gives other tokens than generate does"
BREAKS = "with it the library breaks, since tensors have other sizes than its cache and masks"
REFUSED = {
    "DiffLlamaForCausalLM": OTHERWISE,
    "DogeForCausalLM": BREAKS,
    "HrmTextForCausalLM": OTHERWISE,
    "JetMoeForCausalLM": BREAKS,
    "MiMoV2FlashForCausalLM": BREAKS,
    "MoshiForCausalLM": OTHERWISE,
    "NemotronForCausalLM": BREAKS,
}
"""Class → why it has none.

112 model types were asked three questions each, at tiny width, with transformers 5.23.0 in float32 on a CPU:
86 gave the tokens of `generate`; the others are these, have `FIELDS`, or layers that the library refuses.
"""
FIELDS = {
    "kv_lora_rank": "its keys and values differ in size, and pages of the library's cache are of one",
    "is_heterogeneous": "its layers differ in size, and pages of the library's cache are of one",
}
"""Field of a text configuration → why a model that sets it has none: latent attention, and Gemma 4."""
MODES = (GenerationMode.GREEDY_SEARCH, GenerationMode.SAMPLE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """What a session may hold."""

    sequences: int
    """Computed together, at most."""
    tokens: int
    """Of the longest question with its answer."""
    memory: float
    """Share of what the weights leave free; less is taken where the sequences need less."""

    @property
    def blocks(self) -> int:
        """Of the cache, as many as all sequences need: what is taken is cleared first, on a CPU slowly."""
        return self.sequences * (ceil(self.tokens / PAGE) + 1)


class Session:
    """Requests known by their numbers, and what they are answered, token by token."""

    def __init__(self, manager: Any) -> None:
        self._manager = manager

    def put(self, number: int, tokens: Sequence[int], most: int) -> None:
        """A question, which may be answered with so many tokens."""
        self._manager.add_request(list(tokens), request_id=str(number), max_new_tokens=most, streaming=True)

    def drop(self, number: int) -> None:
        """Its answer has ended; tokens that are being computed still come."""
        self._manager.cancel_request(str(number))

    def heard(self) -> Iterator[tuple[int, list[int], bool]]:
        """(number, all tokens of its answer so far, whether those are all), without an end.

        Raises what has ended the thread: `torch.OutOfMemoryError` where memory ran out.
        """
        while True:
            output = self._manager.get_result(timeout=WAIT_S)
            if output is None and self._manager.is_running():
                continue
            if output is None or output.error is not None:
                self._manager.stop(hard_stop=True)  # only then it tells what went wrong
                fatal = self._manager.background_thread_status.fatal_error
                said = "its thread has ended" if output is None else output.error
                raise fatal or RuntimeError(f"continuous batching gave up: {said}")
            yield int(output.request_id), output.generated_tokens, output.is_finished()


def require_continuous(model: Any) -> None:
    """`Unsupported`, with the reason, where the library would not batch the model so, or answer rubbish.

    The library refuses kinds of layers that it has no cache for, and no more: a model whose attention is not
    its own, or that keeps more than keys and values, never looks at the cache it is given.
    """
    name = type(model).__name__
    if not (hasattr(model, "init_continuous_batching") and hasattr(generation, "ContinuousBatchingConfig")):
        raise Unsupported(f"{name} has no continuous batching in this release of transformers")
    if model.config.is_encoder_decoder:
        raise Unsupported(f"{name} has no continuous batching: it reads a question with an encoder")
    if model._is_stateful:  # noqa: SLF001 — as the library's own generation asks
        raise Unsupported(f"{name} has no continuous batching: it keeps a state, which cannot be paged")
    if not model._supports_attention_backend:  # noqa: SLF001 — no other name
        raise Unsupported(f"{name} has no continuous batching: its attention is not the library's")
    text = model.config.get_text_config()
    of_fields = next((why for field, why in FIELDS.items() if getattr(text, field, None)), "")
    if reason := REFUSED.get(name, of_fields):
        raise Unsupported(f"{name} has no continuous batching: {reason}")


@contextmanager
def session(model: Any, settings: GenerationConfig, room: Room, seed: int) -> Iterator[Session]:
    """Open while it is entered; the model is as it was when it is left, and no thread is.

    `Unsupported` where the settings, or layers of the model, have no continuous batching.
    """
    attention = model.config._attn_implementation  # noqa: SLF001 — no other name
    manager = None
    try:
        manager = _made(model, settings, room, seed)
        manager.start()
        yield Session(manager)
    finally:
        if manager is not None and manager.is_running():
            manager.stop(hard_stop=True)
        if model.config._attn_implementation != attention:  # noqa: SLF001 — no other name
            model.set_attn_implementation(attention)


def _made(model: Any, settings: GenerationConfig, room: Room, seed: int) -> Any:
    """A manager whose cache is there: for all sequences, or of what memory allows, where that is less."""
    if settings.get_generation_mode() not in MODES:
        raise Unsupported(f"continuous batching has no {settings.get_generation_mode().value}")
    try:
        return _ready(model, settings, room, seed, room.blocks)
    except MemoryError:
        return _ready(model, settings, room, seed, None)


def _ready(model: Any, settings: GenerationConfig, room: Room, seed: int, blocks: int | None) -> Any:
    how = generation.ContinuousBatchingConfig(
        page_size=PAGE,
        num_blocks=blocks,
        max_batch_tokens=MOST_TOGETHER.get(model.device.type),
        max_memory_percent=room.memory,
        max_requests_per_batch=room.sequences,
        safety_margin=None if blocks is None else 0.0,  # all of them fit
        seed=seed,
    )
    try:
        manager = model.init_continuous_batching(generation_config=settings, continuous_batching_config=how)
    except ValueError as refused:  # a kind of layers, or of attention, that it has no cache for
        raise Unsupported(f"{type(model).__name__} has no continuous batching: {refused}") from refused
    asked = model._get_logits_processor(settings)  # noqa: SLF001 — of which the manager keeps what it can do
    kept = {type(row).__name__ for row in manager.logit_processor.logits_processor}
    if dropped := {type(row).__name__ for row in asked} - kept:
        raise Unsupported(
            f"continuous batching leaves out {', '.join(sorted(dropped))}, which the settings ask for"
        )
    manager.warmup()
    return manager
