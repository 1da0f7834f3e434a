"""One job of CI: some models on one device in one suite."""

import math
from dataclasses import dataclass, field

from harness.matrix.devices import Device
from harness.matrix.records import Suite

SETUP_S = 600.0
"""Seconds that a job may take before its first cell: an image of torch and transformers was built in 170 s
with a near package index, and a hosted machine may be three times as slow."""
MARGIN = 3.0
"""How many times its expected duration a job may take: machines that are hosted differ by about as much."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What one job runs, where, and how long that should take."""

    name: str
    device: Device
    labels: tuple[str, ...]
    """What a runner must have to be given it, in the platform's words."""
    suite: Suite
    models: tuple[str, ...]
    classes: tuple[str, ...] = ()
    """Only these model classes; every class of the models where none is named."""
    expected_s: float
    """Seconds that its cells should take together."""
    estimates: dict[str, int] = field(default_factory=dict)
    """What stands for models that were never timed → how many there are."""

    @property
    def options(self) -> tuple[str, ...]:
        """What follows `harness run`; the schema lets no name hold what a shell would read more in."""
        narrowed = ("--class", ",".join(self.classes)) if self.classes else ()
        return (
            "--suite",
            self.suite.value,
            "--device",
            self.device.id,
            "--model",
            ",".join(self.models),
            *narrowed,
        )

    def timeout_minutes(self, most: int) -> int:
        """When it is to be ended, whole minutes, at most `most`."""
        return min(math.ceil((SETUP_S + MARGIN * self.expected_s) / 60), most)
