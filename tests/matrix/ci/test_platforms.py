"""What is written for each platform: the shape it publishes, and no more than it takes."""

import json
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from harness.errors import SelectionError
from harness.matrix.ci.durations import Durations
from harness.matrix.ci.job import Job
from harness.matrix.ci.jobs import Division, Wanted, plan_jobs
from harness.matrix.ci.platform import Platform
from harness.matrix.ci.platforms import PLATFORMS
from harness.matrix.devices import Device
from harness.matrix.records import Matrix, Suite

SCHEMAS = {"gitlab": "gitlab-ci", "buildkite": "buildkite"}
"""Platform → the schema of it that check-jsonschema brings."""
Devices = Callable[[int], list[Device]]


@pytest.fixture
def whole(matrix: Matrix, devices: Devices, untimed: Durations) -> Callable[[Platform], tuple[Job, ...]]:
    """A function that gives the jobs of the whole matrix on every device in both suites."""
    wanted = [
        Wanted(device=device, suite=suite, models=matrix.models)
        for device in devices(len(matrix.devices))
        for suite in (Suite.FUNCTIONAL, Suite.THROUGHPUT)
    ]
    return lambda platform: plan_jobs(wanted, matrix, untimed, Division(platform=platform, minutes=1))


@pytest.mark.parametrize("name", sorted(PLATFORMS))
def test_the_whole_matrix_on_every_device_is_within_the_limits(
    whole: Callable[[Platform], tuple[Job, ...]], name: str
) -> None:
    platform = PLATFORMS[name]
    jobs = whole(platform)
    assert platform.limits.jobs * 0.9 < len(jobs) <= platform.limits.jobs
    assert len(platform.text(jobs).encode(platform.limits.encoding)) <= platform.limits.bytes
    assert all(job.timeout_minutes(platform.limits.minutes) <= platform.limits.minutes for job in jobs)
    assert platform.limits.sources


@pytest.mark.parametrize("name", sorted(SCHEMAS))
@pytest.mark.parametrize("some", [True, False])
def test_it_has_the_shape_that_the_platform_publishes(
    whole: Callable[[Platform], tuple[Job, ...]], tmp_path: Path, name: str, some: bool
) -> None:
    path = tmp_path / "jobs.yml"
    path.write_text(PLATFORMS[name].text(whole(PLATFORMS[name]) if some else ()))
    command = [
        sys.executable,
        "-m",
        "check_jsonschema",
        "--builtin-schema",
        f"vendor.{SCHEMAS[name]}",
        str(path),
    ]
    checked = subprocess.run(command, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout


def test_an_entry_of_github_has_what_the_workflow_reads(
    root: Path, whole: Callable[[Platform], tuple[Job, ...]]
) -> None:
    workflow = (root / ".github" / "workflows" / "cells.yml").read_text()
    entry = json.loads(PLATFORMS["github"].text(whole(PLATFORMS["github"])))["include"][0]
    read = set(re.findall(r"[ (]matrix\.(\w+)", workflow))
    assert {"name", "runner", "timeout_minutes"} < read
    assert read <= entry.keys()


def test_more_than_the_platform_takes_is_one_sentence(whole: Callable[[Platform], tuple[Job, ...]]) -> None:
    github = PLATFORMS["github"]
    small = replace(github, limits=replace(github.limits, bytes=1000))
    with pytest.raises(
        SelectionError, match=r"the jobs come to [\d,]+ bytes, and GitHub Actions takes 1,000: name"
    ):
        small.text(whole(github))


def test_gitlab_has_a_job_where_there_is_nothing_to_run() -> None:
    assert json.loads(PLATFORMS["gitlab"].text(())) == {
        "nothing": {"script": ["echo 'no model is to be run'"]}
    }
