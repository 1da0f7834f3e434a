"""How much of the library was tried, and with what outcome: matrix and results against the catalogue."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from harness.matrix.names import normalise
from harness.matrix.records import Matrix
from harness.results.record import Check, Outcome, Result
from harness.results.verdict import EXPECTED


class State(StrEnum):
    """How a pair of model type and class stands."""

    PASSED = "passed"
    """Every check that applies passed; some may be unsupported on this machine."""
    KNOWN = "known failure"
    """What failed is in the ledger."""
    UNSUPPORTED = "unsupported"
    """It cannot be built here, with the reason."""
    UNEXPECTED = "unexpected"
    """Something failed that is not in the ledger, or passed that is."""
    NOT_RUN = "not run"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """A model type's class, what the library says it is for, and what came of it."""

    model_type: str
    model_class: str
    architecture: str
    priority: str
    tasks: tuple[str, ...]
    in_matrix: bool
    state: State
    forward: bool
    """Its forward ran."""
    own_path: bool
    """Each modality it reads was given to it and reached its outputs."""
    unsupported_checks: int
    exempt: tuple[tuple[str, str], ...] = ()
    """Checks that the class's design rules out, each with its reason."""
    reason: str
    """Why it did not pass; empty where it did."""

    @property
    def name(self) -> str:
        """As people write it."""
        return f"{self.model_type} {self.model_class}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """Counts of one group of pairs."""

    group: str
    types: int
    types_passing: int
    """Types of which a class ran forward through its own modality, and its inputs reached its outputs."""
    types_sound: int
    """Types of which such a class passed every check that applies."""
    pairs: int
    in_matrix: int
    forward: int
    own_path: int
    passed: int
    known: int
    unsupported: int
    unexpected: int
    not_run: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A pair that stands otherwise than in the run before."""

    pair: str
    before: State
    now: State


GROUPS: dict[str, Callable[[Pair], tuple[str, ...]]] = {
    "architecture": lambda pair: (pair.architecture,),
    "priority": lambda pair: (pair.priority,),
    "task": lambda pair: pair.tasks or ("no pipeline",),
}
"""What pairs are grouped by; a pair with several tasks counts in each."""
ALL = "all"


def pairs(catalogue: Mapping[str, Any], matrix: Matrix, results: Iterable[Result]) -> tuple[Pair, ...]:
    """Every pair the library has, in its order; `results` are of one run on one device."""
    # A type's own row after those of its checkpoints, so that it holds where both are there.
    rows = {row.model_type: row for row in sorted(matrix.models, key=lambda row: own(row.id, row.model_type))}
    ordered = sorted(
        results, key=lambda result: own(result.cell["model"]["id"], result.cell["model"]["model_type"])
    )
    found = {_key(result): result for result in ordered}
    return tuple(
        _pair(
            model_type,
            name,
            entry,
            rows[model_type].priority.value if model_type in rows else "low",
            in_matrix=model_type in rows and name in rows[model_type].classes,
            result=found.get((model_type, name)),
        )
        for model_type, entry in catalogue["types"].items()
        for name in entry["classes"]
    )


def own(model: str, model_type: str) -> bool:
    """Whether a row of that id is its type's own."""
    return normalise(model) == normalise(model_type)


def table(all_pairs: Iterable[Pair], by: str) -> tuple[Row, ...]:
    """The counts of each group, by name, and of all together."""
    groups: dict[str, list[Pair]] = {}
    everything = list(all_pairs)
    for pair in everything:
        for group in GROUPS[by](pair):
            groups.setdefault(group, []).append(pair)
    return (*(_row(name, members) for name, members in sorted(groups.items())), _row(ALL, everything))


def changes(now: Iterable[Pair], before: Iterable[Pair]) -> tuple[Change, ...]:
    """What stands otherwise than before, of the pairs that ran both times."""
    old = {pair.name: pair.state for pair in before}
    return tuple(
        Change(pair=pair.name, before=old[pair.name], now=pair.state)
        for pair in now
        if pair.name in old
        and State.NOT_RUN not in (old[pair.name], pair.state)
        and old[pair.name] != pair.state
    )


def to_json(
    catalogue: Mapping[str, Any], all_pairs: tuple[Pair, ...], changed: tuple[Change, ...]
) -> dict[str, Any]:
    """The whole as one JSON document."""
    return {
        "transformers": catalogue["transformers"],
        "by": {by: [asdict(row) for row in table(all_pairs, by)] for by in GROUPS},
        "pairs": [asdict(pair) for pair in all_pairs],
        "changes": [asdict(change) for change in changed],
    }


def _pair(
    model_type: str,
    name: str,
    entry: Mapping[str, Any],
    priority: str,
    *,
    in_matrix: bool,
    result: Result | None,
) -> Pair:
    checks = {check.name: check for check in result.report.checks} if result else {}
    state = _state(result)
    return Pair(
        model_type=model_type,
        model_class=name,
        architecture=entry["architecture"],
        priority=priority,
        tasks=tuple(entry["classes"][name]["tasks"]),
        in_matrix=in_matrix,
        state=state,
        # What a change of the inputs does to the outputs can only pass where forward ran, on one row at
        # least.
        forward=_passed(checks.get("forward")) or _passed(checks.get("input_sensitivity")),
        own_path=_passed(checks.get("input_sensitivity")),
        exempt=tuple(sorted(entry["classes"][name].get("exempt", {}).items())),
        unsupported_checks=sum(check.outcome is Outcome.UNSUPPORTED for check in checks.values()),
        reason=result.report.message if result and state is not State.PASSED else "",
    )


def _state(result: Result | None) -> State:
    if result is None:
        return State.NOT_RUN
    outcome = result.outcome
    if outcome is Outcome.PASSED:
        return State.PASSED
    if outcome is Outcome.XFAILED:
        return State.KNOWN
    return State.UNSUPPORTED if outcome in EXPECTED else State.UNEXPECTED


def _passed(check: Check | None) -> bool:
    return check is not None and check.outcome is Outcome.PASSED


def _row(group: str, members: list[Pair]) -> Row:
    states = [pair.state for pair in members]
    return Row(
        group=group,
        types=len({pair.model_type for pair in members}),
        types_passing=len({pair.model_type for pair in members if pair.own_path}),
        types_sound=len({p.model_type for p in members if p.own_path and p.state is State.PASSED}),
        pairs=len(members),
        in_matrix=sum(pair.in_matrix for pair in members),
        forward=sum(pair.forward for pair in members),
        own_path=sum(pair.own_path for pair in members),
        passed=states.count(State.PASSED),
        known=states.count(State.KNOWN),
        unsupported=states.count(State.UNSUPPORTED),
        unexpected=states.count(State.UNEXPECTED),
        not_run=states.count(State.NOT_RUN),
    )


def _key(result: Result) -> tuple[str, str]:
    model = result.cell["model"]
    return model["model_type"], model["classes"][0]
