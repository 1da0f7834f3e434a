"""What is varied between cells: which values are sane, which a suite reads, how they stand in a cell's id."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields, replace
from itertools import product
from typing import Any

from harness.errors import SelectionError
from harness.matrix.cells import Parameters
from harness.matrix.devices import Device
from harness.matrix.records import Model, Suite

VARIANTS = {
    "mode": "{}",
    "cache": "{}_cache",
    "attention": "{}_attention",
    "quantisation": "{}",
    "layers": "l{}",
    "tensor_parallel": "tp{}",
    "threads": "t{}",
    "seed": "s{}",
    "transformers": "v{}",
}
"""Parameters that stand in a cell's id only where they are not the default, and how."""

AXIS_MARKS = {"batch": "b{}", "input_tokens": "i{}", "output_tokens": "o{}"}
"""How an axis of an architecture stands in a cell's id."""

SUITE_PARAMETERS = {
    Suite.FUNCTIONAL: {"dtype", "tensor_parallel", "threads", "seed", "transformers"},
    Suite.THROUGHPUT: {row.name for row in fields(Parameters)} - AXIS_MARKS.keys(),
    Suite.FIT: frozenset[str](),
    Suite.ROOFLINE: {"dtype", "threads"},
    Suite.EVALUATION: {"dtype", "tensor_parallel", "threads", "seed"},
}
"""Parameters that a suite reads, beside the axes of a throughput cell's architecture."""

CHOICES = {
    "mode": ("eager", "compile"),
    "cache": ("dynamic", "static"),
    "attention": ("eager", "sdpa", "flash_attention_2", "flex_attention"),
    "quantisation": ("int8", "int8_weight", "float8", "float8_weight"),
}
"""Parameters that are one of a few words."""

SHARED = {Suite.FUNCTIONAL, Suite.EVALUATION}
"""Suites in which several processes may share a model."""

REFERENCE_DTYPE = "float32"
"""What the functional suite builds its models in; its tolerances are for that."""

PARALLEL = frozenset({"tensor_parallel_equivalence"})
"""Checks of a model that several processes share. A functional cell has these where it has several, else
the others: what one process gives is the business of the cell of one."""

LEAST = {
    "batch": 1,
    "input_tokens": 1,
    "output_tokens": 2,
    "tensor_parallel": 1,
    "threads": 1,
    "layers": 1,
    "rounds": 1,
    "processes": 1,
    "interval": 0,
    "budget_s": 1,
    "seed": 0,
}
"""Least value of each parameter. The time of an output token is that of the tokens after the first: two."""


def sweep(base: Parameters, lists: Mapping[str, Sequence[Any]]) -> tuple[Parameters, ...]:
    """Every combination of the lists' values; the last list varies fastest."""
    return tuple(
        replace(base, **dict(zip(lists, values, strict=True))) for values in product(*lists.values())
    )


def read_by(suite: Suite, axes: Iterable[str], parameters: Parameters) -> Parameters:
    """The parameters that change this cell, the others at their defaults: equal ids mean equal cells.

    `axes` are those of the model's architecture.
    """
    read = SUITE_PARAMETERS[suite] | (set(axes) if suite is Suite.THROUGHPUT else set())
    return replace(
        Parameters(),
        **{row.name: getattr(parameters, row.name) for row in fields(Parameters) if row.name in read},
    )


def cell_id(model: Model, device: Device, suite: Suite, parameters: Parameters, axes: Iterable[str]) -> str:
    """Safe as a file's name, the same on every machine, different where what is measured differs."""
    pair = [model.id, model.model_class] if suite is Suite.FUNCTIONAL else [model.id]
    parts = [*pair, device.id, suite.value]
    if "dtype" in SUITE_PARAMETERS[suite]:
        parts.append(parameters.dtype)
    if suite is Suite.THROUGHPUT:
        parts += [AXIS_MARKS[axis].format(getattr(parameters, axis)) for axis in axes]
    default = Parameters()
    for name, mark in VARIANTS.items():
        value = getattr(parameters, name)
        if value != getattr(default, name):
            parts.append(mark.format(value))
    return "-".join(parts)


def checks_of(checks: Iterable[str], parameters: Parameters) -> tuple[str, ...]:
    """Of the checks, those that a cell of so many processes has."""
    several = parameters.tensor_parallel > 1
    return tuple(check for check in checks if (check in PARALLEL) is several)


def require_sane(parameters: Parameters, device: Device, suite: Suite, timeout_s: float | None) -> None:
    """SelectionError where a number is too small, a word unknown, or the device lacks the dtype."""
    for name, least in LEAST.items():
        value = getattr(parameters, name)
        if value is not None and value < least:
            raise SelectionError(f"{_option(name)} {value} is too small: give {least} or more")
    for name, words in CHOICES.items():
        value = getattr(parameters, name)
        if value is not None and value not in words:
            raise SelectionError(f"{_option(name)} {value} is none of {', '.join(words)}")
    if timeout_s is not None and timeout_s <= 0:
        raise SelectionError(f"--timeout {timeout_s:g} is too small: give seconds, more than 0")
    if suite is Suite.FUNCTIONAL and parameters.dtype != REFERENCE_DTYPE:
        raise SelectionError(
            f"--dtype {parameters.dtype} is for the throughput suite: functional checks run in "
            f"{REFERENCE_DTYPE}, and bf16_vs_fp32 compares bfloat16 with it; leave it out"
        )
    _require_processes(parameters, suite)
    if parameters.dtype not in device.dtypes:
        raise SelectionError(
            f"{device.id} has no dtype {parameters.dtype!r}; it has {', '.join(device.dtypes)}"
        )


def _require_processes(parameters: Parameters, suite: Suite) -> None:
    """SelectionError where the suite shares no model, or there is less than a thread for each process."""
    several, threads = parameters.tensor_parallel, parameters.threads
    if several > 1 and suite not in SHARED:
        raise SelectionError(f"--tensor-parallel {several} is not for the {suite} suite: leave it out")
    if threads is not None and threads < several:
        raise SelectionError(
            f"--threads {threads} is too few for --tensor-parallel {several}: give {several} or more"
        )


def _option(name: str) -> str:
    """The option that a parameter is typed with."""
    return f"--{name.removesuffix('_s').replace('_', '-')}"
