"""Whether results are as expected, and what to do about each thing that is not."""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from harness.matrix.cells import Cell
from harness.matrix.questions import FOLDER, HUB, TRANSFORMERS
from harness.matrix.records import Suite
from harness.results.figures import line
from harness.results.record import Check, Outcome, Result

EXPECTED = frozenset({Outcome.PASSED, Outcome.XFAILED, Outcome.SKIPPED, Outcome.UNSUPPORTED})
"""Outcomes that call for nothing. A skip has a reason, or it does not pass the schema."""

SESSIONS = {
    Suite.FUNCTIONAL: "test-{device} -- --model {model} --class {model_class}",
    Suite.THROUGHPUT: "bench -- --device {device} --model {model} --dtype {dtype}",
    Suite.FIT: "fit -- {model} --device {device} --again",
    Suite.EVALUATION: "eval -- --device {device} --model {model} --dataset {dataset} --dtype {dtype}",
    Suite.ROOFLINE: "roofline -- --device {device} --dtype {dtype}",
}
"""The nox session that runs a suite, and the options that name the device."""

CHECK_ADVICE = {
    Outcome.FAILED: "{check} failed ({message}): see it alone with `{alone}`",
    Outcome.XPASSED: "{check} is known to fail and passed: {mend} known_failures in matrix.json",
    Outcome.OOM: "{check} ran out of memory: allow more with --memory, or leave the model out",
    Outcome.TIMEOUT: "{check} took too long: allow more seconds with --timeout",
    Outcome.CRASHED: "{check} ended the process ({message}): see it alone with `{alone}`",
    Outcome.ERROR: "{check} could not be judged ({message}): see it alone with `{alone}`",
}
"""Outcome of a check → what to do."""

ASKED_ADVICE = CHECK_ADVICE | {
    Outcome.TIMEOUT: "{check} took too long ({message})",
    Outcome.ERROR: "{check} was not asked to its end ({message})",
}
"""The same of an evaluation, whose messages say themselves what to do."""
LONG = 300
"""Characters of a message that is shown: as long as one that says what to do."""

MEND = ("remove {row} from", "narrow the versions of {row} in")
"""What to do with a row that no longer holds: in the image's own release, in another one."""

CELL_ADVICE = {
    Outcome.FAILED: "failed ({message}): see it alone with `{alone}`",
    Outcome.XPASSED: "is known to fail and passed: remove its row from known_failures in matrix.json",
    Outcome.OOM: "ran out of memory ({message}): give a smaller --batch, or allow more with --memory",
    Outcome.TIMEOUT: "took more than {timeout:g} s: allow more seconds with --timeout",
    Outcome.CRASHED: "crashed ({message}): read the end of its log in the run's folder logs/",
    Outcome.ERROR: "could not be run ({message}): read its log in the run's folder logs/",
}
"""Outcome of a cell that no check explains → what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Whether a cell's result is as expected, and what to do if not, one sentence a thing."""

    cell: str
    outcome: Outcome
    expected: bool
    advice: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """The verdict as `--json` prints it."""
        return asdict(self)


def judge(result: Result) -> Verdict:
    """The verdict on one result."""
    sentences = advice(result)
    return Verdict(cell=result.report.cell, outcome=result.outcome, expected=not sentences, advice=sentences)


def advice(result: Result) -> tuple[str, ...]:
    """What to do about each thing that is not as expected, one sentence each; empty if all is."""
    cell = Cell.from_json(result.cell)
    checks = [check for check in result.report.checks if check.outcome not in EXPECTED]
    rows = ASKED_ADVICE if cell.suite is Suite.EVALUATION else CHECK_ADVICE
    sentences = [
        rows[check.outcome].format(
            check=check.name, message=_found(check), alone=_alone(result, check.name), mend=_mend(cell, check)
        )
        for check in checks
    ]
    # A cell ends as its worst check did: only what no check explains is said of the cell.
    if result.outcome not in EXPECTED and result.outcome not in {check.outcome for check in checks}:
        message = line(result.report.message) or "no message"
        sentences.append(
            CELL_ADVICE[result.outcome].format(message=message, alone=_alone(result), timeout=cell.timeout_s)
        )
    return tuple(f"{result.report.cell}: {sentence}" for sentence in sentences)


def missing(results: Iterable[Result], planned: Iterable[str]) -> tuple[str, ...]:
    """Ids of the planned cells that have no result."""
    done = {result.report.cell for result in results}
    return tuple(cell for cell in planned if cell not in done)


def exit_code(results: Iterable[Result], planned: Iterable[str] = ()) -> int:
    """0: every result is as expected and no planned cell lacks one; 1: something is not."""
    results = tuple(results)
    return int(bool(missing(results, planned)) or any(not judge(result).expected for result in results))


def _alone(result: Result, check: str = "") -> str:
    """The command that runs the cell again, or only one check of it; a phase has no option of its own."""
    cell, variant = Cell.from_json(result.cell), result.provenance.variant
    suite, option = (Suite.FUNCTIONAL, f" --check {check}") if check in cell.checks else (cell.suite, "")
    session = SESSIONS[suite].format(
        device=cell.device,
        model=cell.questions.entry if cell.questions else cell.model.id,
        dataset=cell.questions.dataset if cell.questions else "",
        model_class=cell.model.model_class,
        dtype=cell.parameters.dtype,
    )
    further = {"variant": variant, "transformers": cell.parameters.transformers} | _asked(cell)
    typed = "".join(f" --{name} {value}" for name, value in further.items() if value)
    return f"nox -s {session}{option}{typed}"


def _asked(cell: Cell) -> dict[str, str | None]:
    """Options of an evaluation that are not as they are without; a folder of weights is named by its word."""
    if cell.questions is None:
        return {}
    typed = {"data": cell.questions.data, "weights": cell.questions.weights, "engine": cell.questions.engine}
    usual = {"data": HUB, "weights": HUB, "engine": TRANSFORMERS}
    told = {name: value.replace(FOLDER, "PATH") for name, value in typed.items() if value != usual[name]}
    return told | {"server": cell.questions.server}


def _found(check: Check) -> str:
    if check.measured is not None and check.limit is not None and check.measured > check.limit:
        return f"it deviates by {check.measured:.3g} where {check.limit:.3g} is allowed"
    return line(check.message, LONG) or "no message"


def _mend(cell: Cell, check: Check) -> str:
    """What to do with the row of known_failures, which is quoted as matrix.json has it."""
    row = cell.known_failures.get(check.name, {"model": cell.model.id, "check": check.name})
    shown = json.dumps({key: value for key, value in row.items() if value is not None}, ensure_ascii=False)
    return MEND[cell.parameters.transformers is not None].format(row=shown)
