"""What a CI platform is to the jobs of the matrix: what it takes, and how a job is written for it."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from harness.errors import SelectionError
from harness.matrix.ci.job import Job
from harness.matrix.devices import Labels


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a platform refuses more of; figures for its smallest plan where plans differ."""

    jobs: int
    """Jobs that one document may make."""
    bytes: int
    """Size of the document, in `encoding`."""
    encoding: str
    minutes: int
    """Longest time a job may ask for."""
    sources: tuple[str, ...]
    """Pages that say so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Platform:
    """A CI platform."""

    id: str
    """What people type."""
    title: str
    limits: Limits
    labels: Callable[[Labels], tuple[str, ...]]
    """A device's own on this platform."""
    document: Callable[[Sequence[Job], Limits], dict[str, Any]]
    """The jobs in the shape that the platform reads."""

    def text(self, jobs: Sequence[Job]) -> str:
        """The document as JSON on one line; SelectionError where the platform would refuse its size."""
        text = json.dumps(self.document(jobs, self.limits))
        size = len(text.encode(self.limits.encoding))
        if size > self.limits.bytes:
            raise SelectionError(
                f"the jobs come to {size:,} bytes, and {self.title} takes {self.limits.bytes:,}: "
                "name fewer models, devices or suites"
            )
        return text


def script(job: Job) -> list[str]:
    """Shell commands that run the job in a checkout on a machine with Python."""
    return [
        "python3 -m venv .ci-environment",
        ".ci-environment/bin/python -m pip install --quiet -e .",
        f".ci-environment/bin/harness run {' '.join(job.options)}",
    ]
