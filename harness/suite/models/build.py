"""From a row of the matrix to a model in memory: tiny for the checks, full width for the figures."""

import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import is_dataclass
from typing import Any

import torch

from harness.matrix.records import Model
from harness.suite.models.classes import find_config_class, find_model_class, in_dtype, no_init_weights
from harness.suite.models.depths import set_depth
from harness.suite.models.fields import raw_fields
from harness.suite.models.peculiar import peculiarity, rows_of
from harness.suite.models.tiny import tiny_config
from harness.suite.models.unset import memory_is_nan, zero_unset
from harness.suite.models.values import fan_in, fill
from harness.suite.outcomes import Unsupported, message_of, misses_library


def config_class(model: Model) -> type:
    """The configuration class of the model's type; `Unsupported` where this transformers has none."""
    return find_config_class(model.model_type)


def model_class(model: Model) -> type:
    """The class that the cell is about; `Unsupported` where this transformers has none of that name."""
    return find_model_class(model.model_type, model.model_class)


def tiny_config_of(model: Model) -> Any:
    """The model's configuration at tiny width."""
    return tiny_config_for(model_class(model), config_class(model), checkpoint_fields(model))


def tiny_model(model: Model, seed: int, wide: int = 1) -> Any:
    """The model at `wide` times tiny width in float32, in eval mode, its weights drawn from `seed`."""
    return tiny_pair(model.model_type, model.model_class, seed, checkpoint_fields(model), wide)


def tiny_pair(
    model_type: str, class_name: str, seed: int, overrides: dict[str, Any] | None = None, wide: int = 1
) -> Any:
    """A type's class at `wide` times tiny width in float32, in eval mode, its weights drawn from `seed`."""
    found = find_model_class(model_type, class_name)
    with _missed_libraries():
        config = tiny_config_for(found, find_config_class(model_type), overrides or {}, wide)
    return drawn(found, config, seed)


def drawn(model_class: Any, config: Any, seed: int) -> Any:
    """The class of that configuration in float32, in eval mode, its weights drawn from `seed`."""
    torch.manual_seed(seed)
    with _missed_libraries(), memory_is_nan():
        built = model_class._from_config(config, **in_dtype(torch.float32)).eval()  # noqa: SLF001 — what the Auto classes call
    zero_unset(built)
    perturb(built, seed)
    return built


@contextmanager
def _missed_libraries() -> Iterator[None]:
    """`Unsupported` where the library says of another one that it is needed."""
    try:
        yield
    except ImportError as error:
        if not misses_library(error):
            raise
        raise Unsupported(message_of(error)) from error


def tiny_config_for(
    model_class: type, config_class: type, overrides: Mapping[str, Any], wide: int = 1
) -> Any:
    """The tiny configuration that this class is built from: its own kind, where that is not the type's.

    transformers maps some types to a class of one of their parts (llama4 to its text model).
    """
    own = getattr(model_class, "config_class", None) or config_class
    chosen = config_class if issubclass(config_class, own) else own
    model_type = getattr(config_class, "model_type", "")
    base: dict[str, Any] = {}
    fixed: dict[str, Any] = {}
    for row in rows_of("" if chosen is config_class else model_type, model_class.__name__):
        # Of the type's row, what another kind of configuration has no room for is not meant for it.
        narrow = row is peculiarity(model_type) and chosen is not config_class
        given = [_known(fields, chosen) if narrow else fields for fields in (row.base, row.fields)]
        base, fixed = {**base, **given[0]}, {**fixed, **given[1]}
        if row.wraps and chosen is not config_class:
            base[row.wraps] = {"model_type": model_type}
    if model_class.can_generate() and _encodes(chosen):  # type: ignore[attr-defined]
        base["is_decoder"] = True
    return tiny_config(chosen, {**base, **overrides}, fixed, wide)


def _known(fields: Mapping[str, Any], config_class: type) -> dict[str, Any]:
    """Those fields, dotted ones included, that begin with a field or a part of the configuration class."""
    parts: Mapping[str, Any] = getattr(config_class, "sub_configs", None) or {}
    renamed: Mapping[str, str] = getattr(config_class, "attribute_map", {})
    known = {*raw_fields(config_class), *parts, *renamed}
    return {name: value for name, value in fields.items() if name.partition(".")[0] in known}


