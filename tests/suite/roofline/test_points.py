"""A sweep as a result holds it."""

import torch

from harness.matrix.schema import validate
from harness.results.record import Metric
from harness.suite.roofline.ceilings import Copy, Product, Read
from harness.suite.roofline.last_cache import Beyond
from harness.suite.roofline.points import facts, metrics
from harness.suite.roofline.sweep import Ceilings, Point, Refused, Sweep

COPY, READ = Copy(1 << 26), Read(1 << 26)
PRODUCT = Product(8, 64, 32, torch.bfloat16)
POINTS = (
    Point(COPY, 1, (0.1, 0.2, 0.4)),
    Point(READ, 1, (0.1,)),
    Point(PRODUCT, 1, (0.5,)),
)
FOUND = Sweep(
    points=POINTS,
    refused=(Refused(Copy(1 << 30), 1, "not enough memory"),),
    beyond=Beyond(1 << 26, sure=True),
)
ROOF = Ceilings(arithmetic=POINTS[2], memory=POINTS[1])


def by_name() -> dict[str, Metric]:
    return {metric.name: metric for metric in metrics(FOUND, ROOF)}


def test_what_moves_is_in_bytes_and_what_multiplies_in_operations_a_second() -> None:
    found = by_name()
    assert found["copy-64MiB"].value == 2 * 2**26 / 0.1
    assert len(found["copy-64MiB"].samples) == 3
    assert (found["matmul-8x64x32"].value, found["matmul-8x64x32"].unit) == (2 * 8 * 64 * 32 / 0.5, "FLOP/s")
    assert found["read-64MiB"].phase == "read"


def test_the_roofs_are_the_samples_of_the_points_that_made_them() -> None:
    found = by_name()
    assert found["memory_roof"].samples == found["read-64MiB"].samples
    assert found["arithmetic_roof"].samples == found["matmul-8x64x32"].samples


def test_a_report_holds_it() -> None:
    kept = facts(FOUND, "cpu")
    data = {
        "cell": "machine",
        "outcome": "passed",
        "started": "2026-11-21T03:15:00Z",
        "seconds": 1,
        "facts": kept,
    }
    assert validate("report", data) == []
    assert kept["points"].keys() == by_name().keys() - {"memory_roof", "arithmetic_roof"}
    assert kept["device_memory_bytes"] > 1 << 28
