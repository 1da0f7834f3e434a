"""What repositories hold, asked of a hub that runs here."""

import huggingface_hub.constants
import pytest

from harness.suite.hub.holds import holds
from tests.hub import COMMIT, Shelf, blob_id, opened


@pytest.fixture(autouse=True)
def _online(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setenv("HF_TOKEN", "hf_of_nobody")


def wanted(*names: str) -> list[dict[str, str]]:
    return [{"id": name, "type": "dataset", "revision": "main"} for name in names]


def test_files_have_their_sizes_and_what_they_are_checked_by(monkeypatch: pytest.MonkeyPatch) -> None:
    shelves = {
        "datasets/o/open": Shelf(files={"a.jsonl": b"{}\n", "b.parquet": b"PAR1"}),
        "datasets/o/gated": Shelf(files={"a.jsonl": b"{}\n"}, gated=True),
    }
    with opened(shelves) as hub:
        monkeypatch.setattr(huggingface_hub.constants, "ENDPOINT", hub.url)
        found, denied, missing = holds(wanted("o/open", "o/gated", "o/none"))
    assert (found["status"], found["commit"]) == ("open", COMMIT)
    plain, apart = found["files"]
    assert plain == {"path": "a.jsonl", "size": 3, "sha256": None, "git": blob_id(b"{}\n")}
    assert (apart["size"], len(apart["sha256"])) == (4, 64)
    assert denied == {"status": "gated_denied"}
    assert missing == {"status": "missing"}


def test_a_hub_that_does_not_answer_is_asked_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(huggingface_hub.constants, "ENDPOINT", "http://127.0.0.1:9")
    assert holds(wanted("o/open", "o/none")) == [{"status": "unknown_offline"}] * 2
