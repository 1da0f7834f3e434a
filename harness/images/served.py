"""A host's package folders over loopback HTTP, for as long as an image builds.

A build cannot see the host's files, and wheels are too many to copy into its context. Only package
files and index pages are given out, read-only, below an address that cannot be guessed.
"""

import html
import io
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from http import HTTPStatus
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import quote, unquote, urlsplit

PACKAGE_SUFFIXES = (".whl", ".tar.gz", ".zip", ".metadata")
GIVEN_SUFFIXES = (*PACKAGE_SUFFIXES, ".html")
REFUSED = ""
"""A path that no file has: the handler answers 404."""


@contextmanager
def served(folders: Sequence[Path]) -> Iterator[list[str]]:
    """Serve the folders on a free loopback port; yields the address of each, in order."""
    secret = secrets.token_urlsafe(16)
    roots = {f"{secret}/{number}": folder.resolve() for number, folder in enumerate(folders)}
    with _PackageServer(("127.0.0.1", 0), partial(_PackageHandler, roots=roots)) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield [f"http://127.0.0.1:{server.server_port}/{prefix}" for prefix in roots]
        finally:
            server.shutdown()
            thread.join()


class _PackageServer(ThreadingHTTPServer):
    """Leaves it to the client to say that a connection broke."""

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Stay silent: pip says what it could not get."""


class _PackageHandler(SimpleHTTPRequestHandler):
    """Answers GET and HEAD for package files and index pages below its roots."""

    def __init__(self, *arguments: Any, roots: dict[str, Path]) -> None:
        self.roots = roots
        super().__init__(*arguments)

    def translate_path(self, path: str) -> str:
        """The file that an address stands for, or `REFUSED`."""
        secret, _, rest = unquote(urlsplit(path).path).lstrip("/").partition("/")
        number, _, inside = rest.partition("/")
        root = self.roots.get(f"{secret}/{number}")
        if root is None or "\0" in inside:
            return REFUSED
        file = (root / inside.lstrip("/")).resolve()
        given = file.is_dir() or file.name.endswith(GIVEN_SUFFIXES)
        return str(file) if given and file.is_relative_to(root) else REFUSED

    def list_directory(self, path: Any) -> io.BytesIO:
        """A page of links to the package files of a folder that has no index.html."""
        names = sorted(file.name for file in Path(path).iterdir() if file.name.endswith(PACKAGE_SUFFIXES))
        links = "".join(f'<a href="{quote(name)}">{html.escape(name)}</a>\n' for name in names)
        page = f"<!DOCTYPE html><html><body>\n{links}</body></html>\n".encode()
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(page)))
        self.end_headers()
        return io.BytesIO(page)

    def log_message(self, format: str, *arguments: Any) -> None:  # noqa: A002 - the base class's name for it
        """Stay silent: pip says which files it took."""
