"""What a model has answered: a line a request, written as the answer comes, so that none is asked for twice.

A request is known by what lm_eval asks (its kind and arguments) and by how often that was asked before: with
repeats the same question is put several times, and each time has an answer of its own.
"""

import json
import os
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from lm_eval.api.model import hash_args

Value = str | float | list[float]
"""The text of a generation, a log-likelihood, or a log-likelihood and whether it is the likeliest (0 or 1)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One answer, and what it took."""

    value: Value
    tokens: int | None = None
    """That were generated; None where nothing was, or nothing tells."""
    seconds: float | None = None
    """Its share of the time of the batch that it was computed in."""
    stopped: str = ""
    """Why a generation ended: `end`, `stop` (a word that ends it), `length` or `time`; empty of no generation."""
    text: str | None = None
    """What was generated in full, where `value` is cut from it; None where it is the same."""


class Answers:
    """The answers of a cell: those of earlier attempts, and new ones, each appended at once."""

    def __init__(self, path: Path, earlier: Path | None = None) -> None:
        """`path` is the file for new answers; `earlier` that of earlier attempts, of which there may be none."""
        self._path = path
        self._known: dict[str, list[Answer]] = {}
        self.earlier = 0
        """Answers of earlier attempts."""
        for row in _rows(earlier):
            self._known.setdefault(row.pop("request"), []).append(Answer(**row))
            self.earlier += 1

    def of(self, kind: str, arguments: Iterable[Any]) -> Sequence[Answer]:
        """Every answer to the request, in the order they were given."""
        return self._known.get(hash_args(kind, arguments), [])

    def keep(self, kind: str, arguments: Iterable[Any], answer: Answer) -> None:
        """Write it down, and know it from now on."""
        request = hash_args(kind, arguments)
        self._known.setdefault(request, []).append(answer)
        told = {name: value for name, value in asdict(answer).items() if value not in (None, "")}
        line = json.dumps({"request": request, "value": answer.value} | told).encode() + b"\n"
        self._path.parent.mkdir(exist_ok=True)
        descriptor = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        try:
            os.write(descriptor, line)  # one write a line: a kill can tear the last and nothing before it
        finally:
            os.close(descriptor)


class Turns:
    """Which answer to a request is the next: the first time it is asked its first, and so on."""

    def __init__(self, answers: Answers) -> None:
        self._answers = answers
        self._asked: Counter[str] = Counter()

    def next(self, kind: str, arguments: Sequence[Any]) -> Answer | None:
        """The answer that is known for this time; None where there is none yet."""
        request = hash_args(kind, arguments)
        place = self._asked[request]
        self._asked[request] += 1
        known = self._answers.of(kind, arguments)
        return known[place] if place < len(known) else None


def _rows(path: Path | None) -> Iterable[dict[str, Any]]:
    """The lines of the file; what is no line of ours is as if it had not been asked."""
    if path is None or not path.is_file():
        return
    for line in path.read_bytes().splitlines():
        try:
            row = json.loads(line)
        except ValueError:
            continue
        if isinstance(row, Mapping) and isinstance(row.get("request"), str) and "value" in row:
            yield {name: row[name] for name in (*Answer.__dataclass_fields__, "request") if name in row}