def _encodes(config_class: type) -> bool:
    """An encoder, whose class for generation attends to what came before only if it is told so."""
    raw = raw_fields(config_class)
    # In transformers 4 every configuration has the field, and none names it.
    decodes = raw.get("is_decoder", None if is_dataclass(config_class) else False)
    return decodes is False and not raw.get("is_encoder_decoder")


def checkpoint_fields(model: Model) -> dict[str, Any]:
    """The configuration fields of the row's checkpoint; empty for an architecture."""
    return dict(model.checkpoint.config) if model.checkpoint else {}


@torch.no_grad()
def perturb(model: Any, seed: int) -> None:
    """Move every trainable parameter off its initial value, in place.

    The library starts biases at 0, norms at 1 and matrices at a standard deviation of 0.02: at tiny
    width outputs then hardly depend on the weights, and a lost bias costs nothing. Matrices get
    uniform noise of variance 1/fan_in, vectors of amplitude 0.1. Uniform draws are exact in float32,
    hence the same bits on every machine. Tables that are not trained (sinusoids) keep their meaning.
    """
    generator = torch.Generator().manual_seed(seed)
    for module in model.modules():
        if isinstance(module, torch.nn.BatchNorm2d) and module.affine:
            module.weight.fill_(1.0)  # EfficientNet's and MobileViT's start around 0, and let nothing through
    trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
    for tensor in (*trained, *empty_tables(model)):
        # A vector may be stored with dimensions of one: a slope for each channel (Snake), where 1 ± 1
        # divides by 0.
        vector = max(tensor.shape, default=1) == tensor.numel()
        amplitude = 0.1 if vector else math.sqrt(3 / fan_in(tensor))
        noise = torch.rand(tensor.shape, generator=generator, dtype=torch.float32)
        tensor.add_((2 * noise - 1).mul_(amplitude).to(tensor))


def empty_tables(model: Any) -> list[torch.Tensor]:
    """Saved matrices of zeros that no gradient trains: codebooks, which moving averages fill in training."""
    saved = model.state_dict().keys()
    return [
        buffer
        for name, buffer in model.named_buffers()
        if name in saved and buffer.dim() == 2 and buffer.is_floating_point() and not buffer.any()
    ]


def full_config(model: Model, layers: int | None = None) -> Any:
    """The model's configuration at full width; with `layers`, at that depth."""
    config = config_class(model)(**checkpoint_fields(model))
    if layers is not None:
        set_depth(config, layers)
    return config


def full_model(
    model: Model,
    config: Any,
    dtype: torch.dtype,
    seed: int,
    *,
    device: str = "cpu",
    attention: str | None = None,
) -> Any:
    """The model at full width on the device with random weights of `dtype`, in eval mode.

    Memory is allocated once, where it is used, and not initialised by the library, then filled (`values`).
    `attention` names one of the library's implementations; `Unsupported` where it cannot be had.
    """
    with torch.device(device):
        built = _allocated(model, config, dtype, attention)
    fill(built, seed)
    return built


def meta_model(model: Model, config: Any, dtype: torch.dtype | None = None) -> Any:
    """The model of that configuration in eval mode on the meta device, where shapes cost no memory.

    Tensors are tied as the library ties them. The dtype is the configuration's where none is given.
    """
    with torch.device("meta"):
        return _allocated(model, config, dtype, None)


def _allocated(model: Model, config: Any, dtype: torch.dtype | None, attention: str | None) -> Any:
    """The model in eval mode, tied, its weights without values; no `attention` is the library's choice."""
    chosen = {} if attention is None else {"attn_implementation": attention}
    found = model_class(model)
    try:
        with no_init_weights():
            built = found._from_config(config, **in_dtype(dtype), **chosen).eval()  # type: ignore[attr-defined]  # noqa: SLF001
    except (ImportError, ValueError) as error:
        if attention is None:
            raise
        reason = message_of(error).partition(": ")[2].split(". ")[0]
        raise Unsupported(f"{found.__name__} cannot have {attention} attention here: {reason}") from error
    built.tie_weights()  # the library ties them in the initialization that was left out
    return built
