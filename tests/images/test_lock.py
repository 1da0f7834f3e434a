import hashlib
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from harness.errors import ImageError
from harness.images.lock import FROM_SOURCE, LACKING, MADE_FROM, lock, lock_hash, lock_path
from harness.matrix.devices import Device, Variant

LOCKS = sorted((Path(__file__).parents[2] / "images").glob("*/requirements.lock"))
WITHOUT_TORCH = {"rocm", "xpu"}
"""Images whose torch is on an index that was out of reach where they were locked."""
READ = {
    "jieba": "055ca12f62674fafed09427f176506079bc135638a14e23e25be909131928db2",
    "sqlitedict": "03d9cfb96d602996f1d4c2db2856f1224b96a9c431bdd16e78032a72940f9e8c",
    "word2number": "70e27a5d387f67b04c71fbb7621c05930b19bfd26efd6851e6e0f9969dcde7d0",
}
"""Package → SHA-256 of the source whose setup.py was read: it runs where the package is installed."""


@pytest.fixture(params=LOCKS, ids=lambda path: path.parent.name)
def committed(request: pytest.FixtureRequest) -> Path:
    path: Path = request.param
    return path


def test_there_are_locks() -> None:
    assert LOCKS


def test_a_committed_lock_matches_its_requirements(committed: Path) -> None:
    requirements = committed.with_name("requirements.in").read_bytes()
    assert MADE_FROM + hashlib.sha256(requirements).hexdigest() in committed.read_text().splitlines()


def test_a_committed_lock_can_be_built_from_or_says_what_it_lacks(
    committed: Path, cpu: Device, checkout: Path
) -> None:
    device = replace(cpu, image=committed.parent.name)
    if device.image not in WITHOUT_TORCH:
        assert lock_path(device, checkout) == committed
        return
    with pytest.raises(ImageError, match=r"lacks torch==.*, torchaudio==.*, triton-.*, and what they need"):
        lock_path(device, checkout)


def test_a_committed_lock_records_no_address_and_no_path(committed: Path) -> None:
    pinned = [line for line in committed.read_text().splitlines() if not line.startswith("#")]
    assert not [line for line in pinned if "://" in line or re.search(r"[\s=@]/", line)]


def test_a_committed_lock_pins_and_hashes_every_package(committed: Path) -> None:
    rows = re.split(r"\n(?=\w)", committed.read_text())[1:]
    assert rows
    assert not [row for row in rows if not re.match(r"[\w.-]+==\S+ \\\n    --hash=sha256:[0-9a-f]{64}", row)]


def test_a_committed_lock_builds_only_source_that_was_read(committed: Path) -> None:
    text = committed.read_text()
    for name in re.findall(rf"^{FROM_SOURCE}(\S+)$", text, re.MULTILINE):
        row = re.search(rf"^{name}==\S+((?: \\\n    --hash=sha256:\w+)+)", text, re.MULTILINE)
        assert row is not None
        assert re.findall(r"sha256:(\w+)", row[1]) == [READ[name]]


def test_lock_pins_what_pip_is_configured_with(
    tmp_path: Path, tiny: Device, make_wheel: Callable[[str, str], Path], told: list[str]
) -> None:
    newest = make_wheel("sample", "2.0")
    before = lock_hash(tiny, tmp_path)
    lock(tiny, tmp_path, told.append)
    text = lock_path(tiny, tmp_path).read_text()
    assert "sample==2.0" in text
    assert hashlib.sha256(newest.read_bytes()).hexdigest() in text
    assert str(tmp_path) not in text
    assert lock_hash(tiny, tmp_path) != before
    assert told == ["images/tiny/requirements.lock: 1 packages"]


def test_the_same_requirements_give_the_same_lock(tmp_path: Path, tiny: Device, told: list[str]) -> None:
    lock(tiny, tmp_path, told.append)
    first = lock_hash(tiny, tmp_path)
    lock(tiny, tmp_path, told.append)
    assert lock_hash(tiny, tmp_path) == first


