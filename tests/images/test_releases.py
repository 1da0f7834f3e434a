"""The lock of a release: the image's versions where it may, and a sentence where it cannot be."""

import hashlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.version import Version

from harness.errors import ReleaseError
from harness.images.compat import asks, prepare
from harness.images.lock import MADE_FROM
from harness.images.releases import (
    Pin,
    beside,
    committed,
    lock_release,
    nearest,
    pins,
    release_lock,
    require_fit,
    resolve,
)
from harness.matrix.devices import Device
from harness.matrix.load import load
from harness.matrix.records import Matrix, Release

MakeWheel = Callable[..., Path]
EVERYTHING = Release(transformers="2.0", python=">=3.9", torch=">=2.2")

digests = st.lists(st.text("0123456789abcdef", min_size=64, max_size=64), min_size=1, unique=True)
rows = st.builds(
    Pin,
    name=st.from_regex(r"[a-z0-9]+(-[a-z0-9]+)*", fullmatch=True),
    version=st.from_regex(r"[0-9]{1,3}(\.[0-9]{1,3}){0,2}(\+cpu)?", fullmatch=True),
    hashes=digests.map(tuple),
)


@pytest.fixture
def holder(tmp_path: Path, only_wheels: Path, make_wheel: MakeWheel, cpu: Device) -> Device:
    """A device whose image has tox, transformers 1.0, tokenizers 1.0, certifi 1.0 and torch 2.5."""
    lines = []
    for name, version in (
        ("certifi", "1.0"),
        ("tokenizers", "1.0"),
        ("torch", "2.5"),
        ("tox", "4.0"),
        ("transformers", "1.0"),
    ):
        wheel = make_wheel(name, version)
        digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
        lines.append(f"{name}=={version} \\\n    --hash=sha256:{digest}\n")
    folder = tmp_path / "images" / "holder"
    folder.mkdir(parents=True)
    requirements = folder / "requirements.in"
    requirements.write_text("# what it holds\ntorch==2.5\ntox\ntransformers\n")
    made_from = MADE_FROM + hashlib.sha256(requirements.read_bytes()).hexdigest()
    (folder / "requirements.lock").write_text("".join([made_from, "\n", *lines]))
    return replace(cpu, id="holder", image="holder")


@pytest.fixture
def newer(make_wheel: MakeWheel) -> Path:
    """Release 2.0, which needs another tokenizer, and newer files of what the image has already."""
    make_wheel("certifi", "9.0")
    make_wheel("tokenizers", "2.0")
    needs = "Requires-Dist: tokenizers>=2\nRequires-Dist: certifi\nRequires-Python: >=3.9\n"
    return make_wheel("transformers", "2.0", metadata=f"{needs}Requires-Dist: torch>=2.2; extra == 'torch'\n")


@given(st.lists(rows, unique_by=lambda pin: pin.name))
def test_rows_are_read_as_they_are_written(written: list[Pin]) -> None:
    text = "# a comment\n" + "".join(pin.text() for pin in written)
    assert list(pins(text).values()) == written


def test_only_what_a_release_needs_otherwise_is_new(
    tmp_path: Path, holder: Device, newer: Path, told: list[str]
) -> None:
    found = release_lock("2.0", holder, tmp_path, told.append)
    assert {pin.name: pin.version for pin in found.values()} == {
        "certifi": "1.0",  # 9.0 is there, and the image's does as well
        "tokenizers": "2.0",
        "transformers": "2.0",
    }
    assert [pin.name for pin in beside(found, holder, tmp_path)] == ["tokenizers", "transformers"]
    assert told == ["resolving what transformers 2.0 needs beside the image holder"]


def test_the_image_has_its_own_release_already(tmp_path: Path, holder: Device, told: list[str]) -> None:
    found = release_lock("1.0", holder, tmp_path, told.append)
    assert beside(found, holder, tmp_path) == ()


def test_a_lock_that_is_committed_or_kept_is_not_made_again(
    tmp_path: Path, holder: Device, newer: Path, told: list[str]
) -> None:
    first = release_lock("2.0", holder, tmp_path, told.append)
    assert release_lock("2.0", holder, tmp_path, pytest.fail) == first
    lock_release("2.0", holder, tmp_path, told.append)
    assert pins(committed("2.0", tmp_path).read_text()) == first
    assert told[-1] == "images/releases/2.0.lock: 3 packages"


def test_a_lock_with_another_version_of_what_the_image_shares_is_made_again(
    tmp_path: Path, holder: Device, newer: Path, told: list[str]
) -> None:
    path = committed("2.0", tmp_path)
    path.parent.mkdir()
    path.write_text("".join(Pin(name=name, version="2.0", hashes=("0" * 64,)).text() for name in ("torch",)))
    assert "torch" not in release_lock("2.0", holder, tmp_path, told.append)
    assert len(told) == 1


