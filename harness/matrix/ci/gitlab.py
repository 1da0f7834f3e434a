"""Jobs of GitLab: a child pipeline for `trigger: include: artifact`. It is JSON, which is YAML too."""

from collections.abc import Sequence
from operator import attrgetter
from typing import Any

from harness.matrix.ci.job import Job
from harness.matrix.ci.platform import Limits, Platform, script

IMAGE = "python:3.11"
"""Of jobs on a runner that puts them into containers; others take no notice of it."""
NOTHING = {"nothing": {"script": ["echo 'no model is to be run'"]}}
"""GitLab refuses a pipeline that has no job."""


def document(jobs: Sequence[Job], limits: Limits) -> dict[str, Any]:
    """A job by its name, which leaves its results as an artifact whatever came out."""
    return {
        job.name: {
            "image": IMAGE,
            "tags": list(job.labels),
            "timeout": f"{job.timeout_minutes(limits.minutes)} minutes",
            "script": script(job),
            "artifacts": {"when": "always", "paths": ["results/"]},
        }
        for job in jobs
    } or NOTHING


GITLAB = Platform(
    id="gitlab",
    title="GitLab",
    limits=Limits(
        jobs=500,
        bytes=1_000_000,
        encoding="utf-8",
        minutes=180,
        sources=(
            "https://docs.gitlab.com/user/gitlab_com/",  # jobs in a pipeline of the Free tier; 3 h a job
            "https://gitlab.com/gitlab-org/gitlab/-/issues/370116",  # 1 MB of YAML, and 2 MB later
            "https://gitlab.com/gitlab-org/gitlab/-/merge_requests/88104",  # 5 MB an included artifact
        ),
    ),
    labels=attrgetter("gitlab"),
    document=document,
)
