"""What a model has answered: a line a request, written as the answer comes, so that none is asked for twice.

A request is known by what lm_eval asks (its kind and arguments) and by its turn: where each question is asked
several times, each time has an answer of its own.
"""

import functools
import json
import os
import weakref
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from lm_eval.api.model import hash_args

Value = str | float | list[float]
"""The text of a generation; a log-likelihood, or that and whether it is the likeliest (0 or 1)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One answer, and what it took."""

    value: Value
    tokens: int | None = None
    """That were generated; None where nothing was, or nothing tells."""
    seconds: float | None = None
    """Its share of the time of the batch that it was computed in."""
    stopped: str = ""
    """Why a generation ended: `end`, `stop` (a word that ends it), `length`, `time`, `thought` (before it had
    thought to an end); empty of none."""
    thinking: int | None = None
    """Of the tokens, those of thinking; None where the model did not think aloud."""
    text: str | None = None
    """What was generated in full, where `value` is cut from it; None where it is the same."""

    @property
    def cut(self) -> bool:
        """Whether the generation was ended by its length, for its time, or in the midst of thinking."""
        return self.stopped in CUT


CUT = frozenset({"length", "time", "thought"})
"""Ends of a generation that are none of the model's answer."""
NAMES = tuple(row.name for row in fields(Answer))
SILENT: tuple[object, ...] = (None, "")


class Answers:
    """The answers of a cell: those of earlier attempts, and new ones, each appended at once."""

    def __init__(self, path: Path, earlier: Path | None = None) -> None:
        """`path` is the file for new answers; `earlier` that of earlier attempts, which need not be there."""
        self._path = path
        self._known = dict(_rows(earlier))
        self.earlier = len(self._known)
        """Answers of earlier attempts."""
        self._requests: dict[tuple[object, ...], str] = {}
        """What lm_eval asks → how the request is known: of one, it is looked for four times."""

    def of(self, kind: str, arguments: Iterable[Any], turn: int) -> Answer | None:
        """The answer to the request in that turn; None where there is none yet."""
        return self._known.get((self._request(kind, arguments), turn))

    def keep(self, kind: str, arguments: Iterable[Any], turn: int, answer: Answer) -> None:
        """Write it down, and know it from now on."""
        request = self._request(kind, arguments)
        self._known[request, turn] = answer
        told = {name: value for name in NAMES if (value := getattr(answer, name)) not in SILENT}
        row = {"request": request, "turn": turn, "value": answer.value} | told
        os.write(self._file, json.dumps(row).encode() + b"\n")  # one write: a kill tears the last line only

    @functools.cached_property
    def _file(self) -> int:
        """The descriptor of the file for new answers, which is there once there is one."""
        self._path.parent.mkdir(exist_ok=True)
        descriptor = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        weakref.finalize(self, os.close, descriptor)
        return descriptor

    def _request(self, kind: str, arguments: Iterable[Any]) -> str:
        """The hash by which lm_eval knows it; a text that is seen again is found without reading it."""
        given = tuple(arguments)
        try:
            key = (kind, *(part if isinstance(part, str) else (json.dumps(part),) for part in given))
        except TypeError:  # an image
            return hash_args(kind, given)
        if key not in self._requests:
            self._requests[key] = hash_args(kind, given)
        return self._requests[key]


def _rows(path: Path | None) -> Iterator[tuple[tuple[str, int], Answer]]:
    """The answers in the file; a line that is none of ours is as if nothing had been asked."""
    if path is None or not path.is_file():
        return
    for line in path.read_bytes().splitlines():
        try:
            row = json.loads(line)
            answer = Answer(**{name: row[name] for name in NAMES if name in row})
            yield (str(row["request"]), int(row["turn"])), answer
        except (ValueError, TypeError, KeyError):
            continue
