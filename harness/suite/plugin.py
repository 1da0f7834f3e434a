"""The pytest plugin of the suite: cells become tests, and what the tests find is told as it happens.

Nothing is made of the cells when pytest collects: `serving` asks for a cell's tests when its turn comes, in
the process that runs them. A cell's checks come before its phases, so that correctness can gate speed.
"""

import math
from collections.abc import Callable, Generator
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import transformers

from harness.matrix.cells import Cell, asked
from harness.matrix.records import Suite
from harness.results.record import Check, Outcome
from harness.suite.door import PHASE, Journal, Order
from harness.suite.forks import Say
from harness.suite.functional.checks import Facts, applicable
from harness.suite.functional.subject import Finding, Subject
from harness.suite.functional.subjects import subject_of
from harness.suite.inside import INSIDE, Inside, params_of
from harness.suite.latest import Latest
from harness.suite.ledger import judged, known
from harness.suite.models.build import model_class, tiny_config_of
from harness.suite.outcomes import Unsupported, message_of, of_exception
from harness.suite.remote import brought
from harness.suite.serving import Loop
from harness.suite.throughput.phases import applicable as applicable_phases
from harness.suite.throughput.workload import Workload

ORDER = pytest.StashKey[Order]()
MODULES = pytest.StashKey[list[pytest.Module]]()
"""The suite's own test modules, which a cell's tests are made from."""
CELL = pytest.StashKey[Cell]()
"""The cell whose tests are being made."""
FINDING = pytest.StashKey[tuple[Finding, float]]()
"""What a check measured, and its tolerance."""
SUBJECTS = pytest.StashKey[Latest[Subject]]()
WORKLOADS = pytest.StashKey[Latest[Workload]]()


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
    order = Order.read(cells)
    here = transformers.__version__
    if stray := set(asked(order.cells)) - {here}:
        raise pytest.UsageError(f"cells of transformers {', '.join(sorted(stray))} came to {here}")
    config.stash[ORDER] = order
    config.stash[SUBJECTS] = Latest(lambda cell: subject_of(brought(cell), out))
    config.stash[WORKLOADS] = Latest(
        lambda cell: Workload.of(brought(cell), order.memory_bytes), lambda work: work.loaded.close()
    )


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """One test a check, phase, count or ceiling of the cell whose turn it is; none while pytest collects."""
    cell, kind = metafunc.config.stash.get(CELL, None), _kind(metafunc.fixturenames)
    inside = metafunc.config.stash.get(INSIDE, None)
    again = inside.again if inside and kind == "phase" else ""
    named = [] if cell is None else NAMES[kind](cell)
    rows = [] if cell is None else [_row(cell, name, again) for name in named]
    metafunc.parametrize(("cell", kind), rows)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Keep the modules; of a cell's tests, checks come before phases."""
    if MODULES not in config.stash:
        parents = {item.nodeid.partition("::")[0]: item.getparent(pytest.Module) for item in items}
        config.stash[MODULES] = [module for module in parents.values() if module is not None]
    # Where a test function got no rows at all, pytest leaves one item without a cell.
    items[:] = [item for item in items if isinstance(params_of(item)["cell"], Cell)]
    items.sort(key=lambda item: "phase" in params_of(item))


def pytest_runtestloop(session: pytest.Session) -> bool:
    """Run every cell of the order, unless the suite's own modules cannot be imported here."""
    config = session.config
    if session.testsfailed and not config.option.continue_on_collection_errors:
        raise session.Interrupted(f"{session.testsfailed} of the suite's modules could not be collected")
    if not config.option.collectonly:
        journal = Journal(config.getoption("--out"))
        Loop(session, config.stash[ORDER], journal, partial(expand, session)).run()
    return True


