"""The one way from work without a network to a server: requests go in at a socket in a folder.

The container that is given the folder stays without a network, and reaches this one address and nothing else.
The key is added here: it is never inside, where it could be seen in a file, an environment or an image.
"""

import math
import os
import socketserver
import ssl
import tempfile
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.exceptions import NameResolutionError, NewConnectionError, ReadTimeoutError
from urllib3.util import Retry

from harness.runners.given import Given
from harness.runners.hardening import CONTAINER_UID
from harness.runners.protocol import MIB

SOCKET = "socket"
"""In the folder that is given."""
KEYS = {"server": "OPENAI_API_KEY", "judge": "JUDGE_API_KEY"}
"""What is reached → the variable of this process that has its key: a key is for one server alone."""
PATHS = frozenset({("GET", "/models"), ("POST", "/completions"), ("POST", "/chat/completions")})
SECONDS = "Relay-Seconds"
"""Header of a request: how long it may take."""
PROBLEM = "Relay-Problem"
"""Header of an answer that is the relay's own: its body says what became of the request."""
MOST_BYTES = 64 * MIB
"""Of a request and of an answer: of 8,000 tokens, log-likelihoods in JSON take one."""
CONNECT_S, SLACK_S = 10.0, 5.0
"""For a connection; and beyond a request's own time, so that who waits for it is the first to give up."""
RETRIES = Retry(
    total=5, connect=3, read=0, redirect=0, other=0, status=5,
    status_forcelist=(408, 429, 500, 502, 503, 504), allowed_methods=None,
    backoff_factor=0.5, backoff_max=8, raise_on_status=False, respect_retry_after_header=False,
)  # fmt: skip
"""Of what may be different the next time: after 0, 1, 2, 4 and 8 s. An answer that broke off is not asked for
again: it may have taken the server minutes."""
WORDS: tuple[tuple[type[BaseException], str], ...] = (
    (ssl.SSLError, "shows a certificate that is not trusted"),
    (NameResolutionError, "has a name that nobody knows"),
    (ConnectionRefusedError, "refuses connections"),
    (ReadTimeoutError, "did not answer in time"),
    (requests.ConnectTimeout, "cannot be reached in time"),
    (NewConnectionError, "cannot be reached"),
    (OverflowError, "answered with more than 64 MiB"),
)
"""What requests raises, or has for its cause → what became of the request."""
BROKE_OFF = "closed the connection before its answer was whole"


@contextmanager
def relays(addresses: Mapping[str, str], retries: Retry = RETRIES) -> Iterator[tuple[Given, ...]]:
    """A folder with a socket for each address, by its name among `KEYS`; while it is open, they answer."""
    with tempfile.TemporaryDirectory(prefix="harness-relay-") as name:
        # A path of its own, since that of a socket has at most 107 bytes.
        given = [Given(name=key, folder=f"{name}/{key}", reaches=url) for key, url in addresses.items()]
        servers = [_Server(row, os.environ.get(KEYS[row.name], "").strip(), retries) for row in given]
        for server in servers:
            threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield tuple(given)
        finally:
            for server in servers:
                server.shutdown()
                server.server_close()


class _Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    """Answers at a socket that only the user of the work can reach."""

    daemon_threads = True
    block_on_close = False  # one that still waits for the server ends with this process
    request_queue_size = 128

    def __init__(self, given: Given, key: str, retries: Retry) -> None:
        self.url, self.key, self.retries = given.reaches, key, retries
        folder = Path(given.folder)
        folder.mkdir(mode=0o700)
        super().__init__(str(folder / SOCKET), _Handler)
        if os.getuid() == 0:  # a container's user is then another one
            for path in (folder, folder / SOCKET):
                os.chown(path, CONTAINER_UID, CONTAINER_UID)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """The other end has gone: it says itself what it came to."""


class _Handler(BaseHTTPRequestHandler):
    """Passes requests on over connections of its own, which last as long as its client's."""

    server: _Server
    protocol_version = "HTTP/1.1"

    def setup(self) -> None:
        """Retry what may be retried."""
        super().setup()
        self._session = requests.Session()
        for scheme in ("http://", "https://"):
            self._session.mount(scheme, HTTPAdapter(max_retries=self.server.retries))

    def finish(self) -> None:
        """Close what was open."""
        self._session.close()
        super().finish()

    def do_GET(self) -> None:
        """Pass it on."""
        self._pass_on(b"")

    def do_POST(self) -> None:
        """Pass it on."""
        length = _number(self.headers.get("Content-Length"), 0)
        if not 0 <= length <= MOST_BYTES:
            self.close_connection = True
            self._answer(413, b"was asked more than 64 MiB", problem=True)
            return
        self._pass_on(self.rfile.read(int(length)))

    def log_message(self, *_: Any) -> None:
        """Questions are nobody's business."""

    def _pass_on(self, body: bytes) -> None:
        if (self.command, self.path) not in PATHS:
            self._answer(404, b"is asked nothing of that kind", problem=True)
            return
        seconds = _number(self.headers.get(SECONDS), 60)
        try:
            found = self._session.request(
                self.command,
                f"{self.server.url}{self.path}",
                data=body or None,
                headers={"Content-Type": "application/json"},
                auth=self._signed,
                timeout=(min(seconds, CONNECT_S), seconds + SLACK_S),
                allow_redirects=False,
                stream=True,
            )
            content = _read(found)
        except (requests.RequestException, OverflowError) as problem:
            self._answer(502, _words(problem).encode(), problem=True)
        else:
            self._answer(found.status_code, self._without_key(content))

    def _signed(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """With the key where there is one; in no case with what ~/.netrc has."""
        if self.server.key:
            request.headers["Authorization"] = f"Bearer {self.server.key}"
        return request

    def _without_key(self, content: bytes) -> bytes:
        """A server may repeat a key that it does not know."""
        return content.replace(self.server.key.encode(), b"[key]") if self.server.key else content

    def _answer(self, status: int, content: bytes, *, problem: bool = False) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        if problem:
            self.send_header(PROBLEM, "1")
        self.end_headers()
        self.wfile.write(content)


def _number(text: str | None, usual: float) -> float:
    """What a header says, where that is a number that says something."""
    try:
        number = float(text or usual)
    except ValueError:
        return usual
    return number if math.isfinite(number) else usual


def _read(found: requests.Response) -> bytes:
    """The whole answer; OverflowError where it is too long."""
    content = bytearray()
    for part in found.iter_content(MIB):
        content += part
        if len(content) > MOST_BYTES:
            raise OverflowError(f"more than {MOST_BYTES} bytes")
    return bytes(content)


def _words(problem: BaseException) -> str:
    """What became of a request."""
    causes = tuple(_causes(problem))
    return next((words for kind, words in WORDS if any(isinstance(one, kind) for one in causes)), BROKE_OFF)


def _causes(problem: BaseException) -> Iterable[BaseException]:
    """It and what it was raised for, wherever requests and urllib3 keep that."""
    seen: list[BaseException] = [problem]
    for one in seen:
        known = (one.__cause__, one.__context__, getattr(one, "reason", None), *one.args)
        seen += [cause for cause in known if isinstance(cause, BaseException) and cause not in seen]
    return seen
