from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

import pytest

from harness.images.served import served


def fetch(address: str, method: str = "GET") -> tuple[int, bytes]:
    try:
        with urlopen(Request(address, method=method), timeout=10) as response:
            return response.status, response.read()
    except HTTPError as error:
        with error:
            return error.code, b""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "packages"
    (folder / "simple" / "a").mkdir(parents=True)
    (folder / "a-1.whl").write_bytes(b"wheel")
    (folder / "notes.txt").write_bytes(b"private")
    (folder / "simple" / "a" / "index.html").write_bytes(b"page")
    (tmp_path / "outside.whl").write_bytes(b"outside")
    (folder / "link.whl").symlink_to(tmp_path / "outside.whl")
    return folder


@pytest.fixture
def address(folder: Path) -> Iterator[str]:
    with served([folder]) as (address,):
        yield address


def test_gives_package_files_and_index_pages(address: str) -> None:
    assert fetch(f"{address}/a-1.whl") == (HTTPStatus.OK, b"wheel")
    assert fetch(f"{address}/simple/a/") == (HTTPStatus.OK, b"page")


def test_lists_package_files_only(address: str) -> None:
    _, page = fetch(f"{address}/")
    assert b"a-1.whl" in page
    assert b"notes.txt" not in page


@pytest.mark.parametrize(
    "path",
    ["notes.txt", "../outside.whl", "%2e%2e/outside.whl", "link.whl", "absent.whl", "/etc/ssl/", "%00.whl"],
)
def test_gives_nothing_else(address: str, path: str) -> None:
    assert fetch(f"{address}/{path}") == (HTTPStatus.NOT_FOUND, b"")


def test_needs_the_secret_of_the_address(address: str) -> None:
    origin = "/".join(address.split("/")[:3])
    assert fetch(f"{origin}/0/a-1.whl") == (HTTPStatus.NOT_FOUND, b"")


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_is_read_only(address: str, method: str) -> None:
    assert fetch(f"{address}/a-1.whl", method) == (HTTPStatus.NOT_IMPLEMENTED, b"")


def test_ends_with_its_context(folder: Path) -> None:
    with served([folder]) as (address,):
        pass
    with pytest.raises(URLError):
        urlopen(f"{address}/a-1.whl", timeout=10)
