"""What a person sees at the end of a run, and the JSON document that a program reads instead."""

import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, TextIO

from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

from harness.errors import ResultsError
from harness.matrix.cells import Cell
from harness.matrix.records import Suite
from harness.results import overview, score_table, timings
from harness.results.figures import line
from harness.results.overview import Row
from harness.results.record import Outcome, Result
from harness.results.roofline_report import rooflines
from harness.results.sections import Section
from harness.results.standings import standings
from harness.results.tables import plain_table
from harness.results.verdict import EXPECTED, exit_code, judge, missing

WIDTH = 120
"""Columns where the output is no terminal and so has no width of its own."""

MARKS = {
    Outcome.PASSED: ("✓", "+", "green"),
    Outcome.FAILED: ("✗", "X", "bold red"),
    Outcome.XFAILED: ("xf", "xf", "yellow"),
    Outcome.XPASSED: ("XP", "XP", "bold red"),
    Outcome.SKIPPED: ("skip", "skip", "dim"),
    Outcome.UNSUPPORTED: ("uns", "uns", "dim"),
    Outcome.OOM: ("OOM", "OOM", "bold red"),
    Outcome.TIMEOUT: ("TIME", "TIME", "bold red"),
    Outcome.CRASHED: ("CRSH", "CRSH", "bold red"),
    Outcome.ERROR: ("ERR", "ERR", "bold red"),
}
"""Outcome → its mark, its mark where only ASCII can be shown, its style."""

SHORT = {
    "construct": "new",
    "forward": "fwd",
    "input_sensitivity": "in",
    "determinism": "det",
    "batch_equivalence": "bat",
    "padding_invariance": "pad",
    "kv_cache_equivalence": "kv",
    "generate": "gen",
    "save_load": "sl",
    "bf16_vs_fp32": "bf",
    "sdpa_vs_eager": "sdpa",
    "gradients": "grad",
    "pipeline": "pip",
    "parity_float32": "f32",
    "parity_tf32": "tf32",
    "parity_bfloat16": "bf16",
    "parity_float16": "f16",
    "tensor_parallel_equivalence": "tp",
}
"""Check → its column's heading: so many full names fit on no terminal."""


BY_DTYPE = {Suite.FUNCTIONAL, Suite.THROUGHPUT}
"""Suites with a table a dtype."""


def console(file: TextIO) -> Console:
    """A console on `file`: no escapes where it is no terminal, `?` for what its encoding lacks."""
    if isinstance(file, io.TextIOWrapper):
        file.reconfigure(errors="replace")
    return Console(file=file, width=None if file.isatty() else WIDTH, markup=False, highlight=False)


def show(
    out: Console,
    results: Sequence[Result],
    folder: Path,
    planned: Iterable[str] = (),
    warnings: Iterable[str] = (),
) -> None:
    """Print the tables, what did not run and why, where the results are, and what to do."""
    for part in _parts(out, results, folder, tuple(planned), tuple(warnings)):
        # Sentences are not broken: a command in them can be copied. Only a picture has edges.
        out.print(part, soft_wrap=isinstance(part, Text) and not out.record)


def to_json(
    run: str,
    results: Sequence[Result],
    folder: Path,
    planned: Iterable[str] = (),
    warnings: Iterable[str] = (),
) -> dict[str, Any]:
    """Everything that `show` says, as one JSON document."""
    planned = tuple(planned)
    return {
        "run": run,
        "folder": str(folder),
        "exit_code": exit_code(results, planned),
        "results": [result.to_json() for result in results],
        "verdicts": [judge(result).to_json() for result in results],
        "missing": list(missing(results, planned)),
        "warnings": list(warnings),
    }


def to_svg(path: Path, results: Sequence[Result], folder: Path, planned: Iterable[str] = ()) -> None:
    """What `show` prints, as a picture."""
    out = Console(file=io.StringIO(), record=True, width=WIDTH, markup=False, highlight=False)
    show(out, results, folder, planned)
    try:
        path.write_text(out.export_svg(title=f"harness: {folder.name}"), encoding="utf-8")
    except OSError as error:
        raise ResultsError(f"{path} cannot be written: {error.strerror}; name another file") from error


