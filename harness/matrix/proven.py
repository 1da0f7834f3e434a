"""Which texts of `matrix.json` have passed the schema: validating takes longer than reading.

What is remembered, in the user's own cache, is the hash of the text together with the schemas and the code
that judged it. A change of any of them is judged anew, and `harness matrix check` always judges.
"""

import hashlib
import os
from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from pathlib import Path

from harness.files import replace

KEPT = 64
"""Hashes that are remembered, the newest first."""

SCHEMAS = Path(__file__).parents[2] / "schemas"


def is_proven(text: bytes) -> bool:
    """The text has passed the schema before."""
    return _hash(text) in _remembered()


def remember(text: bytes) -> None:
    """The text has passed the schema. Where nothing can be written, it will be judged again."""
    kept = [_hash(text), *_remembered()][:KEPT]
    with suppress(OSError):
        path = _path()
        path.parent.mkdir(parents=True, exist_ok=True)
        replace(path, ("\n".join(dict.fromkeys(kept)) + "\n").encode("ascii"))


def _remembered() -> list[str]:
    with suppress(OSError, UnicodeDecodeError):
        return _path().read_text("ascii").split()
    return []


def _path() -> Path:
    """`$XDG_CACHE_HOME`, or `~/.cache`; OSError where there is no home."""
    given = os.environ.get("XDG_CACHE_HOME", "")
    home = os.path.expanduser("~")  # noqa: PTH111 — Path.home raises RuntimeError, of which callers know nothing
    return Path(given if given.startswith("/") else f"{home}/.cache") / "model-harness" / "proven"


def _hash(text: bytes) -> str:
    found = _judge().copy()
    found.update(text)
    return found.hexdigest()


@cache
def _judge() -> "hashlib._Hash":
    """The hash of what judges a matrix."""
    found = hashlib.sha256()
    for path in _judges():
        found.update(path.read_bytes())
    return found


def _judges() -> Iterator[Path]:
    yield from (SCHEMAS / "matrix.schema.json", SCHEMAS / "common.schema.json")
    yield from (Path(__file__), Path(__file__).with_name("schema.py"), Path(__file__).with_name("load.py"))