@pytest.mark.parametrize(
    ("metadata", "words"),
    [
        ("Requires-Dist: torch>=3", "beside what the image holder has .*: .*torch"),
        ("Requires-Dist: tokenizers>=7", "beside what the image holder has .*: .*tokenizers"),
        ("Requires-Python: >=3.99", r"beside what the image holder has \(Python 3.11\): .*3\.99"),
    ],
)
def test_a_release_that_cannot_live_with_the_image(
    metadata: str, words: str, tmp_path: Path, holder: Device, make_wheel: MakeWheel
) -> None:
    make_wheel("transformers", "3.0", metadata=f"{metadata}\n")
    with pytest.raises(ReleaseError, match=words) as refused:
        resolve("3.0", holder, tmp_path)
    assert "conclude" not in str(refused.value)


def test_a_release_that_is_not_there_is_told_with_its_neighbours(
    tmp_path: Path, holder: Device, newer: Path
) -> None:
    with pytest.raises(
        ReleaseError, match=r"there is no release 1\.5 of transformers: the nearest are 1\.0, 2\.0"
    ):
        resolve("1.5", holder, tmp_path)


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), unique=True), st.integers(0, 9))
def test_the_nearest_are_next_to_it(there: list[tuple[int, int]], major: int) -> None:
    wanted = Version(f"{major}.5.1")  # which none of them is
    known = {Version(f"{one}.{two}") for one, two in there}
    near = [Version(text) for text in nearest(str(wanted), tuple(map(str, known)))]
    assert near == sorted(near)
    assert len(near) <= 3
    for version in known - set(near):
        assert not any(min(wanted, one) < version < max(wanted, one) for one in near)
    for side in (wanted.__gt__, wanted.__lt__):
        assert any(map(side, near)) == any(map(side, known))


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"torch": "<1.12,>=1.0"}, r"needs torch <1\.12,>=1\.0 and the image holder has 2\.5: name another"),
        ({"python": ">=3.99"}, r"needs Python >=3\.99 and the image holder has 3\.11"),
        ({"python": "<3.10"}, r"needs Python <3\.10"),
    ],
)
def test_what_the_image_has_must_be_what_the_release_asks_for(
    changed: dict[str, str], words: str, tmp_path: Path, holder: Device
) -> None:
    require_fit(EVERYTHING, holder, tmp_path)
    require_fit(replace(EVERYTHING, python=">=3.11.4"), holder, tmp_path)  # the image has a later patch
    with pytest.raises(ReleaseError, match=words):
        require_fit(replace(EVERYTHING, **changed), holder, tmp_path)


def test_the_metadata_of_a_wheel_says_what_it_asks_for(newer: Path, make_wheel: MakeWheel) -> None:
    assert asks(newer) == EVERYTHING
    assert asks(make_wheel("transformers", "2.5")) == Release(transformers="2.5", python=">=0", torch=">=0")


def test_a_release_is_made_ready(
    tmp_path: Path, holder: Device, newer: Path, told: list[str], bare: Matrix
) -> None:
    ready = prepare(["2.0", "2.0"], bare, holder, tmp_path, told.append)
    assert list(ready) == ["2.0"]
    assert [wheel.name.split("-")[0] for wheel in ready["2.0"].wheels] == ["tokenizers", "transformers"]
    assert list(pins(ready["2.0"].requirements)) == ["tokenizers", "transformers"]


def test_an_image_without_tox_is_told_of(tmp_path: Path, holder: Device, bare: Matrix) -> None:
    lock = tmp_path / "images" / "holder" / "requirements.lock"
    lock.write_text(lock.read_text().replace("tox==4.0", "nox==4.0"))
    assert prepare([], bare, holder, tmp_path, pytest.fail) == {}
    with pytest.raises(
        ReleaseError, match=r"the image holder has no tox, which .*: add it to images/holder/req"
    ):
        prepare(["2.0"], bare, holder, tmp_path, pytest.fail)


def test_another_torch_is_told_of_before_anything_is_fetched_or_after(
    tmp_path: Path, holder: Device, make_wheel: MakeWheel, bare: Matrix
) -> None:
    make_wheel("transformers", "2.1", metadata="Requires-Dist: torch<2; extra == 'torch'\n")
    known = replace(bare, versions=(Release(transformers="2.1", python=">=3.9", torch="<2"),))
    with pytest.raises(ReleaseError, match="needs torch <2"):
        prepare(["2.1"], known, holder, tmp_path, pytest.fail)
    with pytest.raises(ReleaseError, match="needs torch <2"):
        prepare(["2.1"], bare, holder, tmp_path, lambda _: None)


@pytest.fixture
def bare() -> Matrix:
    """A matrix that names no release."""
    return Matrix(devices=(), architectures=(), models=(), tolerances=(), known_failures=())


def test_the_releases_of_the_matrix_are_locked_for_its_image(cpu: Device, checkout: Path) -> None:
    releases = load(checkout).versions
    assert {Version(row.transformers).major for row in releases} >= {4, 5}
    for row in releases:
        require_fit(row, cpu, checkout)
        found = pins(committed(row.transformers, checkout).read_text())
        assert release_lock(row.transformers, cpu, checkout, pytest.fail) == found
        assert found["transformers"].version == row.transformers
        assert "torch" not in found
