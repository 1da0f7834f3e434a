"""Files fetched from a hub that runs here: taken up where they stopped, and refused where they are others."""

import errno
from collections.abc import Callable, Iterator
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import Any

import huggingface_hub.constants
import pyarrow.parquet
import pytest
from huggingface_hub.file_download import http_get

from harness.suite.hub.download import download
from tests.hub import COMMIT, Hub, Shelf, blob_id, opened

CONTENT = bytes(range(256)) * 40
PLAIN, APART = "a.jsonl", "b.parquet"


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    """One with a repository of two files, which is the one that is asked."""
    shelves = {"datasets/o/n": Shelf(files={PLAIN: CONTENT, APART: CONTENT})}
    with opened(shelves) as there:
        monkeypatch.setattr(huggingface_hub.constants, "ENDPOINT", there.url)
        monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", False)
        # The address was put into this one when the library was imported.
        template = there.url + "/{repo_id}/resolve/{revision}/{filename}"
        monkeypatch.setattr(huggingface_hub.constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)
        yield there


@pytest.fixture
def order(tmp_path: Path) -> Callable[[str], dict[str, Any]]:
    """A function that asks for a file of that repository."""

    def make(path: str) -> dict[str, Any]:
        return {
            "repo": "o/n",
            "type": "dataset",
            "commit": COMMIT,
            "path": path,
            "size": len(CONTENT),
            "sha256": sha256(CONTENT).hexdigest() if path == APART else None,
            "git": blob_id(CONTENT),
            "to": str(tmp_path / "root" / path),
            "part": str(tmp_path / "parts" / path),
        }

    return make


Order = Callable[[str], dict[str, Any]]


def test_files_are_fetched_whole_and_once(hub: Hub, order: Order, tmp_path: Path) -> None:
    for _ in range(2):
        answer = download({"files": [order(PLAIN)]})
        assert answer == {"status": "fetched", "rows": {order(PLAIN)["to"]: None}}
    assert Path(order(PLAIN)["to"]).read_bytes() == CONTENT
    assert hub.served == {PLAIN: len(CONTENT)}
    assert not list((tmp_path / "parts").iterdir())


def test_rows_are_counted_where_they_can_be(hub: Hub, order: Order) -> None:
    table = BytesIO()
    pyarrow.parquet.write_table(pyarrow.table({"question": ["1 + 1?", "2 + 2?", "3 + 3?"]}), table)
    content = table.getvalue()
    hub.shelves["datasets/o/n"].files["c.parquet"] = content
    stored = {"path": "c.parquet", "size": len(content), "sha256": sha256(content).hexdigest()}
    counted = order("c.parquet") | stored
    answer = download({"files": [counted, order(APART)]})
    assert answer["rows"] == {counted["to"]: 3, order(APART)["to"]: None}


@pytest.mark.parametrize(("here", "sent"), [(0, 10240), (1, 10239), (10000, 240), (10240, 0), (10241, 10240)])
def test_what_is_here_of_a_file_is_not_asked_for_again(hub: Hub, order: Order, here: int, sent: int) -> None:
    part = Path(order(PLAIN)["part"])
    part.parent.mkdir()
    part.write_bytes((CONTENT + b"!")[:here])
    assert download({"files": [order(PLAIN)]})["status"] == "fetched"
    assert hub.served[PLAIN] == sent
    assert Path(order(PLAIN)["to"]).read_bytes() == CONTENT


@pytest.mark.parametrize("path", [PLAIN, APART])
def test_a_beginning_of_something_else_is_thrown_away(hub: Hub, order: Order, path: str) -> None:
    part = Path(order(path)["part"])
    part.parent.mkdir()
    part.write_bytes(b"else")
    answer = download({"files": [order(path)]})
    assert (answer["status"], answer["path"], answer["repo"]) == ("corrupt", path, "o/n")
    assert not Path(order(path)["to"]).exists()
    assert not part.exists()


def test_what_is_here_and_is_another_is_replaced(hub: Hub, order: Order) -> None:
    to = Path(order(PLAIN)["to"])
    to.parent.mkdir()
    to.write_bytes(CONTENT[::-1])
    assert download({"files": [order(PLAIN)]})["status"] == "fetched"
    assert to.read_bytes() == CONTENT


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), "no_space"),
        (OSError(errno.EDQUOT, "Disk quota exceeded"), "no_space"),
        (PermissionError(errno.EACCES, "Permission denied"), "unwritable"),
        (ConnectionError("the hub went away"), "unknown_offline"),
    ],
)
def test_why_a_fetch_ended_early_is_told_and_what_came_before_stays(
    hub: Hub, order: Order, monkeypatch: pytest.MonkeyPatch, error: OSError, status: str
) -> None:
    def fail(url: str, *args: Any, **kwargs: Any) -> None:
        if url.endswith(APART):
            raise error
        http_get(url, *args, **kwargs)

    monkeypatch.setattr("harness.suite.hub.download.http_get", fail)
    answer = download({"files": [order(PLAIN), order(APART)]})
    assert (answer["status"], answer["path"]) == (status, APART)
    assert Path(order(PLAIN)["to"]).exists()
    assert hub.served == {PLAIN: len(CONTENT)}


def test_what_is_not_given_to_whoever_asks_is_told(
    hub: Hub, order: Order, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_of_nobody")
    hub.shelves["datasets/o/n"].gated = True
    assert download({"files": [order(PLAIN)]})["status"] == "gated_denied"
    hub.shelves.clear()
    assert download({"files": [order(PLAIN)]})["status"] == "missing"
