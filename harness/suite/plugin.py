"""The pytest plugin of the suite: cells become tests, and finished cells become reports.

Tests are ordered cell by cell, a cell's checks before its phases, so that a cell is finished and
written down before the next begins and so that correctness can gate speed.
"""

import math
from collections.abc import Generator, Sequence
from pathlib import Path
from typing import Any

import pytest
import transformers

from harness.matrix.records import Cell, Suite
from harness.results.record import Check, Outcome
from harness.suite.door import PHASE, Attempt, Journal, Order
from harness.suite.functional.checks import Facts, applicable
from harness.suite.functional.subject import Finding, Subject
from harness.suite.latest import Latest
from harness.suite.models.build import model_class, tiny_config_of
from harness.suite.outcomes import Unsupported, message_of, of_exception
from harness.suite.throughput.phases import applicable as applicable_phases
from harness.suite.throughput.workload import Workload

ORDER = pytest.StashKey[Order]()
JOURNAL = pytest.StashKey[Journal]()
FINDING = pytest.StashKey[tuple[Finding, float]]()
"""What a check measured, and its tolerance."""
KNOWN = {Outcome.FAILED: Outcome.XFAILED, Outcome.PASSED: Outcome.XPASSED}
"""What the outcome of a check in the ledger of known failures means."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """The two sides of the door."""
    group = parser.getgroup("harness")
    group.addoption("--cells", type=Path, help="cells.json: what to run")
    group.addoption("--out", type=Path, help="folder that results.jsonl and progress.jsonl are written to")


def pytest_configure(config: pytest.Config) -> None:
    """Open the door."""
    cells, out = config.getoption("--cells"), config.getoption("--out")
    if cells is None or out is None:
        raise pytest.UsageError("the suite needs --cells CELLS.json and --out FOLDER")
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    config.stash[ORDER] = Order.read(cells)
    config.stash[JOURNAL] = Journal(out)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """One test a cell and check, one a throughput cell and phase."""
    config, kind = metafunc.config, "check" if "check" in metafunc.fixturenames else "phase"
    rows: list[Any] = []
    for cell in config.stash[ORDER].cells:
        config.stash[JOURNAL].event("collect", cell.id)
        if kind == "check":
            rows += [_row(cell, check, _marks(cell, check)) for check in _checks(cell)]
        else:
            rows += [_row(cell, phase) for phase in _phases(cell)]
    metafunc.parametrize(("cell", kind), rows)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Cell by cell; within one, checks before phases, as collected. A cell without tests ends here."""
    position = {cell.id: index for index, cell in enumerate(config.stash[ORDER].cells)}
    # Where a test function got no rows at all, pytest leaves one item without a cell.
    items[:] = [item for item in items if isinstance(_params(item)["cell"], Cell)]
    items.sort(key=lambda item: (position[_cell(item).id], "phase" in _params(item)))
    tested, journal = {_cell(item).id for item in items}, config.stash[JOURNAL]
    for cell in config.stash[ORDER].cells:
        if cell.id not in tested:
            journal.start(cell)
            journal.finish()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item, nextitem: pytest.Item | None) -> Generator[None, Any, Any]:
    """Start a cell's report before its first test and write it after its last."""
    journal, cell = item.config.stash[JOURNAL], _cell(item)
    if journal.attempt is None:
        journal.start(cell)
    params = _params(item)
    kind = "check" if "check" in params else "phase"
    journal.event(kind, cell.id, params[kind])
    result = yield
    if nextitem is None or _cell(nextitem) is not cell:
        journal.finish()
    return result


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Generator[None, Any, Any]:
    """Note how a check or phase ended, with what it measured."""
    report = yield
    if call.when == "call" or (call.when == "setup" and call.excinfo):
        attempt = item.config.stash[JOURNAL].attempt
        params = _params(item)
        # A phase leaves metrics; it is a check of its own only where it did not end well.
        if attempt is not None and ("check" in params or call.excinfo):
            attempt.checks.append(_ended(item, call, params))
    return report


@pytest.fixture
def attempt(request: pytest.FixtureRequest) -> Attempt:
    """The cell in flight, to which a phase adds its metrics."""
    found = request.config.stash[JOURNAL].attempt
    if found is None:
        raise RuntimeError("a test ran outside the protocol that starts its cell")
    return found


@pytest.fixture(scope="session")
def subjects() -> Latest[Subject]:
    """The subject of the cell in flight."""
    return Latest(Subject.of)


@pytest.fixture(scope="session")
def workloads(request: pytest.FixtureRequest) -> Latest[Workload]:
    """The workload of the cell in flight."""
    memory = request.config.stash[ORDER].memory_bytes
    return Latest(lambda cell: Workload.of(cell, memory))


def _ended(item: pytest.Item, call: pytest.CallInfo[None], params: dict[str, Any]) -> Check:
    name = params.get("check") or f"{PHASE}{params['phase']}"
    finding, limit = item.stash.get(FINDING, (None, None))
    outcome, message = Outcome.PASSED, ""
    if call.excinfo is not None:
        outcome, message = of_exception(call.excinfo.value), message_of(call.excinfo.value)
    if name in _cell(item).known_failures:
        outcome = KNOWN.get(outcome, outcome)
    return Check(
        name=name,
        outcome=outcome,
        seconds=call.duration,
        message=message or (finding.detail if finding else ""),
        measured=finding.deviation if finding and math.isfinite(finding.deviation) else None,
        limit=limit,
    )


def _checks(cell: Cell) -> list[str]:
    """The checks that apply; where not even that can be told, `construct`, which then says why."""
    facts = _facts(cell)
    return ["construct"] if facts is None else [check.name for check in applicable(facts, cell.checks)]


def _phases(cell: Cell) -> list[str]:
    facts = _facts(cell) if cell.suite is Suite.THROUGHPUT else None
    return [] if facts is None else [phase.name for phase in applicable_phases(facts, cell.phases)]


def _facts(cell: Cell) -> Facts | None:
    """What decides which tests apply; None where the library does not even know the model."""
    try:
        return Facts(model_class(cell.model), tiny_config_of(cell.model))
    except (Exception, Unsupported):  # noqa: BLE001 — construct raises it again, and reports it
        return None  # `Unsupported` is pytest's skip, which is no Exception and would skip every cell here


def _row(cell: Cell, name: str, marks: Sequence[pytest.MarkDecorator] = ()) -> Any:
    return pytest.param(cell, name, id=f"{cell.id}-{name}", marks=marks)


def _marks(cell: Cell, name: str) -> list[pytest.MarkDecorator]:
    reason = cell.known_failures.get(name)
    return [pytest.mark.xfail(reason=reason, strict=False)] if reason else []


def _params(item: pytest.Item) -> dict[str, Any]:
    found: dict[str, Any] = item.callspec.params  # type: ignore[attr-defined]  # every test here has parameters
    return found


def _cell(item: pytest.Item) -> Cell:
    cell: Cell = _params(item)["cell"]
    return cell
