"""Who may have a model, asked of a hub that runs here and answers as the real one does."""

import huggingface_hub.constants
import pytest

from harness.suite.hub.access import access
from tests.hub import a_hub


def test_each_kind_of_answer_is_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    with a_hub() as hub:
        monkeypatch.setattr(huggingface_hub.constants, "ENDPOINT", hub)
        found = access(["o/open", "o/granted", "o/denied", "o/none"])
    assert found == {
        "reachable": True,
        "token": True,
        "status": {
            "o/open": "open",
            "o/granted": "gated_granted",
            "o/denied": "gated_denied",
            "o/none": "missing",
        },
    }


def test_a_hub_that_does_not_answer_is_asked_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(huggingface_hub.constants, "ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", False)
    found = access(["o/open", "o/granted"])
    assert not found["reachable"]
    assert found["status"] == {"o/open": "unknown_offline", "o/granted": "unknown_offline"}
