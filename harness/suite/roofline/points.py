"""A sweep as the record that a result holds: a metric a point, the roof, and what the machine is.

The value of a metric is that of its fastest sample, as `Point.seconds` has it.
"""

import os
from collections.abc import Iterator
from typing import Any

import torch

from harness.results.record import Metric
from harness.suite.roofline.sweep import Ceilings, Point, Sweep

ROOF = "roof"
"""The phase of the two best rates."""


def metrics(found: Sweep, roof: Ceilings) -> list[Metric]:
    """The two roofs, and each point: bytes a second of what moves, operations a second of what multiplies."""
    return [
        _bandwidth("memory_roof", ROOF, roof.memory),
        _rate("arithmetic_roof", ROOF, roof.arithmetic),
        *_of_points(found),
    ]


def facts(found: Sweep, device: str) -> dict[str, Any]:
    """Work of each point, what was refused and why, and what the figures hang on; sizes in bytes."""
    return {
        "points": {name(point): [point.load.flops, point.load.moved] for point in found.points},
        "refused": {refused.load.label: refused.reason for refused in found.refused},
        "beyond_caches_bytes": found.beyond.size,
        "beyond_caches_sure": found.beyond.sure,
        "device_memory_bytes": memory_bytes(device),
        "devices": devices(device),
    }


def name(point: Point) -> str:
    """The load as a name may be written: `copy-64MiB`, `matmul-1x4096x4096`."""
    label = point.load.label.replace(" MiB", "MiB").replace("×", "x")
    return label.removesuffix(f" {str(point.load.dtype).removeprefix('torch.')}").replace(" ", "-")


def memory_bytes(device: str) -> int:
    """Memory of one device as a program sees it; of the CPU, that of the machine."""
    if device == "cpu":
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    module = getattr(torch, device.partition(":")[0])
    return int(module.get_device_properties(device).total_memory)


def devices(device: str) -> int:
    """How many of them there are."""
    return 1 if device == "cpu" else int(getattr(torch, device.partition(":")[0]).device_count())


def _of_points(found: Sweep) -> Iterator[Metric]:
    for point in found.points:
        made = _rate if point.load.flops else _bandwidth
        yield made(name(point), name(point).partition("-")[0], point)


def _bandwidth(called: str, phase: str, point: Point) -> Metric:
    rates = tuple(point.load.moved / seconds for seconds in point.samples)
    return Metric(name=called, unit="B/s", phase=phase, value=point.bytes_per_s, samples=rates)


def _rate(called: str, phase: str, point: Point) -> Metric:
    rates = tuple(point.load.flops / seconds for seconds in point.samples)
    return Metric(name=called, unit="FLOP/s", phase=phase, value=point.flops_per_s, samples=rates)
