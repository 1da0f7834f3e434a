"""Jobs of Buildkite: the steps that `buildkite-agent pipeline upload` takes."""

from collections.abc import Sequence
from operator import attrgetter
from typing import Any

from harness.matrix.ci.job import Job
from harness.matrix.ci.platform import Limits, Platform, script


def document(jobs: Sequence[Job], limits: Limits) -> dict[str, Any]:
    """A command step a job, which leaves its results as artifacts."""
    return {
        "steps": [
            {
                "label": job.name,
                "key": job.name,
                "command": script(job),
                "agents": list(job.labels),
                "timeout_in_minutes": job.timeout_minutes(limits.minutes),
                "artifact_paths": ["results/**/*"],
            }
            for job in jobs
        ]
    }


BUILDKITE = Platform(
    id="buildkite",
    title="Buildkite",
    limits=Limits(
        jobs=500,
        bytes=1_000_000,
        encoding="utf-8",
        minutes=1440,
        sources=("https://buildkite.com/docs/platform/limits",),  # 500 jobs an upload; the others are ours
    ),
    labels=attrgetter("buildkite"),
    document=document,
)
