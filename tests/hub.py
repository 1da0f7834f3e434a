"""A hub that runs here and answers about models, and about whoever asks for them, as the real one does."""

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

GATED = {
    "/api/models/o/granted": '"manual"',
    "/api/models/o/denied": '"auto"',
    "/api/models/o/open": "false",
    "/api/models/meta-llama/Llama-3.1-8B-Instruct": '"manual"',
    "/api/models/Qwen/Qwen3-8B": "false",
}
"""What it has, and how it is given."""
REFUSED = {
    f"/api/models/{name}/auth-check": "GatedRepo" for name in ("o/denied", "meta-llama/Llama-3.1-8B-Instruct")
}
"""What it gives to nobody, and how it says so."""


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


@contextmanager
def a_hub() -> Iterator[str]:
    """Where it is, while it is there."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