def _parts(
    out: Console, results: Sequence[Result], folder: Path, planned: tuple[str, ...], warnings: tuple[str, ...]
) -> Iterable[RenderableType]:
    cells = [Cell.from_json(result.cell) for result in results]
    groups: dict[tuple[Suite, str, str, str], list[Row]] = {}
    for row in sorted(zip(cells, results, strict=True), key=lambda row: _group(row[0])[:3]):
        groups.setdefault(_group(row[0]), []).append(row)
    for (suite, device, *varied), group in groups.items():
        variant = group[0][1].provenance.variant  # of a run, and so of all
        named = f"{device} {variant}" if variant else device
        yield Text(", ".join(filter(None, (f"{suite} on {named}", *varied))), style="bold")
        yield from TABLES[suite](group, out)
        yield Text()
    yield from _legend(results, out)
    yield from _listing("Not checked", _reasons(results))
    yield from _listing("Roof", timings.roofs(results))
    yield from _listing("Estimates", _methods(results))
    yield from _listing("Repetition", timings.repeated(results))
    yield from _listing("Disturbed or unsettled", timings.disturbed(results))
    yield from _listing("Warnings", [line(warning, 400) for warning in warnings])
    lost = [f"{cell}: no result; the run ended before it" for cell in missing(results, planned)]
    yield from _listing(
        "What to do", [sentence for result in results for sentence in judge(result).advice] + lost
    )
    yield Text(f"Results: {_from_here(folder)}")


def _from_here(folder: Path) -> Path:
    """The folder as a person would type it: from the current one, where it is below that."""
    here = Path.cwd()
    return folder.relative_to(here) if folder.is_relative_to(here) else folder


def _group(cell: Cell) -> tuple[Suite, str, str, str]:
    """What a table's cells share; releases keep the order in which they were planned."""
    dtype = cell.parameters.dtype if cell.suite in BY_DTYPE else ""
    release = cell.parameters.transformers
    return cell.suite, cell.device, dtype, f"transformers {release}" if release else ""


def _functional(rows: list[Row], out: Console) -> Iterator[Table]:
    """Cells one by one; of many those that are not as expected, and all of them counted."""
    called = overview.names(rows)
    shown = overview.in_full(rows)
    if shown:
        yield _marked(shown, called, out)
    if len(shown) < len(rows):
        yield _counted(rows)


def _counted(rows: list[Row]) -> Table:
    """Architecture × outcome."""
    counted = overview.counts(rows)
    names = overview.columns(counted)
    table = plain_table("architecture", gap=2)
    for name in names:
        table.add_column(name, justify="right")
    for group, numbers in counted.items():
        style = "bold" if group == overview.ALL else None
        table.add_row(group, *(f"{numbers.get(name, 0):.0f}" for name in names), style=style)
    return table


def _marked(rows: list[Row], called: dict[str, str], out: Console) -> Table:
    """Model × check: a mark each, blank where the check does not apply."""
    applying = dict.fromkeys(check for cell, _ in rows for check in cell.checks)
    names = [name for name in SHORT if name in applying] + [name for name in applying if name not in SHORT]
    table = plain_table("model", *(SHORT.get(name, name) for name in names))
    table.add_column("s", justify="right")
    table.add_column("outcome")
    for cell, result in rows:
        checks = {check.name: check.outcome for check in result.report.checks}
        marks = (_mark(checks[name], out) if name in checks else "" for name in names)
        table.add_row(called[cell.id], *marks, f"{result.report.seconds:.1f}", _word(result.outcome))
    return table


def _throughput(rows: list[Row], _: Console) -> Iterator[Table]:
    """A row a metric; one row that says why where a cell has none."""
    table = plain_table("model", "phase", gap=2)
    table.add_column("metric", no_wrap=True)  # a name in pieces is no name
    for heading in ("figure", "from to", "n"):
        table.add_column(heading, justify="right", overflow="fold")
    table.add_column("note", overflow="fold")
    for cell, result in rows:
        who = f"{cell.model.id}\n{_sizes(cell)}"
        for metric, (phase, name, value, *rest) in timings.rows(result):
            style = "yellow" if metric.estimate else ""
            table.add_row(who, phase, name, Text(value, style=style), *rest)
            who = ""
        if not result.report.metrics or result.outcome not in EXPECTED:
            table.add_row(who, "", _word(result.outcome), "", "", "", line(result.report.message))
    yield table


