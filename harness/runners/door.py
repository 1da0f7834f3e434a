"""The one door: `cells.json` goes in, and what comes out is read as if an enemy had written it.

An attempt's folder `work/<batch>-<attempt>/` holds `order.json` (the outside's half of each result, so that
whoever finds the folder later can finish the job), `cells.json`, `out/` and the log; `code/` where that of a
checkpoint is run, `release/` where another release of the library is. `open_door` makes it, `intake` reads
it, `close_door` files what is worth keeping with the run and removes it.
"""

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock
from typing import Any

from harness.errors import HarnessError, RecordError, ResultsError
from harness.files import replace
from harness.images.compat import Prepared
from harness.images.toxini import CONFIG, REQUIREMENTS, tox_ini
from harness.matrix import schema
from harness.matrix.cells import Cell
from harness.results.record import Outcome, Report, Result
from harness.runners import answers, hostile
from harness.runners.hardening import CONTAINER_UID
from harness.runners.owner import Owner
from harness.runners.protocol import GIB, MIB, Order

ORDER = "order.json"
LINE_BYTES, JSON_BYTES = 4 * MIB, 16 * MIB
"""Caps of a line of results and of pytest-benchmark's file: parsed, JSON can take thirty times its size."""
OWN_BYTES = GIB
"""Cap of the files that we wrote ourselves."""
WORK = Lock()
"""Held while `work/` is made or removed: slots of a run do so side by side."""
READABLE = 0o644
"""Mode of what the container's user reads, whatever the caller's umask."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Intake:
    """What an attempt left: the results of its cells so far, and what was wrong with the file."""

    results: tuple[Result, ...] = ()
    problems: tuple[str, ...] = ()
    """Each one sentence."""
    stray: tuple[str, ...] = ()
    """Those problems that name no cell; they fall on the cells without a result."""


def open_door(
    order: Order,
    cells: Sequence[Cell],
    code: Mapping[str, bytes] | None = None,
    release: Prepared | None = None,
) -> None:
    """Write the attempt's folder; its output is writable by the container's user and nobody else.

    `code` are the files of a checkpoint's own code, `release` those of the release that the cells ask for.
    """
    with WORK:
        order.work.mkdir(parents=True)
    limits = order.limits
    data = {
        "version": 1,
        "run": order.run,
        "limits": {"memory_bytes": limits.memory_bytes, "cpus": len(limits.cpu_set()) or None},
        "cells": [cell.to_json() for cell in cells],
    }
    schema.require("cells", data, str(order.cells))
    replace(order.cells, json.dumps(data).encode(), mode=READABLE)
    if code is not None:
        order.code.mkdir()
        order.code.chmod(0o755)
        for name, content in code.items():
            replace(order.code / name, content, mode=READABLE)
    if release is not None:
        _lay_out(release, order.release)
    order.out.mkdir(mode=0o700)
    if os.getuid() == 0 and order.isolation.user.startswith(f"{CONTAINER_UID}:"):
        os.chown(order.out, CONTAINER_UID, CONTAINER_UID)
    write_order(order)  # last: a folder that has it has everything


def _lay_out(release: Prepared, folder: Path) -> None:
    folder.mkdir()
    folder.chmod(0o755)
    for name, text in ((CONFIG, tox_ini(release.release)), (REQUIREMENTS, release.requirements)):
        replace(folder / name, text.encode(), mode=READABLE)
    for wheel in release.wheels:
        shutil.copyfile(wheel, folder / wheel.name)
        (folder / wheel.name).chmod(READABLE)


def write_order(order: Order, process: Owner | None = None) -> None:
    """Write or replace `order.json`; `process` is the one that does the work, where it is one of ours."""
    data = order.to_json() | {
        "owner": Owner.of(os.getpid()).to_json(),
        "process": process.to_json() if process else None,
    }
    replace(order.work / ORDER, json.dumps(data).encode())


def read_order(work: Path) -> tuple[Order, Owner, Owner | None]:
    """The order that a folder under `work/` holds, its owner and its process; RecordError if it has none."""
    try:
        data = hostile.parse(hostile.read(work / ORDER, OWN_BYTES))
        process = data["process"]
        order = Order.from_json(work.parents[1], data)
        return order, Owner(**data["owner"]), Owner(**process) if process else None
    except (OSError, hostile.Refused, KeyError, TypeError) as problem:
        raise RecordError(f"{work / ORDER} is no order of a runner: {problem}") from problem


def intake(work: Path) -> Intake:
    """The results of the cells that an attempt has finished, and an error for each one it lied about.

    RecordError where what we wrote ourselves is not as we wrote it.
    """
    order, _, _ = read_order(work)
    cells = _read_cells(order)
    name = f"results.jsonl of {order.name}"
    try:
        text = hostile.read(order.out / "results.jsonl", order.limits.output_bytes)
    except FileNotFoundError:
        return Intake()
    except hostile.Refused as refusal:
        sentence = f"{name} {refusal}"
        return Intake(
            results=tuple(error(order, cell, sentence) for cell in cells.values()), problems=(sentence,)
        )
    ledger = _Ledger(cells=cells, reports={}, refused={}, problems=[], stray=[])
    *whole, tail = text.split(b"\n")
    for number, row in enumerate(whole, 1):
        ledger.take(row, f"line {number} of {name}")
    if tail:
        ledger.take_torn(tail, name)
    return ledger.close(order)


def close_door(order: Order) -> tuple[str, ...]:
    """File the attempt's other output with the run and remove its folder; what was refused, in sentences."""
    problems = list(answers.keep(order, _read_cells(order))) if order.cells.is_file() else []
    for source, folder, suffix, read in FILED:
        try:
            content = read(order.work / source, order)
        except FileNotFoundError:
            continue  # a crash leaves what it leaves
        except hostile.Refused as refusal:
            problems.append(f"{source} of {order.name} {refusal}")
            continue
        target = order.folder / folder / f"{order.name}{suffix}"
        target.parent.mkdir(exist_ok=True)
        replace(target, content)
    remove(order.work)
    return tuple(problems)


