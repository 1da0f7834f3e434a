"""Requests to a server of OpenAI's protocol, through the socket that leads to it (`harness.runners.relay`).

What goes wrong is one sentence and an outcome; nothing that a server says is shown as it came.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import aiohttp

from harness.results.record import Outcome
from harness.suite.outcomes import Elsewhere, Unsupported

SOCKET = "socket"
SECONDS, PROBLEM = "Relay-Seconds", "Relay-Problem"
"""As the relay has them."""
MOST_SAID = 200
"""Characters of what a server says of a problem."""
AGAIN = "what is answered is kept, and --resume asks the rest"
ADVICE = {
    401: "put its key in {key}",
    403: "put a key that may do this in {key}",
    404: "look at its address, and at --served; one that has no /completions is asked with --chat",
    429: "ask fewer at a time with --batch",
}
"""Status of HTTP → what to do about it; others have the server's own words alone."""


class Broken(Exception):
    """An answer is none of the protocol's; the text ends the sentence `the server at … answers …`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """A server, and what leads to it."""

    what: str
    """`server` or `judge`: what it is called in sentences."""
    url: str
    folder: Path
    """Where its socket is."""
    key: str
    """The variable of the harness's own process that has the key."""
    seconds: float
    """That an answer may take."""

    def open(self) -> "Line":
        """A line to it, for as long as it is entered."""
        return Line(self)

    def wrong(self, words: str, outcome: Outcome = Outcome.ERROR) -> Elsewhere:
        """What to raise where the server cannot be used."""
        return Elsewhere(outcome, f"the {self.what} at {self.url} {printable(words)}")


def endpoint(what: str, url: str, folder: Path | None, seconds: float, key: str) -> Endpoint:
    """`Unsupported` where no way to it was given."""
    if folder is None:
        raise Unsupported(
            f"no way to the {what} was given: HARNESS_{what.upper()} names the folder of a socket"
        )
    return Endpoint(what=what, url=url, folder=folder, seconds=seconds, key=key)


class Line:
    """An open line to a server; several requests may be under way at once."""

    def __init__(self, to: Endpoint) -> None:
        self._to = to

    async def __aenter__(self) -> Self:
        connector = aiohttp.UnixConnector(path=str(self._to.folder / SOCKET), limit=0)
        timeout = aiohttp.ClientTimeout(total=self._to.seconds)
        self._session = aiohttp.ClientSession("http://relay", connector=connector, timeout=timeout)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._session.close()

    async def get(self, path: str) -> Mapping[str, Any]:
        """What the server answers; `Elsewhere`, with a sentence, where that is nothing of use."""
        return await self._request("GET", path, None)

    async def post(self, path: str, payload: Mapping[str, Any]) -> Mapping[str, Any]:
        """What the server answers; `Elsewhere`, with a sentence, where that is nothing of use."""
        return await self._request("POST", path, json.dumps(payload).encode())

    async def _request(self, method: str, path: str, body: bytes | None) -> Mapping[str, Any]:
        to = self._to
        try:
            headers = {SECONDS: str(to.seconds), "Content-Type": "application/json"}
            async with self._session.request(method, path, data=body, headers=headers) as answer:
                content = await answer.read()
        except TimeoutError as late:
            raise to.wrong(
                f"took more than {to.seconds:g} s for an answer: allow more with --sample-timeout, or ask "
                f"fewer at a time with --batch; {AGAIN}",
                Outcome.TIMEOUT,
            ) from late
        except (aiohttp.ClientError, OSError) as gone:
            raise to.wrong(f"is out of reach, since its relay has ended; {AGAIN}") from gone
        if PROBLEM in answer.headers:
            raise to.wrong(f"{shown(content)}; {AGAIN}")
        if answer.status != 200:
            raise to.wrong(self._refusal(answer.status, content))
        try:
            return parsed(content)
        except Broken as broken:
            raise to.wrong(f"answers {broken}; {AGAIN}") from broken

    def _refusal(self, status: int, content: bytes) -> str:
        """The end of a sentence about an answer that says no."""
        said, advice = _reason(content), ADVICE.get(status, "")
        told = f"answers with status {status}" + (f" ({said})" if said else "")
        return f"{told}: {advice.format(key=self._to.key)}" if advice else told


def parsed(content: bytes) -> Mapping[str, Any]:
    """An answer's JSON, with control characters in its texts or not; `Broken` where it is no object."""
    try:
        found = json.loads(content, strict=False)
    except (ValueError, RecursionError) as error:
        raise Broken(f"what is no JSON ({shown(content)[:60]!r})") from error
    if not isinstance(found, dict):
        raise Broken("JSON that is no object")
    return found


def printable(text: str) -> str:
    """What can be shown of it, in one line."""
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())


def shown(content: bytes) -> str:
    """The beginning of what a server says, as it can be shown."""
    return printable(content[: MOST_SAID * 4].decode("utf-8", "replace"))[:MOST_SAID]


def _reason(content: bytes) -> str:
    """What the server says of its refusal, wherever it has that."""
    try:
        found: Any = parsed(content)
    except Broken:
        return shown(content)
    said = found.get("error", found.get("message", found.get("detail", "")))
    said = said.get("message", "") if isinstance(said, dict) else said
    return shown(str(said).encode("utf-8", "replace"))
