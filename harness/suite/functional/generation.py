"""Checks of autoregressive decoding: the loop itself, and the cache that makes it fast."""

import inspect
from collections.abc import Mapping
from typing import Any

import torch
from transformers import LogitsProcessor

from harness.suite.functional.subject import CheckFailed, Finding, Subject, Tensors, deviation

NEW_TOKENS = 6
GREEDY: dict[str, Any] = {
    "do_sample": False,
    "max_new_tokens": NEW_TOKENS,
    "min_new_tokens": NEW_TOKENS,
    "return_dict_in_generate": True,
    "output_logits": True,
}


class Forced(LogitsProcessor):
    """Makes generation emit a given sequence, so that two runs see the same tokens at each step."""

    def __init__(self, tokens: torch.Tensor) -> None:
        self.tokens = tokens
        self.step = 0

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        """Scores that leave only this step's token possible."""
        forced = torch.full_like(scores, float("-inf"))
        forced.scatter_(1, self.tokens[: len(input_ids), self.step : self.step + 1], 0.0)
        self.step += 1
        return forced


def generate(subject: Subject) -> Finding:
    """Greedy generation gives the tokens asked for, from the vocabulary, after the prompt, the same twice."""
    prompt = subject.prompt(batch=2)
    first, second = (_generated(subject, prompt) for _ in range(2))
    if not isinstance(getattr(first, "logits", None), tuple):
        return _of_its_own(first, second)
    new = first.sequences[:, -NEW_TOKENS:]
    faults = []
    if len(first.logits) != NEW_TOKENS:
        faults.append(f"{len(first.logits)} steps for {NEW_TOKENS} new tokens")
    if not torch.equal(first.sequences, second.sequences):
        faults.append("greedy decoding gave other tokens the second time")
    if int(new.max()) >= subject.model.config.get_text_config(decoder=True).vocab_size or int(new.min()) < 0:
        faults.append("a token outside the vocabulary")
    if not subject.model.config.is_encoder_decoder and subject.pins.get("keeps_prompt", True):
        kept = first.sequences[:, : prompt["input_ids"].shape[1]]
        if not torch.equal(kept, prompt["input_ids"]):
            faults.append("the prompt was changed")
    return Finding(float(len(faults)), "; ".join(faults))


def _of_its_own(first: Any, second: Any) -> Finding:
    """Classes with a generate of their own give the same twice.

    A spectrogram, or a transcript of as many tokens as were said, has no length that can be asked for.
    """
    same = len(first) == len(second) and all(
        torch.equal(one, other) for one, other in zip(_leaves(first), _leaves(second), strict=True)
    )
    return Finding(0.0 if same else 1.0, "" if same else "generation gave something else the second time")


def _leaves(value: Any) -> list[torch.Tensor]:
    if isinstance(value, torch.Tensor):
        return [value]
    parts = value.values() if hasattr(value, "values") else value if isinstance(value, list | tuple) else ()
    return [leaf for part in parts for leaf in _leaves(part)]


def kv_cache_equivalence(subject: Subject) -> Finding:
    """Decoding with the cache gives, at each step, the logits of decoding without it."""
    prompt = subject.prompt(batch=2)
    cached, uncached = (decoded(subject, prompt, use_cache=use_cache) for use_cache in (True, False))
    return deviation(cached, uncached)


def decoded(subject: Subject, prompt: Mapping[str, Any], *, use_cache: bool) -> Tensors:
    """The logits of each step of decoding, of given tokens where the class takes a processor of logits."""
    vocabulary = subject.model.config.get_text_config(decoder=True).vocab_size
    generator = torch.Generator().manual_seed(subject.seed)
    tokens = torch.randint(vocabulary // 8, vocabulary // 2, (2, NEW_TOKENS), generator=generator).to(
        subject.device
    )
    processors = [Forced(tokens)] if forced(subject) else None
    run = _generated(subject, prompt, use_cache=use_cache, logits_processor=processors)
    if not run.logits:
        raise CheckFailed("generation gave no logits")
    return {f"step {index}": logits for index, logits in enumerate(run.logits)}


def caches(model_class: Any) -> bool:
    """Whether the class generates, and its forward takes what it has kept of the tokens before."""
    arguments = inspect.signature(model_class.forward).parameters
    return bool(
        model_class.can_generate() and {"past_key_values", "cache_params", "state"} & arguments.keys()
    )


def forced(subject: Subject) -> bool:
    """Whether generation can be made to emit given tokens."""
    return bool(subject.pins.get("forced", True))


def decoder_start(model: Any) -> dict[str, int]:
    """T5's configuration names no start token; its checkpoints start from the padding token, 0."""
    given = getattr(model.generation_config, "decoder_start_token_id", None)
    return {"decoder_start_token_id": 0} if model.config.is_encoder_decoder and given is None else {}


def arguments(subject: Subject, prompt: Mapping[str, Any], **options: Any) -> dict[str, Any]:
    """What `generate` is given to decode greedily from the prompt; `options` over what it has by itself."""
    # A row of `peculiar` sets an option to None where the model's own generate names it, or refuses it.
    given = {"pad_token_id": 0, **GREEDY, **decoder_start(subject.model), **subject.pins.get("generate", {})}
    made = {name: value(prompt) if callable(value) else value for name, value in given.items()}
    return {name: value for name, value in ({**prompt, **made, **options}).items() if value is not None}


def _generated(subject: Subject, prompt: Mapping[str, Any], **options: Any) -> Any:
    if subject.pins.get("draws"):
        torch.manual_seed(subject.seed)
    with torch.no_grad():
        return subject.model.generate(**arguments(subject, prompt, **options))
