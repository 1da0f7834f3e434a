"""The roofline suite: one test a dtype and number of threads, which leaves every point and the roof."""

from dataclasses import asdict

import torch

from harness.matrix.cells import Cell
from harness.suite.forks import Say
from harness.suite.precision import PRECISIONS
from harness.suite.roofline.points import facts, metrics
from harness.suite.roofline.sweep import kinds, sweep


def test_sweep(cell: Cell, ceiling: str, say: Say) -> None:  # noqa: ARG001 — makes it a test of roofline cells
    """Measure what this device can do at most."""
    device, dtype = cell.torch_device, PRECISIONS[cell.parameters.dtype].dtype
    threads = torch.get_num_threads() if device == "cpu" else None
    found = sweep(device, kinds(device, [dtype]), [threads])
    rows = metrics(found, found.ceilings(dtype, threads))
    say({"found": {"metrics": [asdict(row) for row in rows], "facts": facts(found, device)}})
