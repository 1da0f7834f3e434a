"""What earlier runs have left that an answer can be made from: sheets of models, roofs of this machine."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from harness.matrix.cells import Cell
from harness.matrix.records import Suite
from harness.results.accelerators import Accelerator, this_machine
from harness.results.record import Outcome, Result
from harness.results.sheet import COUNTER, counter
from harness.results.store import RunStore, of_suite


def sheets(results: Path, cells: Iterable[Cell], transformers: str) -> dict[str, Result]:
    """Model → its newest fit result that still holds: of the same row, release and counting code."""
    wanted = {cell.id: cell.model for cell in cells}
    code, found = counter(), dict[str, Result]()
    for store in of_suite(results, Suite.FIT):
        for result in store.read().results:
            row = wanted.get(result.report.cell)
            facts = result.report.facts
            if (
                row is not None
                and row.id not in found
                and result.report.sheet is not None
                and (facts.get("transformers"), facts.get(COUNTER)) == (transformers, code)
                and Cell.from_json(result.cell).model == row
            ):
                found[row.id] = result
        if len(found) == len(wanted):
            break
    return found


def roofs(results: Path, host: str, cpu: str) -> tuple[Accelerator, ...]:
    """This machine as its newest roofline runs have measured it, a row a device; none where none has."""
    found: dict[str, Accelerator] = {}
    for store in of_suite(results, Suite.ROOFLINE):
        for device, measured in _by_device(store, host, cpu):
            row = this_machine(measured)
            if row is not None:
                found.setdefault(device, row)
    return tuple(found.values())


def _by_device(store: RunStore, host: str, cpu: str) -> Iterator[tuple[str, list[Result]]]:
    """The results that were measured here."""
    mine = [
        result
        for result in store.read().results
        if result.outcome is Outcome.PASSED and (result.provenance.host, result.provenance.cpu) == (host, cpu)
    ]
    for device in dict.fromkeys(result.cell["device"] for result in mine):
        yield device, [result for result in mine if result.cell["device"] == device]
