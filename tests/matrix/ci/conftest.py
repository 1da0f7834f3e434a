"""Devices that CI has runners for, and durations."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from harness.matrix.ci.durations import Durations
from harness.matrix.devices import Device, Labels
from harness.matrix.records import Matrix

LABELS = Labels(github=("self-hosted", "gpu"), gitlab=("gpu",), buildkite=("queue=gpu",))


@pytest.fixture
def devices(matrix: Matrix) -> Callable[[int], list[Device]]:
    """A function that gives so many devices of the matrix, with runners on every platform."""
    return lambda count: [replace(device, ci=LABELS) for device in matrix.devices[:count]]


@pytest.fixture
def untimed(matrix: Matrix) -> Durations:
    """Nothing is known."""
    return Durations((), matrix)
