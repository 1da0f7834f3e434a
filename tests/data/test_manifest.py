"""What a data root says of its files: read back as it was written, and refused where it cannot be one."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.data.manifest import MANIFEST, File, Manifest, read, write
from harness.errors import DataError

SHA = "0" * 64
PARTS = st.text("abc.-_", min_size=1, max_size=6).filter(lambda part: part not in (".", ".."))
FILES = st.builds(
    File,
    sha256=st.text("0123456789abcdef", min_size=64, max_size=64),
    rows=st.none() | st.integers(0, 10**9),
    dataset=st.none() | PARTS,
    config=st.none() | PARTS,
    split=st.none() | PARTS,
    commit=st.none() | st.text("0123456789abcdef", min_size=40, max_size=40),
)


@given(files=st.dictionaries(st.lists(PARTS, min_size=1, max_size=4).map("/".join), FILES, max_size=4))
def test_a_manifest_is_read_back_as_it_was_written(
    tmp_path_factory: pytest.TempPathFactory, files: dict[str, File]
) -> None:
    folder = tmp_path_factory.mktemp("root")
    write(folder, Manifest(name="own", files=files))
    assert read(folder) == Manifest(name="own", files=files)


def test_a_folder_without_a_manifest_has_none(tmp_path: Path) -> None:
    assert read(tmp_path) is None


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("{", "cannot be read"),
        ("[" * 100_000, "cannot be read"),
        ("[]", "is no manifest of data"),
        (json.dumps({"version": 2, "name": "own", "files": {}}), "version"),
        (json.dumps({"version": 1, "name": "own", "files": {"a": {"sha256": "x"}}}), "sha256"),
        *(
            (json.dumps({"version": 1, "name": "own", "files": {path: {"sha256": SHA}}}), "is no manifest")
            for path in ("../a", "/etc/passwd", "a/../../b", "a\\b", "..", "a/./b")
        ),
    ],
)
def test_what_is_no_manifest_is_refused_in_a_sentence(tmp_path: Path, text: str, sentence: str) -> None:
    (tmp_path / MANIFEST).write_text(text)
    with pytest.raises(DataError, match=sentence):
        read(tmp_path)


def test_a_manifest_that_cannot_be_written_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="cannot be written"):
        write(tmp_path / "nowhere", Manifest(name="own"))
