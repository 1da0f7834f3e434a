"""`harness results scores`: what evaluations say of models, beside one another and against another run."""

import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from harness.cli.common import AS_JSON, results_of, root_of
from harness.cli.values import WORDS
from harness.errors import ResultsError
from harness.matrix.load import load
from harness.matrix.records import Suite
from harness.matrix.select import find_category, find_dataset
from harness.results import score_changes, score_table
from harness.results.pareto import AXES, Picture, front, picture
from harness.results.record import Result
from harness.results.report import console
from harness.results.score_changes import Comparison, compare
from harness.results.score_plot import draw
from harness.results.sections import Section, sections
from harness.results.standings import Standing, standings
from harness.results.store import RunStore, find, of_suite


@click.command()
@click.argument("runs", nargs=-1, metavar="[RUN]…")
@click.option("--category", help="Only what this category asks of its models.")
@click.option("--dataset", type=WORDS, default="", metavar="A,B", help="Only these datasets.")
@click.option(
    "--against", metavar="RUN", help="Say what has changed since that run, on the same questions; 1 if worse."
)
@click.option(
    "--plot",
    type=click.Path(path_type=Path),
    metavar="FILE.svg",
    help="Draw the mean score against speed and memory.",
)
@click.option("--markdown", "as_markdown", is_flag=True, help="Print Markdown.")
@AS_JSON
@click.pass_context
def scores(
    context: click.Context,
    /,
    *,
    runs: tuple[str, ...],
    category: str | None,
    dataset: tuple[str, ...],
    against: str | None,
    plot: Path | None,
    as_markdown: bool,
    as_json: bool,
) -> int:
    """Show how good models are: of the runs named or of all, each cell's newest result."""
    results, matrix = results_of(context), load(root_of(context))
    chosen = find_category(matrix, category) if category else None
    datasets = {find_dataset(matrix, name).id for name in dataset}
    earlier = find(results, against) if against else None
    stores = _stores(results, runs, earlier)
    rows = [row for row in standings(_read(stores)) if not datasets or row.column.dataset in datasets]
    shown = [section for section in sections(matrix, rows, chosen) if section.standings]
    if not shown:
        raise ResultsError(
            f"nothing of that was evaluated in {results}: start with `nox -s eval`, or ask for less"
        )
    rows = list({row.cell: row for section in shown for row in section.standings}.values())
    compared = compare(rows, standings(_read([earlier]))) if earlier else None
    if compared is not None and not compared.changes:
        raise ResultsError(f"{against} was asked none of the same questions: name another run with --against")
    drawn = picture(rows) if plot else None
    if plot and drawn:
        draw(plot, drawn)
    if as_json:
        click.echo(json.dumps(_document(shown, compared, drawn), allow_nan=False))
    elif as_markdown:
        click.echo(_markdown(shown, compared), nl=False)
    else:
        _print(shown, compared)
    return int(compared is not None and any(change.verdict == "worse" for change in compared.changes))


def _stores(results: Path, runs: Sequence[str], earlier: RunStore | None) -> list[RunStore]:
    """The newest first, so that a cell's newest result is met first; without what they are held against."""
    if runs:
        return sorted((find(results, run) for run in runs), key=lambda store: store.run, reverse=True)
    return [store for store in of_suite(results, Suite.EVALUATION) if not earlier or store.run != earlier.run]


def _read(stores: Sequence[RunStore]) -> Iterator[Result]:
    """Their results, with a bar on a terminal: every sample of every question is read."""
    hidden = not sys.stderr.isatty()
    with click.progressbar(stores, label="reading runs", file=sys.stderr, hidden=hidden) as shown:
        for store in shown:
            yield from store.read().results


def _print(shown: Sequence[Section], compared: Comparison | None) -> None:
    out = console(sys.stdout)
    parts = list(score_table.tables(shown))
    if compared is not None:
        parts += score_changes.tables(compared)
    for part in parts:
        out.print(part, soft_wrap=not hasattr(part, "columns"))


def _markdown(shown: Sequence[Section], compared: Comparison | None) -> str:
    text = score_table.markdown(shown)
    return text if compared is None else f"{text}\n{score_changes.markdown(compared)}"


def _document(shown: Sequence[Section], compared: Comparison | None, drawn: Picture | None) -> dict[str, Any]:
    """Everything that the tables and the picture say, and every metric, without its samples."""
    rows = {row.cell: row for section in shown for row in section.standings}
    document: dict[str, Any] = {
        "categories": {section.title: [row.cell for row in section.standings] for section in shown},
        "cells": {cell: _plain(row) for cell, row in rows.items()},
    }
    if compared is not None:
        document["changes"] = [change.to_json() for change in compared.changes]
        document["unpaired"] = list(compared.unpaired)
    if drawn is not None:
        document["picture"] = {
            "columns": [asdict(column) for column in drawn.columns],
            "points": [point.to_json() for point in drawn.points],
            "fronts": {axis.label: [point.name for point in front(drawn.points, axis)] for axis in AXES},
            "left_out": list(drawn.left_out),
        }
    return document


def _plain(row: Standing) -> dict[str, Any]:
    metrics = {
        name: {
            "value": metric.value,
            "unit": metric.unit,
            "interval": metric.interval and asdict(metric.interval),
        }
        for name, metric in row.metrics.items()
    }
    return {
        "run": row.run,
        "who": asdict(row.who),
        "questions": asdict(row.column) | {"benchmark": row.column.is_benchmark},
        "outcome": row.outcome.value,
        "message": row.message,
        "metrics": metrics,
        "memory_bytes": row.memory_bytes,
        "seconds": row.seconds,
        "tokens": row.tokens,
    }
