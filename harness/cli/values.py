"""Values as people type them: several at once, times and sizes with their units."""

import math
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import click
from packaging.version import Version

from harness.matrix.endpoints import endpoint

UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0}
"""Units of time, in seconds."""


def finite(_: click.Context, __: click.Parameter, number: float | None) -> float | None:
    """A number; `nan` and `inf`, which Python reads as numbers, are none."""
    if number is not None and not math.isfinite(number):
        raise click.BadParameter(f"{number} is no finite number")
    return number


def _duration(text: str) -> float:
    """`90`, `90s`, `20m` or `1h` in seconds."""
    number, unit = (text[:-1], text[-1]) if text[-1:] in UNITS else (text, "s")
    return float(number) * UNITS[unit]


class Duration(click.ParamType[float]):
    """A time with its unit; seconds where none is written."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Seconds, finite."""
        try:
            seconds = _duration(str(value).strip())
        except ValueError:
            seconds = math.nan
        if not math.isfinite(seconds):
            self.fail(f"{value!r} is no time: write 90s, 20m or 1h", param, ctx)
        return seconds


DURATION = Duration()


def size(_: click.Context, __: click.Parameter, text: str | None) -> int | None:
    """`8g`, `512m` or plain bytes, in powers of 1024 as container engines read them."""
    if text is None:
        return None
    # A third of a second, which every verb would pay that takes a list.
    from docker.errors import DockerException  # noqa: PLC0415 — it takes longer than most commands
    from docker.utils import parse_bytes  # noqa: PLC0415 — as above

    with suppress(DockerException):
        if (count := int(parse_bytes(text))) > 0:
            return count
    raise click.BadParameter(f"{text!r} is no size: write bytes, or a number with k, m or g")


def address(_: click.Context, option: click.Parameter, text: str | None) -> str | None:
    """Where a server answers, as `/completions` is appended to it."""
    return None if text is None else endpoint(option.opts[0], text)


class Several(click.ParamType[tuple[Any, ...]]):
    """Values of one kind, comma between; none where nothing is typed."""

    def __init__(self, name: str, read: Callable[[str], Any]) -> None:
        self.name = name
        self._read = read

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[Any, ...]:
        """The values, each once, in their order."""
        parts = (
            [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value
        )
        try:
            return tuple(dict.fromkeys(self._read(part) for part in parts))
        except ValueError:
            self.fail(f"{value!r} is no list of {self.name}", param, ctx)


def _release(text: str) -> str:
    """A version as its index has it: `4.57.6`, for `v4.57.6` as well."""
    return str(Version(text))


NUMBERS, WORDS = Several("numbers", int), Several("words", str)
RELEASES = Several("versions", _release)
"""Releases of a library, as PEP 440 has them; InvalidVersion is a ValueError."""