def _sheets(rows: list[Row], _: Console) -> Iterator[Table]:
    """A row a model; where it fits is for `harness fit`."""
    shown = plain_table("model", gap=2)
    for heading in ("parameters", "active", "bytes in bfloat16"):
        shown.add_column(heading, justify="right")
    shown.add_column("outcome", overflow="fold")
    for cell, result in rows:
        found = result.report.sheet
        counted = (
            ["", "", ""]
            if found is None
            else [
                f"{n:,}"
                for n in (found.parameters.total, found.parameters.active, found.parameters.bytes("bfloat16"))
            ]
        )
        shown.add_row(cell.model.id, *counted, _word(result.outcome))
    yield shown


def _scores(rows: list[Row], _: Console) -> Iterator[RenderableType]:
    """Model × questions."""
    yield from score_table.table(Section(title="", standings=standings(result for _, result in rows)))


TABLES: dict[Suite, Callable[[list[Row], Console], Iterator[RenderableType]]] = {
    Suite.FUNCTIONAL: _functional,
    Suite.THROUGHPUT: _throughput,
    Suite.FIT: _sheets,
    Suite.ROOFLINE: lambda rows, _: rooflines(rows, plain_table(gap=2)),
    Suite.EVALUATION: _scores,
}


def _sizes(cell: Cell) -> str:
    """The part of the cell's id that says what was varied: `b1-i128-o16`."""
    prefix = f"{cell.model.id}-{cell.device}-{cell.suite}-{cell.parameters.dtype}"
    return cell.id.removeprefix(prefix).removeprefix("-")


def _mark(outcome: Outcome, out: Console) -> Text:
    full, ascii_only, style = MARKS[outcome]
    return Text(ascii_only if out.options.ascii_only else full, style=style)


def _word(outcome: Outcome) -> Text:
    return Text(outcome.value, style=MARKS[outcome][2])


def _legend(results: Sequence[Result], out: Console) -> Iterable[RenderableType]:
    """What the marks and headings that were used mean."""
    functional = [result for result in results if result.cell["suite"] == Suite.FUNCTIONAL]
    outcomes = {check.name: check.outcome for result in functional for check in result.report.checks}
    used = {check.outcome for result in functional for check in result.report.checks}
    marks = [f"{_mark(outcome, out)} {outcome}" for outcome in MARKS if outcome in used]
    names = [f"{short} {name}" for name, short in SHORT.items() if name in outcomes]
    if used:
        yield Text("; ".join((", ".join(marks), ", ".join(names))), style="dim")


def _reasons(results: Sequence[Result]) -> list[str]:
    """Why something was not checked, said once for all the cells it holds for."""
    cells: dict[str, list[str]] = {}
    quiet = (Outcome.SKIPPED, Outcome.UNSUPPORTED, Outcome.XFAILED)
    for result in results:
        for check in result.report.checks:
            if check.outcome in quiet:
                why = f"{check.name} {check.outcome}: {line(check.message) or 'no reason given'}"
                cells.setdefault(why, []).append(result.cell["model"]["id"])
        if result.outcome in quiet and not result.report.checks:
            why = f"{result.outcome}: {line(result.report.message) or 'no reason given'}"
            cells.setdefault(why, []).append(result.cell["model"]["id"])
    return [f"{why} ({overview.shortened(models)})" for why, models in cells.items()]


def _methods(results: Sequence[Result]) -> list[str]:
    """How estimates were made, each way once."""
    metrics = (metric for result in results for metric in result.report.metrics)
    return list(dict.fromkeys(line(metric.estimate.method) for metric in metrics if metric.estimate))


def _listing(title: str, sentences: Sequence[str]) -> Iterable[RenderableType]:
    if sentences:
        yield Text(f"{title}:", style="bold")
        for sentence in sentences:
            yield Text(f"  {sentence}")
