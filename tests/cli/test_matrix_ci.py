"""`harness matrix github|gitlab|buildkite|touched` and `harness results durations`, as they are typed."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from harness.matrix.ci.durations import Duration, text

Typed = Callable[..., Result]
CPU = ("--device", "cpu", "--suite", "functional")


@pytest.fixture(scope="module")
def changed(copy_checkout: Callable[[], Path]) -> Path:
    """A checkout in which one row of the matrix was changed since the branch main."""
    root = copy_checkout()
    git = ["git", "-C", str(root), "-c", "user.name=a", "-c", "user.email=a@b", "-c", "commit.gpgsign=false"]
    for arguments in (["init", "-q", "-b", "main"], ["add", "."], ["commit", "-q", "-m", "one"]):
        subprocess.run([*git, *arguments], check=True, capture_output=True)
    data = json.loads((root / "matrix.json").read_text())
    (row,) = (row for row in data["models"] if row["id"] == "vit")
    row["priority"] = "medium"
    (root / "matrix.json").write_text(json.dumps(data))
    return root


def test_jobs_are_balanced_by_the_durations_given(root: Path, typed: Typed, tmp_path: Path) -> None:
    took = {"bert": 30.0, "t5": 10.0, "vit": 10.0, "llama": 10.0}
    rows = [
        Duration(model=name, device="cpu", suite="throughput", seconds=seconds, cells=1)
        for name, seconds in took.items()
    ]
    (tmp_path / "took.json").write_text(text(rows))
    arguments = ("--device", "cpu", "--suite", "throughput", "--model", ",".join(took), "--shard", "2")
    ended = typed(root, "matrix", "github", *arguments, "--durations", str(tmp_path / "took.json"))
    assert sorted(job["models"] for job in json.loads(ended.stdout)["include"]) == ["bert", "llama,t5,vit"]
    assert ended.stderr == ""


def test_what_was_never_timed_is_said(root: Path, typed: Typed) -> None:
    ended = typed(root, "matrix", "github", *CPU, "--model", "bert,t5")
    assert ended.stderr == "never timed: 2 at what is assumed; timed: 0\n"
    (job,) = json.loads(ended.stdout)["include"]
    assert (job["models"], job["estimated"]) == ("bert,t5", {"what is assumed": 2})


def test_a_device_without_a_runner_is_said_and_one_can_be_named(root: Path, typed: Typed) -> None:
    ended = typed(root, "matrix", "gitlab", "--device", "cuda", "--model", "bert")
    assert json.loads(ended.stdout).keys() == {"nothing"}
    assert "no job for cuda: GitLab has no runner; name one with --runner" in ended.stderr
    ended = typed(root, "matrix", "buildkite", "--device", "cuda", "--model", "bert", "--runner", "queue=gpu")
    assert {tuple(step["agents"]) for step in json.loads(ended.stdout)["steps"]} == {("queue=gpu",)}


def test_what_a_change_touches_is_listed_and_is_what_runs(changed: Path, typed: Typed) -> None:
    assert typed(changed, "matrix", "touched", "--since", "main").stdout == (
        "models vit: vit on cpu,cuda,hpu,mps,npu,rocm,tpu,xpu, functional\n"
    )
    (found,) = json.loads(typed(changed, "matrix", "touched", "--since", "main", "--json").stdout)["touched"]
    assert found["models"] == ["vit"]
    (job,) = json.loads(typed(changed, "matrix", "github", "--since", "main").stdout)["include"]
    assert (job["device"], job["suite"], job["models"], job["classes"]) == ("cpu", "functional", "vit", "")
    nothing = typed(changed, "matrix", "github", "--since", "main", "--suite", "throughput")
    assert json.loads(nothing.stdout) == {"include": []}


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("github", "--device", "cpuu"), "there is no device 'cpuu'; the nearest is cpu"),
        (("gitlab", "--shard", "0"), "0 is not in the range x>=1"),
        (("github", "--minutes", "nan"), "Invalid value for '--minutes'"),
        (("buildkite", "--model", "bert", "--shard", "2"), "--shard 2 is more than there are models"),
        (
            ("github", "--all", "--shard", "200"),
            "makes 400 jobs, more than the 256 that GitHub Actions takes",
        ),
        (("github", "--runner", "gpu"), "--runner is for named devices: say which it has, with --device"),
        (("github", "--since", "nope"), "git knows no revision 'nope'"),
        (("github", "--since", "main", "--model", "bert"), "--since chooses the models itself"),
        (("touched", "--since", "nope"), "git knows no revision 'nope'"),
        (("github", "--durations", "none.json"), "none.json cannot be read: No such file"),
    ],
)
def test_a_mistake_is_one_sentence(
    changed: Path, typed: Typed, arguments: tuple[str, ...], expected: str
) -> None:
    ended = typed(changed, "matrix", *arguments)
    assert ended.exit_code == 2
    assert expected in ended.output
    assert len(ended.output.strip().splitlines()) == 1


def test_durations_of_no_run_are_those_known(root: Path, typed: Typed, tmp_path: Path) -> None:
    row = Duration(model="bert", device="cpu", suite="functional", seconds=1.25, cells=3)
    (tmp_path / "known.json").write_text(text([row]))
    known = ("--known", str(tmp_path / "known.json"))
    assert typed(root, "results", "durations", *known, "--json").stdout == text([row])
    shown = typed(root, "results", "durations", *known).stdout
    assert shown.split() == ["bert", "cpu", "functional", "1.25", "s", "3", "cells"]
    assert json.loads(typed(root, "results", "durations", "--json").stdout)["durations"] == []
