"""Addresses as people type them."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import SelectionError
from harness.matrix.endpoints import endpoint


@pytest.mark.parametrize(
    ("typed", "address"),
    [
        ("http://localhost:8000", "http://localhost:8000/v1"),
        ("http://localhost:8000/", "http://localhost:8000/v1"),
        ("https://api.example.org/v1/", "https://api.example.org/v1"),
        ("http://[::1]:8000/openai/v1", "http://[::1]:8000/openai/v1"),
    ],
)
def test_an_address_is_what_paths_are_appended_to(typed: str, address: str) -> None:
    assert endpoint("--server", typed) == address
    assert endpoint("--server", address) == address


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "localhost:8000",
        "ftp://a/v1",
        "http://",
        "http://a:b/v1",
        "http://a b/v1",
        "http://a/v1\n",
        "http://a:0",
    ],
)
def test_what_is_no_address_is_one_sentence(typed: str) -> None:
    with pytest.raises(
        SelectionError, match=r"--server .* is no address: type one as http://localhost:8000/v1"
    ):
        endpoint("--server", typed)


@pytest.mark.parametrize(
    "typed", ["http://me:secret@a/v1", "http://token@a/v1", "https://a/v1?key=secret", "http://a/#secret"]
)
def test_a_secret_is_refused_and_not_repeated(typed: str) -> None:
    with pytest.raises(SelectionError, match="may hold neither a password nor a query") as raised:
        endpoint("--judge", typed)
    assert "secret" not in str(raised.value)


@given(st.text())
def test_any_text_is_an_address_or_an_error_of_the_users(typed: str) -> None:
    with suppress(SelectionError):
        assert endpoint("--server", typed).startswith(("http://", "https://"))
