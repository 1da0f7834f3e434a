"""Who may have a model, asked of a hub that runs here and answers as the real one does."""

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import huggingface_hub.constants
import pytest

from harness.suite.library.access import access

GATED = {"/api/models/o/granted": '"manual"', "/api/models/o/denied": '"auto"', "/api/models/o/open": "false"}
REFUSED = {"/api/models/o/denied/auth-check": "GatedRepo"}


class Hub(BaseHTTPRequestHandler):
    """What the hub answers about a model, and about whoever asks for it."""

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        if path in GATED:
            return self._say(200, f'{{"id": "{path[12:]}", "gated": {GATED[path]}}}')
        if path.endswith("/auth-check") and path.removesuffix("/auth-check") in GATED:
            return self._say(403 if path in REFUSED else 200, "{}", REFUSED.get(path))
        return self._say(404, "{}", "RepoNotFound")

    def _say(self, code: int, text: str, error: str | None = None) -> None:
        self.send_response(code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        if error:
            self.send_header("X-Error-Code", error)
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_: object) -> None:
        """Nothing: what is asked is no test's output."""


@pytest.fixture
def hub() -> Iterator[str]:
    """Where it is."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


def test_each_kind_of_answer_is_told_apart(hub: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(huggingface_hub.constants, "ENDPOINT", hub)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
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
