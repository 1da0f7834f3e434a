"""Addresses of servers that speak OpenAI's protocol, as people type them."""

from urllib.parse import urlsplit

from harness.errors import SelectionError

SCHEMES = ("http", "https")
USUAL = "/v1"
"""Where OpenAI's protocol begins on a server of which no path is typed."""


def endpoint(option: str, typed: str) -> str:
    """What `/completions` is appended to; SelectionError for what is no address, or has a secret in it."""
    try:
        parts = urlsplit(typed)
        known = parts.scheme in SCHEMES and bool(parts.hostname) and parts.port != 0
    except ValueError:  # a port that is no number
        known = False
    if not known or any(not char.isprintable() or char.isspace() for char in typed):
        raise SelectionError(f"{option} {typed!r} is no address: type one as http://localhost:8000/v1")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise SelectionError(
            f"{option} may hold neither a password nor a query, since results name the address: type "
            f"{parts.scheme}://{parts.hostname}/v1 alone, and put the key in the environment"
        )
    return f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/') or USUAL}"
