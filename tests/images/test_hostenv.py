import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from harness.errors import HostEnvironmentError, ImageError
from harness.images import hostenv
from harness.images.lock import lock_hash
from harness.matrix.devices import Device

PYTHON = Device.__dataclass_fields__["python"].default

pytestmark = pytest.mark.skipif(
    sys.version.partition(" ")[0].rpartition(".")[0] != PYTHON, reason=f"the locks are for Python {PYTHON}"
)


def version(python: Path) -> str:
    command = [str(python), "-c", "import sample; print(sample.version)"]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def test_is_made_once_and_made_again_where_incomplete(tmp_path: Path, tiny: Device, told: list[str]) -> None:
    with ThreadPoolExecutor() as pool:
        calls = [pool.submit(hostenv.ensure, tiny, tmp_path, told.append) for _ in range(2)]
        environment, same = [call.result() for call in calls]
    assert environment == same
    assert environment.lock_hash == lock_hash(tiny, tmp_path)
    assert version(environment.python) == "1.0"
    assert [line for line in told if line.startswith("making")] == [
        f"making the locked environment {environment.python.parents[1]}"
    ]

    told.clear()
    assert hostenv.ensure(tiny, tmp_path, told.append) == environment
    assert told == []

    (environment.python.parents[1] / hostenv.COMPLETE).unlink()
    hostenv.ensure(tiny, tmp_path, told.append)
    assert told


def test_nothing_is_left_of_one_that_failed(
    tmp_path: Path, tiny: Device, make_wheel: Callable[[str, str], Path], told: list[str]
) -> None:
    wheel = make_wheel("sample", "1.0")
    wheel.write_bytes(wheel.read_bytes() + b"\0")
    with pytest.raises(
        HostEnvironmentError, match=r"could not be installed: .*ERROR: .*HASH.* is in .*env-tiny.log"
    ):
        hostenv.ensure(tiny, tmp_path, told.append)
    assert not [path for path in (tmp_path / ".harness" / "envs").iterdir() if path.is_dir()]


def test_a_lock_of_other_requirements_makes_none(tmp_path: Path, tiny: Device, told: list[str]) -> None:
    (tmp_path / "images/tiny/requirements.in").write_text("another\n")
    with pytest.raises(ImageError, match=r"does not match"):
        hostenv.ensure(tiny, tmp_path, told.append)
    assert not (tmp_path / ".harness").exists()


def test_a_folder_that_cannot_be_written_is_one_sentence(
    tmp_path: Path, tiny: Device, told: list[str]
) -> None:
    (tmp_path / ".harness").write_text("a file where a folder must be")
    with pytest.raises(HostEnvironmentError, match="cannot be made"):
        hostenv.ensure(tiny, tmp_path, told.append)
