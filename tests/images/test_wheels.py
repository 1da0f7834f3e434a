"""Wheels are fetched once, kept by their hashes, and never taken for what they are not."""

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from harness.errors import ReleaseError
from harness.images import wheels
from harness.images.releases import Pin
from harness.matrix.devices import Device

MakePin = Callable[[str], Pin]
Fetch = Callable[[Sequence[Pin], Path, Callable[[str], None]], tuple[Path, ...]]


@pytest.fixture
def fetch(cpu: Device) -> Fetch:
    """Fetches for the cpu image's Python."""
    return lambda wanted, root, tell: wheels.fetch(wanted, cpu, root, tell)


@pytest.fixture
def make_pin(only_wheels: Path, make_wheel: Callable[[str, str], Path]) -> MakePin:
    """A function that makes a wheel of a name, and the row that pins it."""

    def make(name: str) -> Pin:
        digest = hashlib.sha256(make_wheel(name, "1.0").read_bytes()).hexdigest()
        return Pin(name=name, version="1.0", hashes=("0" * 64, digest))

    return make


def test_a_wheel_is_fetched_once(
    fetch: Fetch, tmp_path: Path, make_pin: MakePin, only_wheels: Path, told: list[str]
) -> None:
    wanted = [make_pin("one"), make_pin("two")]
    first = fetch(wanted, tmp_path, told.append)
    assert told == ["fetching one 1.0", "fetching two 1.0"]
    assert [path.name for path in first] == ["one-1.0-py3-none-any.whl", "two-1.0-py3-none-any.whl"]
    for wheel in only_wheels.iterdir():
        wheel.unlink()
    assert fetch(wanted, tmp_path, pytest.fail) == first


def test_what_is_there_before_an_interruption_is_not_fetched_again(
    fetch: Fetch, tmp_path: Path, make_pin: MakePin, told: list[str]
) -> None:
    one, two = make_pin("one"), make_pin("two")

    def interrupt(sentence: str) -> None:
        if "two" in sentence:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fetch([one, two], tmp_path, interrupt)
    fetch([one, two], tmp_path, told.append)
    assert told == ["fetching two 1.0"]
    assert not list((tmp_path / ".harness" / "wheels").glob(".new-*"))


def test_a_file_that_was_spoilt_is_fetched_again(
    fetch: Fetch, tmp_path: Path, make_pin: MakePin, told: list[str]
) -> None:
    pin = make_pin("one")
    (path,) = fetch([pin], tmp_path, lambda _: None)
    whole = path.read_bytes()
    path.write_bytes(whole[:-1])
    assert fetch([pin], tmp_path, told.append) == (path,)
    assert path.read_bytes() == whole


def test_a_wheel_of_another_hash_is_refused(
    fetch: Fetch, tmp_path: Path, make_pin: MakePin, make_wheel: Callable[..., Path]
) -> None:
    pin = make_pin("one")
    make_wheel("one", "1.0", tmp_path / "wheels", "another.py")
    with pytest.raises(ReleaseError, match=r"one 1\.0 could not be fetched, and no earlier run has kept it"):
        fetch([pin], tmp_path, lambda _: None)


def test_a_wheel_that_no_source_has(fetch: Fetch, tmp_path: Path, only_wheels: Path) -> None:
    pin = Pin(name="none", version="1.0", hashes=("0" * 64,))
    with pytest.raises(ReleaseError, match=r"none 1\.0 could not be fetched.*No matching distribution"):
        fetch([pin], tmp_path, lambda _: None)