def expand(session: pytest.Session, cell: Cell) -> list[pytest.Item]:
    """The tests of a cell, as pytest would have collected them, with `-k` and the like heeded."""
    session.config.stash[CELL] = cell
    made = [item for module in session.config.stash[MODULES] for item in module.collect()]
    items = [item for item in made if isinstance(item, pytest.Item)]
    session.config.hook.pytest_collection_modifyitems(session=session, config=session.config, items=items)
    return items


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item, nextitem: pytest.Item | None) -> Generator[None, Any, Any]:
    """Say what begins; after the last test of a process leave no files of its model."""
    params = params_of(item)
    kind = _kind(params)
    item.config.stash[INSIDE].begin(kind, params[kind])
    ended = yield
    if nextitem is None:
        item.config.stash[WORKLOADS].let_go()
    return ended


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Generator[None, Any, Any]:
    """Say how a check or phase ended, with what it measured."""
    report = yield
    ended = call.when == "call" or (call.when == "setup" and call.excinfo)
    # A phase leaves metrics; it is a check of its own only where it did not end well.
    if ended and ("phase" not in params_of(item) or call.excinfo):
        item.config.stash[INSIDE].say({"ended": asdict(_ended(item, call))})
    return report


@pytest.fixture
def inside(request: pytest.FixtureRequest) -> Inside:
    """The cell in flight, of which a phase tells what it measured."""
    return request.config.stash[INSIDE]


@pytest.fixture
def say(request: pytest.FixtureRequest) -> Say:
    """Tells what was found of the cell in flight, from a child as from this process."""
    return request.config.stash[INSIDE].say


@pytest.fixture
def subjects(request: pytest.FixtureRequest) -> Latest[Subject]:
    """The subject of the cell in flight."""
    return request.config.stash[SUBJECTS]


@pytest.fixture
def workloads(request: pytest.FixtureRequest) -> Latest[Workload]:
    """The workload of the cell in flight."""
    return request.config.stash[WORKLOADS]


def _ended(item: pytest.Item, call: pytest.CallInfo[None]) -> Check:
    params = params_of(item)
    kind = _kind(params)
    name = f"{PHASE}{params[kind]}" if kind == "phase" else params[kind]
    finding, limit = item.stash.get(FINDING, (None, None))
    outcome, message = Outcome.PASSED, finding.detail if finding else ""
    if call.excinfo is not None:
        outcome, message = of_exception(call.excinfo.value), message_of(call.excinfo.value)
    outcome, message = judged(params["cell"], name, outcome, message)
    return Check(
        name=name,
        outcome=outcome,
        seconds=call.duration,
        message=message,
        measured=finding.deviation if finding and math.isfinite(finding.deviation) else None,
        limit=limit,
    )


def _checks(cell: Cell) -> list[str]:
    """The checks that apply; where not even that can be told, `construct`, which then says why."""
    if not cell.checks:
        return []
    facts = _facts(cell)
    return ["construct"] if facts is None else [check.name for check in applicable(facts, cell.checks)]


def _phases(cell: Cell) -> list[str]:
    facts = _facts(cell) if cell.suite is Suite.THROUGHPUT else None
    return [] if facts is None else [phase.name for phase in applicable_phases(facts, cell.phases)]


def _facts(cell: Cell) -> Facts | None:
    """What decides which tests apply; None where the library does not even know the model."""
    try:
        model = brought(cell).model
        return Facts(model_class(model), tiny_config_of(model))
    except (Exception, Unsupported):  # noqa: BLE001 — construct raises it again, and reports it
        return None  # `Unsupported` is pytest's skip, which is no Exception and would skip every cell here


def _row(cell: Cell, name: str, again: str) -> Any:
    row = known(cell, name)
    marks = [pytest.mark.xfail(reason=row["reason"] or "", strict=True)] if row else []
    return pytest.param(cell, name, id=f"{cell.id}-{name}{again}", marks=marks)


NAMES: dict[str, Callable[[Cell], list[str]]] = {
    "check": _checks,
    "phase": _phases,
    "count": lambda cell: ["sheet"] if cell.suite is Suite.FIT else [],
    "ceiling": lambda cell: ["sweep"] if cell.suite is Suite.ROOFLINE else [],
    "dataset": lambda cell: [cell.questions.dataset] if cell.questions else [],
}
"""Kind of test, which is the name of its argument → what a cell has of it."""


def _kind(names: Any) -> str:
    return next(kind for kind in NAMES if kind in names)
