"""Nothing that untrusted code can write is read as anything but what was agreed."""

import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.runners import hostile


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b"NaN", "holds NaN"),
        (b'{"a": -Infinity}', "holds -Infinity"),
        (b"1e999", "beyond any number"),
        (b"9" * 5000, "is not JSON"),
        (b"[" * 100_000, "is not JSON"),
        (b'"\\ud800"', "is not JSON"),
        (b"\xff", "is not JSON"),
        (b"", "is not JSON"),
        (b"{} {}", "is not JSON"),
    ],
)
def test_what_is_not_json_is_refused(text: bytes, words: str) -> None:
    with pytest.raises(hostile.Refused, match=words):
        hostile.parse(text)


@given(st.binary())
def test_bytes_are_refused_or_can_be_written_again(text: bytes) -> None:
    try:
        data = hostile.parse(text)
    except hostile.Refused:
        return
    json.dumps(data, allow_nan=False, ensure_ascii=False).encode()


def test_only_a_regular_file_of_the_allowed_size_is_read(tmp_path: Path) -> None:
    plain = tmp_path / "plain"
    plain.write_bytes(b"12345")
    assert hostile.read(plain, 5) == b"12345"
    assert hostile.read(plain, 5, offset=3) == b"45"
    with pytest.raises(hostile.Refused, match="holds 5 bytes, more than the 4 allowed"):
        hostile.read(plain, 4)
    (tmp_path / "link").symlink_to(plain)
    with pytest.raises(hostile.Refused, match="symbolic link"):
        hostile.read(tmp_path / "link", 5)
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(hostile.Refused, match="not a regular file"):
        hostile.read(tmp_path / "pipe", 5)
    with pytest.raises(hostile.Refused, match="not a regular file"):
        hostile.read(tmp_path, 5)
    with pytest.raises(FileNotFoundError):
        hostile.read(tmp_path / "none", 5)


def test_usage_counts_blocks_and_empty_files_but_no_link(tmp_path: Path) -> None:
    assert hostile.usage(tmp_path, 10**9) == 0
    with (tmp_path / "sparse").open("wb") as file:
        file.truncate(10**9)
    (tmp_path / "loop").symlink_to(tmp_path)
    small = hostile.usage(tmp_path, 10**9)
    assert 2 * hostile.BLOCK <= small < 10**6
    (tmp_path / "inner").mkdir()
    (tmp_path / "inner" / "full").write_bytes(b"x" * 10**6)
    assert hostile.usage(tmp_path, 10**9) >= small + 10**6
    assert hostile.usage(tmp_path, 10**5) > 10**5


def test_a_line_can_be_shown() -> None:
    assert hostile.line("a\x1b[31mb\nc" + "d" * 100) == "a[31mbc" + "d" * 71
