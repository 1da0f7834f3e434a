"""The ledger of known failures, judged where the versions are known: what is expected to fail here?"""

import json
from importlib.metadata import PackageNotFoundError, version

from packaging.requirements import Requirement

from harness.matrix.cells import Cell
from harness.results.record import Outcome

Row = dict[str, str | None]
"""A row of `known_failures` as the cell carries it."""

KNOWN = {Outcome.FAILED: Outcome.XFAILED, Outcome.PASSED: Outcome.XPASSED}
"""What the outcome of a check in the ledger means."""


def known(cell: Cell, check: str) -> Row | None:
    """The check's row, where it holds for the installed versions."""
    row = cell.known_failures.get(check)
    return row if row is not None and _holds(row.get("versions")) else None


def judged(cell: Cell, check: str, outcome: Outcome, message: str) -> tuple[Outcome, str]:
    """The outcome and message of a check as the ledger has them: a failure may be known, and a pass not."""
    row = known(cell, check)
    if row is None:
        return outcome, message
    found = KNOWN.get(outcome, outcome)
    if found is Outcome.XPASSED:
        return found, f"passes again: {_mend(cell)} known_failures in matrix.json the row {_as_typed(row)}"
    if found is Outcome.XFAILED:
        return found, f"{row['reason']} ({message})"
    return found, message


def _holds(versions: str | None) -> bool:
    """Whether the library named is installed in one of the versions; without any, it holds for all."""
    if versions is None:
        return True
    asked = Requirement(versions)
    try:
        return asked.specifier.contains(version(asked.name), prereleases=True)
    except PackageNotFoundError:
        return False


def _mend(cell: Cell) -> str:
    """What to do with a row that does not hold: it may hold in the image's own release."""
    return "narrow the versions in" if cell.parameters.transformers else "remove from"


def _as_typed(row: Row) -> str:
    return json.dumps({name: value for name, value in row.items() if value is not None}, ensure_ascii=False)
