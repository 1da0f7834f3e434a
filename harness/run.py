"""A run, from what was typed to its manifest: plan → device → runner → batches → results.

The steps are functions of `Plan` and `Way`; `conduct` is their order. What the steps do lives in the
rooms.
"""

import secrets
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from threading import RLock
from typing import Protocol

from harness.images.compat import prepare
from harness.interruption import resumable, terminable
from harness.matrix.cells import Batch, Cell, asked
from harness.matrix.evaluation import require_any
from harness.matrix.load import load
from harness.matrix.plan import batches
from harness.matrix.records import Matrix, Suite
from harness.request import Plan, Request, contained, places_of, planned_of, processes
from harness.results.record import Outcome, Result
from harness.results.store import Manifest, RunStore, find, require_writable
from harness.results.verdict import exit_code
from harness.runners import answers, devices, references
from harness.runners import batches as batches_found
from harness.runners.abreast import GoOn, abreast, divided, guarded
from harness.runners.choose import Way, choose, engine
from harness.runners.engine import if_up
from harness.runners.execute import Execution, execute
from harness.runners.given import Given
from harness.runners.protocol import Event
from harness.runners.reaper import reap
from harness.runners.relay import relays
from harness.runners.remote import require_code
from harness.runners.slots import Slot

BROKEN_OFF = frozenset({Outcome.FAILED, Outcome.ERROR, Outcome.TIMEOUT, Outcome.OOM, Outcome.CRASHED})
"""How an evaluation ends before each question has its answer."""
Reads = Callable[[Sequence[Cell]], tuple[Given, ...]]
"""What an attempt at those cells may read."""


class Display(Protocol):
    """Where a run is seen while it goes on."""

    def tell(self, sentence: str) -> None:
        """Say something once."""

    def begin(self, cells: tuple[Cell, ...]) -> None:
        """These cells are about to run."""

    def event(self, event: Event) -> None:
        """Something began or ended inside."""

    def result(self, result: Result) -> None:
        """A cell has its result."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """What a run left."""

    store: RunStore
    cells: tuple[Cell, ...]
    exit_code: int


def conduct(
    root: Path, results: Path, request: Request, display: Display, *, matrix: Matrix | None = None
) -> Done:
    """Carry the request out. HarnessError for what the user can mend, before anything is built.

    `matrix` is that of the checkout unless given: a row may be tried before it is written.
    """
    matrix = matrix or load(root)
    planned = planned_of(matrix, results, request)
    require_any(planned.cells, planned.left_out)
    for entry, reason in planned.left_out.items():
        display.tell(f"{entry} is left out: {reason}")
    require_code(planned.cells, request.code, named=bool(request.selection.models))
    taken = devices.require(planned.device, planned.which, each=processes(planned.cells))
    places_of(planned, taken, request)  # what cannot be spread is told before anything is built
    with terminable():
        releases = asked(planned.cells)
        wish = replace(request.wish, contained=contained(request, releases))
        client = engine(planned.device, wish, display.tell)
        devices.require_way(planned.device, taken, wish, client, results)
        require_writable(results)
        prepared = prepare(releases, matrix, planned.device, root, display.tell)
        # Also for a run on the host: an orphan in a container would disturb what is measured there.
        for sentence in reap(results, client or if_up()):
            display.tell(sentence)
        way = choose(root, planned.device, wish, client, display.tell, accelerators=taken)
        way = replace(way, releases=prepared)
        store = _store(results, planned, request)
        with resumable(store, display.tell):
            places = places_of(planned, taken, request)  # of the memory that building has left
            with relays(_addresses(planned.cells)) as reached:
                reads = _reads(root, request, store, reached)
                found = partial(batches_found.remember, root)
                return _carry_out(
                    store, planned, way, request, display, places=places, reads=reads, found=found
                )


def _store(results: Path, planned: Plan, request: Request) -> RunStore:
    if request.resume is not None:
        store = find(results, request.resume)
        store.go_on()
        return store
    return RunStore.create(results, _run_id(planned), planned.cells)


def _run_id(planned: Plan) -> str:
    """Sorts by time, says what it was, and does not collide with a run started in the same second."""
    first = planned.cells[0]
    moment = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    return f"{moment}-{first.suite}-{first.device}-{secrets.token_hex(2)}"


def _carry_out(
    store: RunStore,
    planned: Plan,
    way: Way,
    request: Request,
    display: Display,
    *,
    places: tuple[Slot, ...],
    reads: Reads,
    found: Callable[[Result], None],
) -> Done:
    """Run what has no result yet, keep each result as it comes, and write the manifest last."""
    started = datetime.now(UTC).isoformat()
    have = {result.report.cell for result in store.read().results if not _goes_on(result)}
    left = tuple(cell for cell in planned.cells if cell.id not in have)
    alone = way.runner.one_cell_each(planned.cells[0].suite)
    whole = batches(left, planned.device, one_cell_each=alone)
    parts = [part for batch in whole for part in divided(batch, len(places))]
    guard = RLock()  # slots are threads, and there is one file and one display
    execution = Execution(
        run=store.run,
        folder=store.folder,
        limits=places[0].limits,
        provenance=way.provenance,
        keep=guarded(guard, lambda result: _keep(store, display, found, result)),
        progress=guarded(guard, display.event),
        tell=guarded(guard, display.tell),
        code=request.code,
        given=reads,
        neighbours=max(0, min(len(places), len(parts)) - 1),
        releases=way.releases,
    )

    def work(batch: Batch, slot: Slot, go_on: GoOn) -> None:
        provenance = replace(way.provenance, accelerators=devices.hardware(slot.accelerators))
        own = replace(execution, limits=slot.limits, provenance=provenance, go_on=go_on)
        execute(batch, way.runner.given(slot.accelerators), own)

    display.begin(left)
    abreast(parts, places, work)
    contents = store.read()
    code = exit_code(contents.results, [cell.id for cell in planned.cells])
    store.finish(
        Manifest(
            run=store.run,
            command=request.command,
            started=started,
            finished=datetime.now(UTC).isoformat(),
            cells=len(planned.cells),
            results=len(contents.results),
            outcomes=dict(Counter(result.outcome.value for result in contents.results)),
            exit_code=code,
        )
    )
    return Done(store=store, cells=planned.cells, exit_code=code)


def _goes_on(result: Result) -> bool:
    """Whether a run that is resumed asks the cell again: what was answered is kept, the rest may be now."""
    return result.cell["suite"] == Suite.EVALUATION and result.outcome in BROKEN_OFF


def _addresses(cells: Sequence[Cell]) -> dict[str, str]:
    """What evaluation cells reach by the network, by its name; one server and one judge a run."""
    asked = [cell.questions for cell in cells if cell.questions and not cell.questions.skip]
    return {name: url for row in asked for name, url in row.reached.items()}


def _reads(root: Path, request: Request, store: RunStore, reached: Sequence[Given]) -> Reads:
    """What attempts may read: an evaluation its data, weights and earlier answers, the others references."""
    if request.evaluation is None:
        kept = (references.folder_of(root),)
        return lambda _: kept
    sources, earlier = request.evaluation.sources, answers.folder_of(store.folder)

    def given(cells: Sequence[Cell]) -> tuple[Given, ...]:
        wanted = _addresses(cells)
        return (*sources.given(cells), *(row for row in reached if row.name in wanted), earlier)

    return given


def _keep(store: RunStore, display: Display, found: Callable[[Result], None], result: Result) -> None:
    store.append(result)
    found(result)
    display.result(result)
