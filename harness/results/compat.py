"""Models under several releases of the library: what broke, in which release, and what came or left.

Releases are compared in the order of their versions, each with the one before it that says something: a check
that was skipped, because the model could not even be built, says nothing.
"""

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from enum import StrEnum
from itertools import pairwise
from typing import Any

from packaging.version import Version

from harness.results.record import Outcome, Report, Result

CELL = "cell"
"""Stands for a check where a cell ended badly and none of its checks did."""


class State(StrEnum):
    """What a release makes of a check."""

    GOOD = "good"
    BAD = "bad"
    ABSENT = "absent"
    """It does not apply, or the release has not what it needs."""


class Kind(StrEnum):
    """What happened from one release to the next."""

    BROKE = "broke"
    MENDED = "mended"
    CAME = "came"
    LEFT = "left"


GOOD = (Outcome.PASSED, Outcome.XPASSED)
BAD = (Outcome.FAILED, Outcome.XFAILED, Outcome.OOM, Outcome.TIMEOUT, Outcome.CRASHED, Outcome.ERROR)
STATES = {
    **dict.fromkeys(GOOD, State.GOOD),
    **dict.fromkeys(BAD, State.BAD),
    Outcome.UNSUPPORTED: State.ABSENT,
}
"""Outcome of a check → its state: one that is known to fail fails, and a skip has none."""

KINDS = {
    (State.GOOD, State.BAD): Kind.BROKE,
    (State.ABSENT, State.BAD): Kind.BROKE,
    (State.BAD, State.GOOD): Kind.MENDED,
    (State.ABSENT, State.GOOD): Kind.CAME,
    (State.GOOD, State.ABSENT): Kind.LEFT,
    (State.BAD, State.ABSENT): Kind.LEFT,
}
"""State before and state now → what happened."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """A check under one release."""

    state: State
    message: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A model class under one release."""

    release: str
    outcome: Outcome
    message: str
    checks: dict[str, Said]
    """Those that say something."""

    @property
    def there(self) -> bool:
        """Whether the release has the model at all."""
        return any(said.state is not State.ABSENT for said in self.checks.values())

    @property
    def bad(self) -> tuple[str, ...]:
        """The checks that ended badly, in their order."""
        return tuple(name for name, said in self.checks.items() if said.state is State.BAD)

    @property
    def good(self) -> int:
        """How many checks are as they should be."""
        return sum(said.state is State.GOOD for said in self.checks.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What happened to a model, or to one check of it, from one release to the next that was tried."""

    kind: Kind
    release: str
    before: str
    """The release that was compared with."""
    check: str = ""
    """Empty: the model as a whole."""
    message: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A model class under every release that was tried, the oldest first."""

    model: str
    model_class: str
    entries: tuple[Entry, ...]
    changes: tuple[Change, ...]

    @property
    def first(self) -> str | None:
        """The first release that has it; None where none does."""
        return next((entry.release for entry in self.entries if entry.there), None)

    @property
    def broke(self) -> Change | None:
        """The first thing that broke; None where nothing did, whatever was broken from the beginning."""
        return next((change for change in self.changes if change.kind is Kind.BROKE), None)

    def to_json(self) -> dict[str, Any]:
        """The row with what its properties say."""
        broke = self.broke
        return asdict(self) | {"first": self.first, "broke": asdict(broke) if broke else None}


def rows(results: Iterable[Result]) -> tuple[Row, ...]:
    """A row a model class, in the order of the results; what names no release has no part in it."""
    found: dict[tuple[str, str], dict[str, Entry]] = {}
    for result in results:
        release = result.cell["parameters"]["transformers"] or result.report.facts.get("transformers")
        if release is not None:
            model = result.cell["model"]
            of_model = found.setdefault((model["id"], model["classes"][0]), {})
            of_model[release] = _entry(str(release), result.report)
    return tuple(_row(model, name, entries.values()) for (model, name), entries in found.items())


def releases(all_rows: Iterable[Row]) -> tuple[str, ...]:
    """Every release that was tried, the oldest first."""
    return tuple(sorted({entry.release for row in all_rows for entry in row.entries}, key=Version))


def _row(model: str, model_class: str, entries: Iterable[Entry]) -> Row:
    ordered = tuple(sorted(entries, key=lambda entry: Version(entry.release)))
    return Row(model=model, model_class=model_class, entries=ordered, changes=tuple(_changes(ordered)))


def _entry(release: str, report: Report) -> Entry:
    checks = {
        check.name: Said(state=STATES[check.outcome], message=check.message)
        for check in report.checks
        if check.outcome in STATES
    }
    if STATES.get(report.outcome) is State.BAD and State.BAD not in {said.state for said in checks.values()}:
        checks[CELL] = Said(state=State.BAD, message=report.message)
    return Entry(release=release, outcome=report.outcome, message=report.message, checks=checks)


def _changes(entries: tuple[Entry, ...]) -> Iterator[Change]:
    """Every change from each release to the next; where the model itself comes or goes, that alone."""
    known: dict[str, tuple[str, State]] = {}
    telling = (entry for entry in entries if entry.checks or entry.outcome is Outcome.UNSUPPORTED)
    for before, now in pairwise(telling):
        known |= {name: (before.release, said.state) for name, said in before.checks.items()}
        if before.there != now.there:
            kind = Kind.CAME if now.there else Kind.LEFT
            yield Change(kind=kind, release=now.release, before=before.release, message=now.message)
            known.clear()
            continue
        for name, said in _said(before, now).items():
            # Where something was bad before, what is not listed there may not have been reached.
            release, state = known.get(name, (before.release, said.state if before.bad else State.ABSENT))
            if kind_of := KINDS.get((state, said.state)):
                yield Change(
                    kind=kind_of, release=now.release, before=release, check=name, message=said.message
                )


def _said(before: Entry, now: Entry) -> dict[str, Said]:
    """What a release says of its own checks and, where nothing is bad, of those that it lacks."""
    if now.bad or not now.there:
        return dict(now.checks)
    gone = {name: Said(state=State.ABSENT) for name in before.checks if name not in now.checks}
    return now.checks | gone | ({CELL: Said(state=State.GOOD)} if CELL in gone else {})
