"""`harness fit`: what models need, and which accelerators hold them."""

import json
import sys
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from harness.cli.common import AS_JSON, results_of, root_of, tell
from harness.cli.values import WORDS, size
from harness.display import display
from harness.errors import SelectionError
from harness.matrix.load import load
from harness.matrix.names import find_model, resolve
from harness.matrix.records import Suite
from harness.matrix.select import Selection, select
from harness.request import Request
from harness.results.accelerators import ACCELERATORS, Accelerator
from harness.results.figures import line
from harness.results.fit import LONGEST, Needs
from harness.results.fit import fit as place
from harness.results.fit_report import Placed, many, one, to_json
from harness.results.formats import FORMATS
from harness.results.kept import roofs
from harness.results.report import console
from harness.results.verdict import EXPECTED, advice, exit_code
from harness.runners.choose import Wish
from harness.runners.provenance import cpu, host
from harness.sheets import Counted, count

CONTEXT = 4096
"""Tokens where none are asked for, or as many as the model was made for."""
THIS = "this machine"


@click.command()
@click.argument("models", nargs=-1, metavar="[MODEL]…")
@click.option("--category", type=WORDS, default="", metavar="A,B", help="Every model of these categories.")
@click.option(
    "--all", "everything", is_flag=True, help="Every model of the matrix.  [default: the checkpoints]"
)
@click.option(
    "--accelerator", type=WORDS, default="", metavar="A,B", help="[default: every one that is known]"
)
@click.option("--dtype", default="bfloat16", show_default=True, help=f"Of the weights: {', '.join(FORMATS)}.")
@click.option(
    "--context",
    type=click.IntRange(1, LONGEST),
    help=f"Tokens of a sequence.  [default: {CONTEXT}, or fewer]",
)
@click.option("--again", is_flag=True, help="Count anew what is kept.")
@click.option("--device", default="cpu", show_default=True, help="The device whose image counts.")
@click.option(
    "--runner", type=click.Choice(["docker", "host"]), help="[default: docker where an engine answers]"
)
@click.option("--python", type=click.Path(path_type=Path), help="Host runner: use this Python as it is.")
@click.option("--memory", metavar="SIZE", callback=size, help="Memory for counting, such as 8g.")
@AS_JSON
@click.pass_context
def fit(context: click.Context, /, *, models: tuple[str, ...], as_json: bool, **options: Any) -> int:
    """What models need, and which accelerators hold them: of those named, or of all checkpoints."""
    root, results = root_of(context), results_of(context)
    form = resolve("dtype", options["dtype"], {name: name for name in FORMATS})
    rows = _accelerators(results, options["accelerator"])
    request = Request(
        suite=Suite.FIT,
        device=options["device"],
        selection=_selection(root, models, options["category"], everything=options["everything"]),
        wish=Wish(runner=options["runner"], python=options["python"]),
        memory_bytes=options["memory"],
        command=tuple(sys.argv[1:]),
    )
    with closing(display()) as shown:
        counted = count(root, results, request, shown, again=options["again"])
    placed = _placed(counted, rows, form, options["context"], named=bool(models))
    _print(counted, placed, rows, in_full=bool(models), as_json=as_json)
    return exit_code(counted.results)


def _selection(
    root: Path, models: tuple[str, ...], categories: Sequence[str], *, everything: bool
) -> Selection:
    """Those named and those of the categories, all, or the checkpoints that need no category."""
    matrix = load(root)
    if (models or categories) and everything:
        raise SelectionError("--all asks for every model: leave it out, or the names")
    typed = Selection.of(models, categories=categories)
    if typed != Selection():
        return replace(typed, models=tuple(find_model(matrix, name).id for name in typed.models))
    if everything:
        return Selection(models=tuple(row.id for row in matrix.models))
    kept = select(matrix, Selection(checkpoints=True))
    return Selection(models=tuple(row.id for row in kept if not row.remote_code))


def _accelerators(results: Path, names: Sequence[str]) -> tuple[Accelerator, ...]:
    """Those named, or all; this machine is among them where its roof was measured."""
    here = roofs(results, host(), cpu())
    known = {row.name: row for row in (*here, *ACCELERATORS)}
    if not names:
        return tuple(known.values())
    answering = known | ({THIS: here[0]} if here else {})
    return tuple(dict.fromkeys(resolve("accelerator", name, answering) for name in names))


def _placed(
    counted: Counted, rows: Sequence[Accelerator], form: str, context: int | None, *, named: bool
) -> list[Placed]:
    """Every sheet on every accelerator; SelectionError where a model that is named was made for less."""
    found = []
    for result in counted.results:
        if (sheet := result.report.sheet) is None:
            continue
        needs, model = Needs(sheet, form), result.cell["model"]["id"]
        if named and context is not None and context > needs.positions:
            raise SelectionError(
                f"{model} was made for {needs.positions:,} tokens: give --context {needs.positions} or less"
            )
        tokens = min(context or CONTEXT, needs.positions)
        found.append(
            Placed(
                result=result,
                sheet=sheet,
                form=form,
                context=tokens,
                fits=tuple(place(needs, row, tokens) for row in rows),
                kept=result.report.cell in counted.kept,
            )
        )
    return found


def _print(
    counted: Counted, placed: Sequence[Placed], rows: Sequence[Accelerator], *, in_full: bool, as_json: bool
) -> None:
    wrong = [sentence for result in counted.results for sentence in advice(result)]
    unplaced = [row for row in counted.results if row.report.sheet is None and row.outcome in EXPECTED]
    reasons = [f"{row.report.cell}: {row.outcome}; {line(row.report.message)}" for row in unplaced]
    if as_json:
        document = {"models": [to_json(row) for row in placed], "not_counted": reasons, "advice": wrong}
        click.echo(json.dumps(document, allow_nan=False))
        return
    out = console(sys.stdout)
    parts = [part for row in placed for part in one(row, rows)] if in_full else []
    if placed and not in_full:
        parts = list(many(placed, rows))
    for part in parts:
        out.print(part, soft_wrap=not hasattr(part, "columns"))
    if counted.kept and not in_full:
        click.echo(f"{len(counted.kept)} of {len(counted.results)} models were answered from earlier runs.")
    for sentence in [*reasons, *wrong]:
        tell(sentence)
    if counted.folder is not None:
        click.echo(f"Results: {counted.folder}")
