"""What a cell's parameters ask of a model beside its sizes: compiled, quantised, a cache allocated once."""

import inspect
import os
import shutil
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch
from transformers import EncoderDecoderCache, StaticCache
from transformers.utils import is_flash_attn_2_available

from harness.matrix.cells import Parameters
from harness.suite.outcomes import Unsupported
from harness.suite.throughput.quantised import quantise

RECOMPILES = 64
"""Compiled variants of one forward: prefill, decode and generate ask for several each, at several depths."""
CACHED = "past_key_values"
"""The argument of forward that takes a cache which somebody else has made."""


def require_variant(parameters: Parameters, device: str, model_class: Any, arguments: frozenset[str]) -> None:
    """`Unsupported`, in a sentence, where a variant that was asked for cannot be had here.

    `arguments` are those of the class's forward. Whether a class has an attention is for the library to say
    when it is built.
    """
    if parameters.mode == "compile":
        _require_compiler(device)
    if parameters.cache == "static" and not (model_class.can_generate() and CACHED in arguments):
        raise Unsupported(f"{model_class.__name__} takes no cache that could be allocated once")
    if parameters.attention == "flash_attention_2" and not is_flash_attn_2_available():
        raise Unsupported(f"flash_attention_2 needs the package flash-attn, which is not here for {device}")


def _require_compiler(device: str) -> None:
    name = os.environ.get("CXX") or "g++"
    if device == "cpu" and shutil.which(name) is None:
        raise Unsupported(f"torch.compile needs a C++ compiler on the CPU, and there is no {name} here")
    if device != "cpu" and not torch.utils._triton.has_triton():  # noqa: SLF001 — what torch.compile asks
        raise Unsupported(f"torch.compile needs Triton on {device}, and it is not here")


def apply(model: Any, parameters: Parameters, device: str) -> None:
    """Change the model in place to what was asked for; nothing is compiled before its first call."""
    if parameters.quantisation is not None:
        quantise(model, parameters.quantisation, device)
    if parameters.mode == "compile":
        torch.compiler.reset()  # what was compiled of another model is not this one's
        # Past the limit torch would go back to eager unseen, and the figure would not be what its name says.
        torch._dynamo.config.fail_on_recompile_limit_hit = True  # noqa: SLF001 — there is no other way to it
        torch._dynamo.config.recompile_limit = RECOMPILES  # noqa: SLF001
        model.compile()


def nothing_compiled(parameters: Parameters) -> AbstractContextManager[None]:
    """Compile anew within the block: a process would else find what others have left in the temp folder."""
    if parameters.mode != "compile":
        return nullcontext()
    from torch._inductor.utils import fresh_cache  # noqa: PLC0415 — importing the compiler takes seconds

    return fresh_cache()


def static_cache(model: Any, prompt: dict[str, Any], output_tokens: int) -> Any:
    """An empty cache with room for the prompt and all that follows, as `generate` would make it.

    Memory is allocated by the first forward that is given it.
    """
    config = model.config.get_text_config(decoder=True)
    if not model.config.is_encoder_decoder:
        return StaticCache(config=config, max_cache_len=prompt["input_ids"].shape[1] + output_tokens)
    own, crossing = (
        StaticCache(config=config, max_cache_len=length)
        for length in (1 + output_tokens, _encoded(model, prompt))
    )
    return EncoderDecoderCache(own, crossing)


def _encoded(model: Any, prompt: dict[str, Any]) -> int:
    """Tokens that the encoder makes of the prompt."""
    encoder = model.get_encoder()
    taken = inspect.signature(encoder.forward).parameters
    with torch.inference_mode():
        made = encoder(**{name: value for name, value in prompt.items() if name in taken})
    return int(made[0].shape[1])
