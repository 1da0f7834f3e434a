"""A hub that runs here: it answers about repositories and gives their files, as the real one does."""

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha1, sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from urllib.parse import unquote

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

TOKEN = "hf_granted"
COMMIT = "0123456789abcdef0123456789abcdef01234567"
STORED_APART = (".parquet", ".safetensors")
ABOUT = re.compile(
    r"/api/(?P<type>datasets|models)/(?P<id>[^/]+/[^/]+)(?:/(?P<what>revision|tree)/(?P<rev>.+))?"
)
FILE = re.compile(r"/(?P<type>datasets/)?(?P<id>[^/]+/[^/]+)/resolve/(?P<rev>[^/]+)/(?P<path>.+)")


@dataclass(kw_only=True)
class Shelf:
    """A repository: its files, and whether only who brings the token gets them."""

    files: dict[str, bytes]
    gated: bool = False


@dataclass(kw_only=True)
class Hub:
    """What a hub has, what was asked of it, and how it misbehaves."""

    shelves: dict[str, Shelf] = field(default_factory=dict)
    """`datasets/owner/name` or `models/owner/name` → the repository."""
    url: str = ""
    served: Counter[str] = field(default_factory=Counter)
    """Path of a file → bytes of it that were sent."""
    stall_at: dict[str, int] = field(default_factory=dict)
    """Path of a file → after how many bytes it sends no more until it is told to."""
    spoilt: set[str] = field(default_factory=set)
    """Paths of files that are sent with a byte changed."""
    stalled: Event = field(default_factory=Event)
    """It has sent what it sends before it stalls."""
    go_on: Event = field(default_factory=Event)


def blob_id(content: bytes) -> str:
    """What git calls the content."""
    return sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()


class Desk(BaseHTTPRequestHandler):
    """Where a hub is asked."""

    server: "Server"

    def do_GET(self) -> None:
        path = unquote(self.path.partition("?")[0])
        if path in GATED:
            return self._say(200, f'{{"id": "{path[12:]}", "gated": {GATED[path]}}}')
        if path.endswith("/auth-check"):
            return self._allow(path.removesuffix("/auth-check"), path)
        if found := ABOUT.fullmatch(path):
            return self._about(found)
        if found := FILE.fullmatch(path):
            return self._file(found, sent=True)
        return self._say(404, "{}", "RepoNotFound")

    def do_HEAD(self) -> None:
        found = FILE.fullmatch(unquote(self.path.partition("?")[0]))
        return self._file(found, sent=False) if found else self._say(404, "", "RepoNotFound")

    def _allow(self, about: str, path: str) -> None:
        """Whether whoever asks is given the repository."""
        if about in GATED:
            return self._say(403 if path in REFUSED else 200, "{}", REFUSED.get(path))
        shelf = self.server.hub.shelves.get(about.removeprefix("/api/"))
        if shelf is None:
            return self._say(404, "{}", "RepoNotFound")
        return self._say(200, "{}") if self._given(shelf) else self._say(403, "{}", "GatedRepo")

    def _given(self, shelf: Shelf) -> bool:
        return not shelf.gated or self.headers.get("Authorization") == f"Bearer {TOKEN}"

    def _about(self, found: re.Match[str]) -> None:
        shelf = self.server.hub.shelves.get(f"{found['type']}/{found['id']}")
        if shelf is None:
            return self._say(404, "{}", "RepoNotFound")
        if found["what"] == "tree":
            return self._say(200, json.dumps([_leaf(path, text) for path, text in shelf.files.items()]))
        siblings = [_sibling(path, text) for path, text in shelf.files.items()]
        gated = "auto" if shelf.gated else False
        return self._say(
            200, json.dumps({"id": found["id"], "sha": COMMIT, "gated": gated, "siblings": siblings})
        )

    def _file(self, found: re.Match[str], *, sent: bool) -> None:
        kind = "datasets" if found["type"] else "models"
        shelf, path = self.server.hub.shelves.get(f"{kind}/{found['id']}"), found["path"]
        if shelf is None or path not in shelf.files:
            return self._say(404, "", "EntryNotFound" if shelf else "RepoNotFound")
        if not self._given(shelf):
            return self._say(403, "", "GatedRepo")
        content = shelf.files[path]
        begin = int((self.headers.get("Range") or "bytes=0-")[6:].partition("-")[0])
        self.send_response(206 if begin else 200)
        self.send_header("ETag", f'"{_etag(path, content)}"')
        self.send_header("X-Repo-Commit", COMMIT)
        self.send_header("Accept-Ranges", "bytes")
        self.send_header("Content-Length", str(len(content) - begin))
        if begin:
            self.send_header("Content-Range", f"bytes {begin}-{len(content) - 1}/{len(content)}")
        self.end_headers()
        if sent:
            self._send(path, content, begin)
        return None

    def _send(self, path: str, content: bytes, begin: int) -> None:
        hub = self.server.hub
        if path in hub.spoilt:
            content = content[:-1] + bytes([content[-1] ^ 1])
        stop = hub.stall_at.pop(path, len(content))
        self._write(path, content[begin:stop])
        if stop < len(content):
            hub.stalled.set()
            hub.go_on.wait()
            self.close_connection = True

    def _write(self, path: str, content: bytes) -> None:
        self.wfile.write(content)
        self.wfile.flush()
        self.server.hub.served[path] += len(content)

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


class Server(ThreadingHTTPServer):
    """A desk for everybody who asks at once."""

    def __init__(self, hub: Hub) -> None:
        self.hub = hub
        super().__init__(("127.0.0.1", 0), Desk)


def _etag(path: str, content: bytes) -> str:
    return sha256(content).hexdigest() if path.endswith(STORED_APART) else blob_id(content)


def _sibling(path: str, content: bytes) -> dict[str, object]:
    lfs = {"sha256": sha256(content).hexdigest(), "size": len(content), "pointerSize": 1}
    apart = {"lfs": lfs} if path.endswith(STORED_APART) else {}
    return {"rfilename": path, "size": len(content), "blobId": blob_id(content)} | apart


def _leaf(path: str, content: bytes) -> dict[str, object]:
    lfs = {"oid": sha256(content).hexdigest(), "size": len(content), "pointerSize": 1}
    apart = {"lfs": lfs} if path.endswith(STORED_APART) else {}
    return {"type": "file", "path": path, "size": len(content), "oid": blob_id(content)} | apart


@contextmanager
def opened(shelves: Mapping[str, Shelf]) -> Iterator[Hub]:
    """A hub with these repositories, while it is there."""
    hub = Hub(shelves=dict(shelves))
    server = Server(hub)
    hub.url = f"http://127.0.0.1:{server.server_port}"
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield hub
    finally:
        hub.go_on.set()
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def a_hub() -> Iterator[str]:
    """Where one is that only says who may have what, while it is there."""
    with opened({}) as hub:
        yield hub.url
