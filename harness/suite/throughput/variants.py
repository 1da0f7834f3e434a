"""What a cell's parameters ask of a model beside its sizes: compiled, quantised, a cache allocated once."""

import inspect
import os
import shutil
import warnings
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch
from torch import nn
from transformers import EncoderDecoderCache, StaticCache
from transformers.utils import is_flash_attn_2_available

from harness.matrix.records import Model, Parameters
from harness.suite.models.build import tiny_model
from harness.suite.models.inputs.context import Shape
from harness.suite.models.inputs.make import find_recipe, make_inputs, run
from harness.suite.outcomes import Unsupported

LEAST_QUANTISED = 0.5
"""Share of the parameters that must be in layers which can be quantised: of fewer, a figure would be of
another model than its name says."""
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
    if parameters.quantisation is not None:
        _require_quantiser(parameters.quantisation, parameters.dtype, device)


def _require_compiler(device: str) -> None:
    name = os.environ.get("CXX") or "g++"
    if device == "cpu" and shutil.which(name) is None:
        raise Unsupported(f"torch.compile needs a C++ compiler on the CPU, and there is no {name} here")
    if device != "cpu" and not torch.utils._triton.has_triton():  # noqa: SLF001 — what torch.compile asks
        raise Unsupported(f"torch.compile needs Triton on {device}, and it is not here")


def _require_quantiser(quantisation: str, dtype: str, device: str) -> None:
    if device != "cpu":
        raise Unsupported(f"{quantisation} on {device} takes bitsandbytes or torchao, which no image holds")
    if dtype != "float32":
        raise Unsupported(f"torch's dynamic {quantisation} computes in float32: ask for --dtype float32")
    if not hasattr(torch.ao, "quantization"):
        raise Unsupported(f"torch {torch.__version__} has no dynamic quantisation any more")


def apply(model: Any, parameters: Parameters) -> None:
    """Change the model in place to what was asked for; nothing is compiled before its first call."""
    if parameters.quantisation is not None:
        quantise(model)
    if parameters.mode == "compile":
        torch.compiler.reset()  # what was compiled of another model is not this one's
        # Past the limit torch would go back to eager unseen, and the figure would not be what its name says.
        torch._dynamo.config.fail_on_recompile_limit_hit = True  # noqa: SLF001 — there is no other way to it
        torch._dynamo.config.recompile_limit = RECOMPILES  # noqa: SLF001
        model.compile()


def require_quantised(model: Model) -> None:
    """`Unsupported` where the model's code does not run with quantised layers, as a tiny one shows."""
    tiny = tiny_model(model, 0)
    recipe = find_recipe(tiny)
    inputs = make_inputs(tiny, Shape(), recipe)
    _quantise(tiny)
    try:
        with torch.inference_mode():
            run(tiny, inputs)
    except Exception as error:  # whatever a model's code raises that wants the weights themselves
        reason = str(error).splitlines()[0]
        raise Unsupported(f"{model.model_class} does not run with torch's int8 layers: {reason}") from error


def nothing_compiled(parameters: Parameters) -> AbstractContextManager[None]:
    """Compile anew within the block: a process would else find what others have left in the temp folder."""
    if parameters.mode != "compile":
        return nullcontext()
    from torch._inductor.utils import fresh_cache  # noqa: PLC0415 — importing the compiler takes seconds

    return fresh_cache()


def quantise(model: nn.Module) -> None:
    """Linear layers to int8 weights, one scale a tensor; activations are quantised as they come.

    torch.ao.quantization.quantize_dynamic, which torch has deprecated and still has in 2.13: the only int8 of
    weights on the CPU that takes no further package. `Unsupported` where most weights are in other layers.
    """
    share = quantisable(model)
    if share < LEAST_QUANTISED:
        raise Unsupported(
            f"{share:.0%} of the weights are in linear layers, which are all that torch quantises"
        )
    _quantise(model)


def _quantise(model: nn.Module) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that it is deprecated, which this docstring says
        torch.ao.quantization.quantize_dynamic(model, {nn.Linear}, dtype=torch.qint8, inplace=True)


def quantisable(model: nn.Module) -> float:
    """Share of the parameters that are matrices of linear layers."""
    linear = {id(m.weight): m.weight.numel() for m in model.modules() if isinstance(m, nn.Linear)}
    return sum(linear.values()) / sum(parameter.numel() for parameter in model.parameters())


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
