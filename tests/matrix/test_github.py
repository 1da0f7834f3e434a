"""Jobs of GitHub Actions."""

from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import SelectionError
from harness.matrix.github import github_jobs
from harness.matrix.records import Device, Matrix, Model, Suite
from harness.matrix.select import Selection, select

models = st.integers(0, 900).map(
    lambda count: [
        Model(id=f"m{number}", model_type="m", architecture="vision", classes=("M",))
        for number in range(count)
    ]
)


PAIR = (Suite.FUNCTIONAL, Suite.THROUGHPUT)


def _devices(matrix: Matrix, count: int) -> list[Device]:
    return [replace(device, ci_label="ubuntu") for device in matrix.devices[:count]]


@given(models, st.integers(1, 8), st.integers(16, 256))
def test_every_model_once_a_device_and_suite_and_never_too_many_jobs(
    matrix: Matrix, chosen: list[Model], count: int, limit: int
) -> None:
    devices = _devices(matrix, count)
    jobs = github_jobs(chosen, devices, PAIR, limit)["include"]
    assert len(jobs) <= limit
    assert len({job["name"] for job in jobs}) == len(jobs)
    done = Counter((job["device"], job["suite"], model) for job in jobs for model in job["models"].split(","))
    wanted = {(device.id, suite.value, model.id) for device in devices for suite in PAIR for model in chosen}
    assert done == dict.fromkeys(wanted, 1)


def test_few_models_have_a_job_each(matrix: Matrix) -> None:
    chosen = select(matrix, Selection(models=("bert", "t5")))
    jobs = github_jobs(chosen, matrix.devices, [Suite.FUNCTIONAL])["include"]
    assert jobs[0] == {
        "name": "cpu-functional-bert",
        "device": "cpu",
        "runner": "ubuntu-24.04",
        "suite": "functional",
        "models": "bert",
    }
    assert [job["models"] for job in jobs] == ["bert", "t5"]


def test_past_the_limit_a_job_has_several_models(matrix: Matrix) -> None:
    jobs = github_jobs(matrix.models, matrix.devices, [Suite.FUNCTIONAL], limit=2)["include"]
    assert [job["name"] for job in jobs] == ["cpu-functional-1of2", "cpu-functional-2of2"]


def test_a_limit_below_one_job_a_pair_is_refused(matrix: Matrix) -> None:
    with pytest.raises(SelectionError, match="16 pairs of device and suite need over 15 jobs"):
        github_jobs(matrix.models, _devices(matrix, 8), PAIR, limit=15)


def test_a_device_without_a_label_has_no_job(matrix: Matrix) -> None:
    assert github_jobs(matrix.models, [matrix.device("cuda")], PAIR) == {"include": []}
