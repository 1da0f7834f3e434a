"""The way to one server: nothing else is reached, its key stays outside, and troubles are told in words."""

import http.client
import json
import os
import socket
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from harness.runners.given import Given
from harness.runners.hardening import CONTAINER_UID
from harness.runners.relay import BROKE_OFF, PROBLEM, RETRIES, SECONDS, SOCKET, relays

AT_ONCE = RETRIES.new(backoff_factor=0)
KEY = "sk-of-nobody"


class Connection(http.client.HTTPConnection):
    """To a socket in a folder."""

    def __init__(self, given: Given) -> None:
        super().__init__("relay")
        self._path = str(Path(given.folder) / SOCKET)

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(self._path)


class Upstream(BaseHTTPRequestHandler):
    """Repeats what it was asked, and the key with it; answers 503 so many times first."""

    server: Any

    def log_message(self, *_: Any) -> None: ...

    def do_GET(self) -> None:
        self.do_POST()

    def do_POST(self) -> None:
        self.server.seen += 1
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        status = self.server.statuses.pop(0) if self.server.statuses else 200
        said = {"path": self.path, "body": body, "key": self.headers.get("Authorization")}
        self.send_response(status)
        if status == 302:
            self.send_header("Location", "http://127.0.0.1:1/elsewhere")
        self.end_headers()
        self.wfile.write(json.dumps(said).encode())


@contextmanager
def upstream(*statuses: int) -> Iterator[Any]:
    server: Any = ThreadingHTTPServer(("127.0.0.1", 0), Upstream)
    server.statuses, server.seen = list(statuses), 0
    server.url = f"http://127.0.0.1:{server.server_address[1]}/v1"
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()


def ask(url: str, path: str = "/completions", body: str = "{}", seconds: str = "5") -> tuple[int, bool, str]:
    """Status, whether the relay itself answered, and what was said."""
    with relays({"server": url}, AT_ONCE) as (given,):
        line = Connection(given)
        line.request("POST" if body else "GET", path, body=body or None, headers={SECONDS: seconds})
        answer = line.getresponse()
        said = answer.read().decode()
        line.close()
        return answer.status, answer.headers.get(PROBLEM) is not None, said


def test_a_request_is_passed_on_with_the_key_and_the_key_does_not_come_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    with upstream() as server:
        status, own, said = ask(server.url, body='{"prompt": "a"}')
    assert (status, own) == (200, False)
    assert json.loads(said) == {"path": "/v1/completions", "body": '{"prompt": "a"}', "key": "Bearer [key]"}


def test_a_key_is_for_one_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JUDGE_API_KEY", KEY)
    with upstream() as server:
        assert json.loads(ask(server.url)[2])["key"] is None


def test_what_a_home_folder_has_for_the_host_is_not_sent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login me password secret\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    with upstream() as server:
        assert json.loads(ask(server.url)[2])["key"] is None


@pytest.mark.parametrize(
    "path", ["/embeddings", "/../admin", "http://127.0.0.1:1/v1/completions", "/completions?a"]
)
def test_nothing_else_is_reached(path: str) -> None:
    with upstream() as server:
        assert ask(server.url, path) == (404, True, "is asked nothing of that kind")
        assert server.seen == 0


def test_headers_that_say_nothing_harm_nothing() -> None:
    with upstream() as server:
        assert ask(server.url, seconds="nan")[0] == 200
        assert ask(server.url, seconds="soon")[0] == 200


def test_models_are_listed() -> None:
    with upstream() as server:
        assert json.loads(ask(server.url, "/models", "")[2])["path"] == "/v1/models"


def test_what_may_be_different_the_next_time_is_tried_again() -> None:
    with upstream(503, 429) as server:
        assert ask(server.url)[0] == 200
        assert server.seen == 3


def test_it_is_not_tried_for_ever() -> None:
    with upstream(*[500] * 99) as server:
        assert ask(server.url)[:2] == (500, False)
        assert server.seen == 1 + int(AT_ONCE.status or 0)


def test_what_was_refused_is_not_tried_again_and_nobody_is_followed() -> None:
    with upstream(400) as server:
        assert ask(server.url)[:2] == (400, False)
        assert server.seen == 1
    with upstream(302) as server:
        assert ask(server.url)[:2] == (302, False)


@contextmanager
def listening(answer: bytes | None) -> Iterator[str]:
    """Takes connections, and sends this or nothing; None keeps them open."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        kept = []

        def serve() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                kept.append(connection)
                if answer is not None:
                    connection.recv(65536)
                    connection.sendall(answer)
                    connection.close()

        Thread(target=serve, daemon=True).start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}/v1"
        server.shutdown(socket.SHUT_RDWR)
        for connection in kept:
            connection.close()


HALF = b'HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{"choices":'


@pytest.mark.parametrize("answer", [b"", HALF, b"no HTTP at all\r\n\r\n"])
def test_an_answer_that_breaks_off(answer: bytes) -> None:
    with listening(answer) as url:
        assert ask(url) == (502, True, BROKE_OFF)


def test_an_answer_that_does_not_come(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("harness.runners.relay.SLACK_S", 0.2)
    with listening(None) as url:
        assert ask(url, seconds="0.2") == (502, True, "did not answer in time")


def test_a_server_that_is_not_there_or_has_no_name() -> None:
    with listening(b"") as url:
        pass
    assert ask(url) == (502, True, "refuses connections")
    assert ask("http://no-such-host.invalid/v1") == (502, True, "has a name that nobody knows")


def test_too_much_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("harness.runners.relay.MOST_BYTES", 10)
    with upstream() as server:
        assert ask(server.url, body="{}") == (502, True, "answered with more than 64 MiB")
        assert ask(server.url, body="0123456789a")[:2] == (413, True)


def test_only_the_user_of_the_work_gets_in_and_nothing_is_left() -> None:
    with relays({"server": "http://127.0.0.1:1/v1", "judge": "http://127.0.0.1:2/v1"}) as given:
        assert [(row.name, row.reaches) for row in given] == [
            ("server", "http://127.0.0.1:1/v1"),
            ("judge", "http://127.0.0.1:2/v1"),
        ]
        for row in given:
            found = Path(row.folder).stat()
            assert stat.S_IMODE(found.st_mode) == 0o700
            assert found.st_uid == (CONTAINER_UID if os.getuid() == 0 else os.getuid())
    assert not any(Path(row.folder).exists() for row in given)