def test_what_is_out_of_reach_is_left_out_and_said(
    tmp_path: Path, tiny: Device, make_wheel: Callable[[str, str], Path], told: list[str]
) -> None:
    make_wheel("another", "1.0")
    requirements = tmp_path / "images/tiny/requirements.in"
    requirements.write_text("# of both\nsample\nanother\nfar-away==3.0+gpu\n")
    lock(tiny, tmp_path, told.append, without=["far-away", "another"])
    text = (tmp_path / "images/tiny/requirements.lock").read_text()
    assert f"{LACKING}another, far-away==3.0+gpu, and what they need" in text
    assert re.findall(r"^\w\S+==\S+", text, re.MULTILINE) == ["sample==1.0"]
    with pytest.raises(
        ImageError,
        match=r"images/tiny/requirements.lock lacks another, far-away.*: run "
        "'nox -s lock -- tiny --variant old' where https://torch.example answers",
    ):
        lock_path(replace(tiny, variant="old", torch_index="https://torch.example"), tmp_path)

    make_wheel("far_away", "3.0+gpu")
    lock(tiny, tmp_path, told.append)
    assert lock_path(tiny, tmp_path).is_file()


def test_source_alone_is_locked_where_it_is_named(
    tmp_path: Path, tiny: Device, make_source: Callable[[str, str], Path], told: list[str]
) -> None:
    source = make_source("crude", "1.0")
    requirements = tmp_path / "images/tiny/requirements.in"
    requirements.write_text("sample\ncrude\n")
    with pytest.raises(ImageError, match=r"cannot be locked: .*crude"):
        lock(tiny, tmp_path, told.append)
    requirements.write_text("sample\ncrude\n--no-binary Crude  # it was read\n")
    lock(tiny, tmp_path, told.append)
    text = lock_path(tiny, tmp_path).read_text()
    assert "\n--no-binary crude\n" in text
    assert hashlib.sha256(source.read_bytes()).hexdigest() in text
    assert not (tmp_path / "built").exists()


def test_a_remark_behind_a_requirement_is_none(tmp_path: Path, tiny: Device, told: list[str]) -> None:
    path = tmp_path / "images" / "tiny" / "requirements.in"
    path.write_text(path.read_text() + "  # of what is said here\n")
    lock(tiny, tmp_path, told.append)
    assert lock_path(tiny, tmp_path).is_file()


def test_a_line_that_is_no_requirement_is_said(tmp_path: Path, tiny: Device, told: list[str]) -> None:
    (tmp_path / "images" / "tiny" / "requirements.in").write_text("tiny == = 1\n")
    with pytest.raises(ImageError, match=r"has 'tiny == = 1', which is no requirement: .*; correct it"):
        lock(tiny, tmp_path, told.append)


def test_only_what_is_asked_for_can_be_left_out(tmp_path: Path, tiny: Device, told: list[str]) -> None:
    with pytest.raises(ImageError, match=r"--without torch: requirements.in does not name it"):
        lock(tiny, tmp_path, told.append, without=["torch"])


def test_a_variant_is_locked_for_its_own_python(
    tmp_path: Path, tiny: Device, make_wheel: Callable[[str, str], Path], told: list[str]
) -> None:
    (tmp_path / "images/tiny/requirements.in").write_text("sample ; python_version >= '3.13'\n")
    variant = Variant(id="py313", title="3.13", image="tiny", base="b", torch_build="cpu", python="3.13")
    for device, packages in ((tiny, 0), (tiny.taken_with(variant), 1)):
        lock(device, tmp_path, told.append)
        assert told[-1] == f"images/tiny/requirements.lock: {packages} packages"
    assert "Python 3.13," in (tmp_path / "images/tiny/requirements.lock").read_text()


def test_a_lock_that_cannot_be_made_leaves_the_old_one(tmp_path: Path, tiny: Device, told: list[str]) -> None:
    old = lock_path(tiny, tmp_path).read_text()
    (tmp_path / "images/tiny/requirements.in").write_text("no-such-package\n")
    with pytest.raises(ImageError, match=r"images/tiny/requirements.in cannot be locked: .*no-such-package"):
        lock(tiny, tmp_path, told.append)
    assert (tmp_path / "images/tiny/requirements.lock").read_text() == old


def test_a_lock_of_other_requirements_is_refused(tmp_path: Path, tiny: Device) -> None:
    (tmp_path / "images/tiny/requirements.in").write_text("sample\nanother\n")
    with pytest.raises(ImageError, match=r"does not match the requirements.in beside it: run 'nox -s lock'"):
        lock_hash(tiny, tmp_path)


@pytest.mark.parametrize("image", [None, "absent"])
def test_a_device_without_an_image_is_refused(tmp_path: Path, tiny: Device, image: str | None) -> None:
    with pytest.raises(ImageError, match="has no image yet"):
        lock_path(replace(tiny, image=image), tmp_path)