def remove(work: Path) -> None:
    """Remove an attempt's folder, however deep or locked what is in it, and `work/` with the last."""
    for command in (["chmod", "-R", "u+rwx"], ["rm", "-rf"]):  # Python's own walk gives up at a depth of 1000
        done = subprocess.run([*command, "--", work], capture_output=True, check=False)
    if work.exists():
        raise ResultsError(f"{work} cannot be removed: {done.stderr.decode(errors='replace').strip()}")
    with WORK:
        if work.parent.is_dir() and not any(work.parent.iterdir()):
            work.parent.rmdir()


def result(order: Order, cell: dict[str, Any], report: Report) -> Result:
    """The inside's report, with what only the outside knows."""
    return Result(
        run=order.run,
        cell=cell,
        attempt=order.attempt,
        report=report,
        isolation=order.isolation,
        provenance=order.provenance,
    )


def error(
    order: Order, cell: dict[str, Any], message: str, outcome: Outcome = Outcome.ERROR, seconds: float = 0.0
) -> Result:
    """The result of a cell that cannot, or may not, speak for itself."""
    now = datetime.now(UTC).isoformat(timespec="seconds")
    report = Report(cell=cell["id"], outcome=outcome, message=message, started=now, seconds=seconds)
    return result(order, cell, report)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ledger:
    """Takes the lines of one file, and remembers what was accepted and what was refused."""

    cells: dict[str, dict[str, Any]]
    reports: dict[str, Report]
    refused: dict[str, str]
    problems: list[str]
    stray: list[str]

    def take(self, row: bytes, where: str) -> None:
        """Accept a line as its cell's report, or refuse it and hold that against its cell."""
        cell = None
        try:
            data = hostile.parse(row, LINE_BYTES)
            cell = _claimed(data, self.cells)
            schema.require("report", data, where)
            self._accept(Report.from_json(data), where)
        except hostile.Refused as refusal:
            self._refuse(cell, f"{where} {refusal}")
        except HarnessError as refusal:
            self._refuse(cell, str(refusal))

    def take_torn(self, row: bytes, name: str) -> None:
        """Accept a last line that lacks only its newline; anything less was cut by a kill."""
        try:
            hostile.parse(row)
        except hostile.Refused:
            self.problems.append(f"the last line of {name} is torn, and was left out")
        else:
            self.take(row, f"the last line of {name}")

    def close(self, order: Order) -> Intake:
        """Every accepted report as a result, in order, and an error for every cell with a refused line."""
        kept = [report for cell, report in self.reports.items() if cell not in self.refused]
        results = [result(order, self.cells[report.cell], report) for report in kept]
        errors = [error(order, self.cells[cell], sentence) for cell, sentence in self.refused.items()]
        if self.stray and len(results) + len(errors) == len(self.cells):
            sentence = f"{self.stray[0]}; which cell of the attempt wrote it cannot be told"
            results, errors = [], [error(order, cell, sentence) for cell in self.cells.values()]
        return Intake(results=tuple(results + errors), problems=tuple(self.problems), stray=tuple(self.stray))

    def _accept(self, report: Report, where: str) -> None:
        if report.cell not in self.cells:
            raise RecordError(f"{where} is about {report.cell!r}, which is no cell of this attempt")
        if report.cell in self.reports:
            raise RecordError(f"{where} reports {report.cell} a second time")
        self.reports[report.cell] = report

    def _refuse(self, cell: str | None, sentence: str) -> None:
        self.problems.append(sentence)
        if cell is None:
            self.stray.append(sentence)
        else:
            self.refused.setdefault(cell, sentence)


def _claimed(data: object, cells: dict[str, dict[str, Any]]) -> str | None:
    """The cell that a line claims to be about, if it is one of the attempt's."""
    cell = data.get("cell") if isinstance(data, dict) else None
    return cell if isinstance(cell, str) and cell in cells else None


def _read_cells(order: Order) -> dict[str, dict[str, Any]]:
    """What went in, by id; RecordError where it was altered since."""
    try:
        data = hostile.parse(hostile.read(order.cells, OWN_BYTES))
    except (OSError, hostile.Refused) as problem:
        raise RecordError(f"{order.cells} {problem}") from problem
    schema.require("cells", data, str(order.cells))
    return {cell["id"]: cell for cell in data["cells"]}


def _read_json(path: Path, order: Order) -> bytes:
    content = hostile.read(path, min(order.limits.output_bytes, JSON_BYTES))
    hostile.parse(content)
    return content


def _read_bytes(path: Path, order: Order) -> bytes:
    return hostile.read(path, order.limits.output_bytes)


def _read_end(path: Path, order: Order) -> bytes:
    """The end of a log, where the cause of a failure stands."""
    size = path.lstat().st_size
    return hostile.read(path, max(size, 1), max(0, size - order.limits.log_bytes))


FILED: tuple[tuple[str, str, str, Callable[[Path, Order], bytes]], ...] = (
    ("out/benchmark.json", "benchmarks", ".json", _read_json),
    ("out/junit.xml", "junit", ".xml", _read_bytes),
    ("log.txt", "logs", ".log", _read_end),
    (f"release/{REQUIREMENTS}", "releases", ".txt", _read_bytes),
)
"""File of the attempt, folder of the run, suffix there, and how it is read."""
