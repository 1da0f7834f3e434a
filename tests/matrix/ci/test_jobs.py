"""Jobs: every model once, no class that was not asked for, never more than a platform takes."""

import shlex
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.cli.run import run
from harness.errors import SelectionError
from harness.matrix.ci.durations import Duration, Durations
from harness.matrix.ci.jobs import Division, Wanted, plan_jobs
from harness.matrix.ci.platforms import PLATFORMS
from harness.matrix.devices import Device, Labels
from harness.matrix.records import Matrix, Model, Suite
from harness.matrix.select import Selection, select

PAIR = (Suite.FUNCTIONAL, Suite.THROUGHPUT)
GITHUB = PLATFORMS["github"]
Devices = Callable[[int], list[Device]]


def asked(devices: list[Device], models: tuple[Model, ...], suites: tuple[Suite, ...] = PAIR) -> list[Wanted]:
    return [Wanted(device=device, suite=suite, models=models) for device in devices for suite in suites]


def small(matrix: Matrix, seconds: list[float]) -> tuple[Matrix, Durations]:
    """A matrix of so many models, and what each took."""
    models = tuple(
        Model(id=f"m{number}", model_type="m", architecture="vision", classes=("M",))
        for number in range(len(seconds))
    )
    made = replace(matrix, models=models)
    rows = [
        Duration(model=model.id, device="cpu", suite="functional", seconds=took, cells=1)
        for model, took in zip(models, seconds, strict=True)
    ]
    return made, Durations(rows, made)


@given(
    st.lists(st.floats(0, 5000), min_size=1, max_size=400),
    st.integers(1, 8),
    st.sampled_from(sorted(PLATFORMS)),
    st.one_of(st.integers(1, 30), st.none()),
)
def test_every_model_once_a_device_and_suite_and_never_too_many_jobs(
    matrix: Matrix, seconds: list[float], count: int, platform: str, number: int | None
) -> None:
    made, durations = small(matrix, seconds)
    runners = [replace(device, ci=Labels(**{platform: ("a",)})) for device in matrix.devices[:count]]
    number = number and min(number, len(seconds), PLATFORMS[platform].limits.jobs // (2 * count))
    division = Division(platform=PLATFORMS[platform], number=number)
    jobs = plan_jobs(asked(runners, made.models), made, durations, division)
    assert len(jobs) <= PLATFORMS[platform].limits.jobs
    assert len({job.name for job in jobs}) == len(jobs)
    done = Counter((job.device.id, job.suite, model) for job in jobs for model in job.models)
    wanted = {(device.id, suite, model.id) for device in runners for suite in PAIR for model in made.models}
    assert done == dict.fromkeys(wanted, 1)
    if number:
        assert len(jobs) == number * count * len(PAIR)


@pytest.mark.parametrize("selection", [Selection(), Selection(everything=True)])
def test_a_job_runs_its_models_with_the_classes_asked_for_and_no_other(
    matrix: Matrix, cpu: Device, untimed: Durations, selection: Selection
) -> None:
    models = select(matrix, selection)
    division = Division(platform=GITHUB, number=5)
    jobs = plan_jobs(asked([cpu], models, (Suite.FUNCTIONAL,)), matrix, untimed, division)
    for job in jobs:
        options: dict[str, Any] = run.make_context("run", list(job.options)).params
        typed = Selection.of(options["model"], options["arch"], classes=options["classes"])
        assert select(matrix, typed) == tuple(model for model in models if model.id in job.models)


def test_options_are_words_that_no_shell_reads_more_in(
    matrix: Matrix, cpu: Device, untimed: Durations
) -> None:
    models = select(matrix, Selection())
    for job in plan_jobs(asked([cpu], models), matrix, untimed, Division(platform=GITHUB)):
        assert shlex.join(job.options) == " ".join(job.options)
        assert isinstance(run.make_context("run", list(job.options)), click.Context)


def test_jobs_are_as_many_as_keep_to_the_minutes(matrix: Matrix, cpu: Device) -> None:
    made, durations = small(matrix, [300.0] * 8)
    wanted = asked([cpu], made.models, (Suite.FUNCTIONAL,))
    jobs = plan_jobs(wanted, made, durations, Division(platform=GITHUB, minutes=10))
    assert [job.name for job in jobs] == [f"cpu-functional-{number}of4" for number in range(1, 5)]
    assert {job.expected_s for job in jobs} == {600.0}
    assert {job.timeout_minutes(360) for job in jobs} == {40}
    assert {job.timeout_minutes(15) for job in jobs} == {15}


def test_a_job_says_how_many_of_its_models_were_never_timed(matrix: Matrix, cpu: Device) -> None:
    rows = [Duration(model="bert", device="cpu", suite="functional", seconds=1.0, cells=1)]
    models = select(matrix, Selection(models=("bert", "t5", "vit")))
    wanted = asked([cpu], models, (Suite.FUNCTIONAL,))
    (job,) = plan_jobs(wanted, matrix, Durations(rows, matrix), Division(platform=GITHUB))
    assert job.estimates == {"what is assumed": 2}


def test_a_device_without_labels_has_no_job_unless_they_are_given(matrix: Matrix, untimed: Durations) -> None:
    wanted = asked([matrix.device("cuda")], select(matrix, Selection()))
    assert plan_jobs(wanted, matrix, untimed, Division(platform=GITHUB)) == ()
    jobs = plan_jobs(wanted, matrix, untimed, Division(platform=GITHUB, labels=("gpu",)))
    assert {(job.device.id, job.labels) for job in jobs} == {("cuda", ("gpu",))}


@pytest.mark.parametrize(
    ("asked_for", "sentence"),
    [
        (
            (17, "bert"),
            "--shard 17 makes 272 jobs, more than the 256 that GitHub Actions takes: give --shard 16",
        ),
        ((3, "bert,t5"), "--shard 3 is more than there are models: give --shard 2 or less"),
    ],
)
def test_more_jobs_than_can_be_is_one_sentence(
    matrix: Matrix, devices: Devices, untimed: Durations, asked_for: tuple[int, str], sentence: str
) -> None:
    number, models = asked_for
    wanted = asked(devices(8), select(matrix, Selection.of([models])))
    with pytest.raises(SelectionError, match=sentence):
        plan_jobs(wanted, matrix, untimed, Division(platform=GITHUB, number=number))


def test_a_limit_below_one_job_a_pair_is_refused(
    matrix: Matrix, devices: Devices, untimed: Durations
) -> None:
    few = replace(GITHUB, limits=replace(GITHUB.limits, jobs=15))
    with pytest.raises(SelectionError, match="16 pairs of device and suite need over 15 jobs"):
        plan_jobs(asked(devices(8), matrix.models), matrix, untimed, Division(platform=few))


def test_a_throughput_job_names_no_class(matrix: Matrix, cpu: Device, untimed: Durations) -> None:
    wanted = asked([cpu], select(matrix, Selection()), (Suite.THROUGHPUT,))
    jobs = plan_jobs(wanted, matrix, untimed, Division(platform=GITHUB, number=1))
    assert "--class" not in jobs[0].options
