"""Weights in fewer bits: what each `--quantisation` does to a model, and on which devices.

Linear layers are quantised, which hold nearly all weights of a language model, and nothing else. torchao does
it, but for int8 on the CPU: there torch's own products of int8 are fused, and torchao's are not.
"""

import warnings
from collections.abc import Callable
from typing import Any

import torch
from torch import nn

from harness.matrix.cells import Cell
from harness.suite.models.build import tiny_model
from harness.suite.models.inputs.context import Shape
from harness.suite.models.inputs.make import find_recipe, make_inputs, run
from harness.suite.models.inputs.rows import placed
from harness.suite.outcomes import Unsupported
from harness.suite.precision import PRECISIONS

LEAST = 0.5
"""Share of the parameters that must be in layers which can be quantised: of fewer, a figure would be of
another model than its name says."""

Quantise = Callable[[nn.Module], None]
"""Changes the linear layers of a model in place."""


def _torchs(model: nn.Module) -> None:
    """torch.ao.quantization.quantize_dynamic: int8 weights, one scale a matrix, activations as they come.

    torch has deprecated it, and still has it in 2.13.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that it is deprecated, which this docstring says
        torch.ao.quantization.quantize_dynamic(model, {nn.Linear}, dtype=torch.qint8, inplace=True)


def _torchaos(config: str) -> Quantise:
    """`torchao.quantization.quantize_` with the configuration of that name, as it comes."""

    def quantise(model: nn.Module) -> None:
        try:
            import torchao.quantization  # noqa: PLC0415 — takes seconds, and few cells need it
        except ImportError as error:
            raise Unsupported(f"this quantisation needs torchao, which is not here: {error}") from error
        torchao.quantization.quantize_(model, getattr(torchao.quantization, config)())

    return quantise


METHODS: dict[tuple[str, str | None], Quantise] = {
    ("int8", "cpu"): _torchs,
    ("int8", None): _torchaos("Int8DynamicActivationInt8WeightConfig"),
    ("int8_weight", None): _torchaos("Int8WeightOnlyConfig"),
    ("float8", None): _torchaos("Float8DynamicActivationFloat8WeightConfig"),
    ("float8_weight", None): _torchaos("Float8WeightOnlyConfig"),
}
"""Quantisation and torch's name of the device, None for any other → how."""


def quantise(model: nn.Module, quantisation: str, device: str) -> None:
    """Quantise the model in place; `Unsupported` where most weights are in other layers."""
    share = quantisable(model)
    if share < LEAST:
        raise Unsupported(f"{share:.0%} of the weights are in linear layers, which are all that is quantised")
    _method(quantisation, device)(model)


def require_quantised(cell: Cell) -> None:
    """`Unsupported` where device, library or the model's own code refuses, as a tiny one of it shows.

    That the device lacks the numbers (8-bit floating point on older GPUs) is for the library to say.
    """
    asked, model = cell.parameters, cell.model
    assert asked.quantisation is not None
    dtype = PRECISIONS[asked.dtype].dtype
    if (asked.quantisation, cell.torch_device) == ("int8", "cpu") and dtype is not torch.float32:
        raise Unsupported("torch's dynamic int8 computes in float32: ask for --dtype float32")
    tiny = tiny_model(model, 0)
    inputs = make_inputs(tiny, Shape(), find_recipe(tiny))
    tiny = tiny.to(cell.torch_device, dtype)
    there = {name: placed(value, cell.torch_device, dtype) for name, value in inputs.items()}
    try:
        _method(asked.quantisation, cell.torch_device)(tiny)
        with torch.inference_mode():
            run(tiny, there)
    except Exception as error:  # whatever a model's code raises that wants the weights themselves
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise Unsupported(
            f"{model.model_class} does not run with {asked.quantisation} layers on {cell.torch_device}: "
            f"{reason}"
        ) from error


def quantisable(model: nn.Module) -> float:
    """Share of the parameters that are matrices of linear layers."""
    linear = {id(m.weight): m.weight.numel() for m in model.modules() if isinstance(m, nn.Linear)}
    return sum(linear.values()) / sum(parameter.numel() for parameter in model.parameters())


def stored_bytes(parameter: Any) -> int:
    """Bytes that a parameter takes: of a quantised one its codes and scales, not what they stand for."""
    if not hasattr(parameter, "__tensor_flatten__"):
        return int(parameter.nbytes)
    names, _ = parameter.__tensor_flatten__()
    return sum(stored_bytes(getattr(parameter, name)) for name in names)


def _method(quantisation: str, device: str) -> Quantise:
    kind = device.partition(":")[0]
    return METHODS.get((quantisation, kind)) or METHODS[quantisation, None]
