"""Programs that pretend or do harm score nothing, leave nothing, and do not disturb the one after them."""

import json
import uuid
from pathlib import Path
from typing import Any

import docker
import pytest

from harness.images.image import PYTHON, Image
from harness.runners.hardening import Hardening
from harness.runners.protocol import GIB, Limits
from harness.suite.evaluation.programs.judge import judge
from tests.suite.evaluation.programs.hostile import FOLDERS, HARMFUL, HOSTILE, MARK, verdicts

Verdicts = dict[str, dict[str, Any]]


@pytest.fixture(scope="module")
def judged() -> Verdicts:
    return verdicts()


@pytest.mark.parametrize("name", HOSTILE)
def test_it_has_not_passed(name: str, judged: Verdicts) -> None:
    assert judged[name]["passed"] is False


@pytest.mark.parametrize("name", HARMFUL)
def test_it_came_to_the_end_it_should(name: str, judged: Verdicts) -> None:
    assert HARMFUL[name].end in judged[name]["reason"]


def test_the_next_one_is_judged_as_if_nothing_had_been(judged: Verdicts) -> None:
    assert judged["right"]["passed"] is True


def test_nothing_was_written(judged: Verdicts) -> None:
    assert not [
        folder for folder in FOLDERS if (Path(folder) / MARK).exists() or (Path(folder) / MARK).is_symlink()
    ]


STOPS = "def add(a, b):\n    raise StopIteration"
LEAVES = "import os\ndef add(a, b):\n    os._exit(0)"
RIGHT = "def add(a, b):\n    return a + b"


@pytest.mark.parametrize(
    ("program", "tests"),
    [
        (STOPS, "for out in map(add, [1, 2], [3, 4]):\n    assert out == 4"),
        (STOPS, "assert all(add(x, 1) == 2 for x in [1])"),
        (LEAVES, "try:\n    add('', 1)\nexcept:\n    pass"),
        (LEAVES, "try:\n    add('', 1)\nfinally:\n    pass"),
        ("def set(x): return 0\ndef add(a, b): return [7]", "assert set(add([1], [2])) == set([1, 2])"),
        ("def isinstance(*x): return True\ndef add(a, b): return 7", "assert isinstance(add(1, 2), str)"),
        ("class math:\n    isclose = print\ndef add(a, b): return 7", "assert math.isclose(add(1, 2), 3)"),
        ("import cmath as math\ndef add(a, b): return 7", "assert not math.isclose(add(1, 2), 3)"),
        ("def check(f): pass\ndef add(a, b): return 7", "def check(f):\n    assert f(1, 2) == 3\ncheck(add)"),
    ],
)
def test_tests_are_not_led_astray(program: str, tests: str) -> None:
    assert not judge(program, tests).passed


@pytest.mark.engine
def test_in_a_hardened_container(engine: docker.DockerClient, cpu_image: Image, root: Path) -> None:
    """With the engine's own filter of system calls, no capability, and nothing to write to but /tmp."""
    container = engine.containers.create(
        cpu_image.id,
        name=f"hostile-{uuid.uuid4()}",
        entrypoint=[PYTHON],
        command=["/door/tests/suite/evaluation/programs/hostile.py"],
        working_dir="/tmp",
        environment={"PYTHONPATH": "/door", "PYTHONDONTWRITEBYTECODE": "1"},
        **Hardening().arguments(Limits(memory_bytes=2 * GIB, pids=16))
        | {
            "volumes": {
                str(root / name): {"bind": f"/door/{name}", "mode": "ro"} for name in ("harness", "tests")
            }
        },
    )
    try:
        container.start()
        assert container.wait(timeout=300)["StatusCode"] == 0, container.logs().decode()
        inside = json.loads(container.logs(stderr=False))
    finally:
        container.remove(force=True, v=True)
    assert inside.keys() == {*HOSTILE, "right", "left"}
    assert inside.pop("left") == {"files": [], "processes": 0}
    assert [name for name, row in inside.items() if row["passed"]] == ["right"]
    assert [name for name, harm in HARMFUL.items() if harm.end not in inside[name]["reason"]] == []
