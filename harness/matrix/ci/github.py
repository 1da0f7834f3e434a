"""Jobs of GitHub Actions: the value of `strategy.matrix`, which a job before gives as its output."""

from collections.abc import Sequence
from operator import attrgetter
from typing import Any

from harness.matrix.ci.job import Job
from harness.matrix.ci.platform import Limits, Platform


def document(jobs: Sequence[Job], limits: Limits) -> dict[str, Any]:
    """An entry a job, with what its image is cached by.

    GitHub refuses a matrix without entries: see to that with `if`.
    """
    return {
        "include": [
            {
                "name": job.name,
                "runner": list(job.labels),
                "device": job.device.id,
                "image": job.device.image,
                "base": job.device.base,
                "suite": job.suite.value,
                "models": ",".join(job.models),
                "classes": ",".join(job.classes),
                "expected_minutes": round(job.expected_s / 60, 1),
                "estimated": job.estimates,
                "timeout_minutes": job.timeout_minutes(limits.minutes),
            }
            for job in jobs
        ]
    }


GITHUB = Platform(
    id="github",
    title="GitHub Actions",
    limits=Limits(
        jobs=256,
        bytes=1_000_000,
        encoding="utf-16-le",
        minutes=360,
        sources=(
            "https://docs.github.com/en/actions/reference/limits",
            "https://github.com/github/docs/pull/36846",  # outputs: 1 MB a job, sized as UTF-16
        ),
    ),
    labels=attrgetter("github"),
    document=document,
)
