"""`harness image`, where nothing is built and no engine is needed."""

import gc
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import Result

from harness.matrix.records import Matrix

Typed = Callable[..., Result]


@pytest.fixture(autouse=True)
def no_engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The engine's address leads nowhere; docker-py leaves a socket of its own to the collector."""
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/none.sock")
    yield
    gc.collect()


pytestmark = pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")


def test_every_image_and_variant_is_listed(typed: Typed, root: Path, matrix: Matrix) -> None:
    listed = typed(root, "image", "list", "--json")
    found = {(row["device"], row["variant"]): row for row in json.loads(listed.stdout)}
    named = {
        device.id: [None, *(row.id for row in device.variants)] for device in matrix.devices if device.image
    }
    assert found.keys() == {(device, variant) for device, variants in named.items() for variant in variants}
    assert found["cuda", "py313"]["python"] == "3.13"
    assert found["xpu", None]["lacking"].startswith("images/xpu/requirements.lock lacks torch==2.13.0+xpu")
    table = typed(root, "image", "list").stdout
    assert "py313" in table
    assert "not locked" in table


def test_what_nobody_verified_is_shown(typed: Typed, root: Path, matrix: Matrix) -> None:
    shown = typed(root, "image", "show", "rocm").stdout
    assert "torch     not locked, for hip" in shown
    assert "not ready images/rocm/requirements.lock lacks torch==2.13.0+rocm7.2" in shown
    for sentence in matrix.device("rocm").unverified:
        assert f"unverified: {sentence}" in shown


def test_a_variant_is_shown_with_its_packages(typed: Typed, root: Path) -> None:
    shown = typed(root, "image", "show", "cpu", "--variant", "compiler")
    assert shown.exit_code == 0
    assert "packages  g++ libpython3-dev" in shown.stdout


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("show", "mps"), "device 'mps' has no image yet"),
        (("show", "cuda", "--variant", "py31"), "there is no variant 'py31'; the nearest is py313"),
        (("check", "cuda"), "no container engine answers"),
        (("build", "rocm", "--variant", "py313"), "device 'rocm' has no variants"),
        (("lock", "rocm", "--without", "torch,tocrh"), "--without tocrh: requirements.in does not name it"),
    ],
)
def test_a_mistake_is_one_sentence(
    typed: Typed, root: Path, arguments: tuple[str, ...], sentence: str
) -> None:
    ended = typed(root, "image", *arguments)
    assert ended.exit_code == 2
    assert sentence in ended.stderr
    assert ended.stderr.count("\n") == 1
