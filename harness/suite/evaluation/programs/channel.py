"""Messages over a socket pair: JSON after its length, no longer than so much, none waited for too long."""

import contextlib
import json
import math
import os
import select
import time
from typing import Any

MESSAGE_BYTES = 8 << 20
"""More than any answer that a test compares, and little enough to read from somebody whom one distrusts."""
LENGTH_BYTES = 4
CHUNK = 1 << 16


class Severed(Exception):
    """Nothing more comes or goes; the text says why."""


class Channel:
    """One end. `deadline` is of `time.monotonic`; None waits for ever."""

    def __init__(self, descriptor: int) -> None:
        os.set_blocking(descriptor, False)
        self._descriptor = descriptor
        self._poll = select.poll()

    def send(self, message: object, deadline: float | None = None) -> None:
        """Raises Severed: the other side is gone or does not read, or the message is too long."""
        text = json.dumps(message, separators=(",", ":")).encode()
        if len(text) > MESSAGE_BYTES:
            raise Severed(f"a message of {len(text):,} bytes, more than {MESSAGE_BYTES:,}")
        rest = memoryview(len(text).to_bytes(LENGTH_BYTES, "big") + text)
        try:
            while rest:
                self._wait(select.POLLOUT, deadline)
                with contextlib.suppress(BlockingIOError):
                    rest = rest[os.write(self._descriptor, rest) :]
        except OSError:
            raise Severed("ended") from None

    def receive(self, deadline: float | None = None) -> Any:
        """Raises Severed: the other side is gone or silent, or what it sent is no message."""
        length = int.from_bytes(self._read(LENGTH_BYTES, deadline), "big")
        if length > MESSAGE_BYTES:
            raise Severed(f"answered with more than {MESSAGE_BYTES:,} bytes, or with nonsense")
        try:
            return json.loads(self._read(length, deadline))
        except (ValueError, RecursionError):
            raise Severed("answered with nonsense") from None

    def _read(self, length: int, deadline: float | None) -> bytes:
        data = bytearray()
        while len(data) < length:
            self._wait(select.POLLIN, deadline)
            try:
                chunk = os.read(self._descriptor, min(CHUNK, length - len(data)))
            except BlockingIOError:
                continue
            except OSError:
                chunk = b""
            if not chunk:
                raise Severed("ended")
            data += chunk
        return bytes(data)

    def _wait(self, event: int, deadline: float | None) -> None:
        self._poll.register(self._descriptor, event)
        left = None if deadline is None else max(0, math.ceil((deadline - time.monotonic()) * 1000))
        if not self._poll.poll(left):
            raise Severed("timed out")
