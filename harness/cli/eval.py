"""`harness eval`: ask models the questions of datasets, and score what they answer."""

from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any

import click

from harness.cli.common import AS_JSON, VARIANT, root_of
from harness.cli.values import NUMBERS, WORDS, address, finite, size
from harness.data.root import data_root
from harness.evaluating import Evaluating, sources
from harness.matrix.asked import Asked
from harness.matrix.cells import Parameters
from harness.matrix.load import load
from harness.matrix.parameters import sweep
from harness.matrix.presets import ENGINES
from harness.matrix.questions import FOLDER, HUB, TINY
from harness.matrix.records import Matrix
from harness.runners.batches import known

NAMED = (HUB, TINY)
"""Weights that are no folder."""
LISTS = ("dtype", "tensor_parallel")
"""Options that may hold several values: every combination is a cell."""


@click.command("eval")
@click.option("--category", type=WORDS, default="", metavar="A,B", help="What these categories are asked.")
@click.option("--model", "--models", type=WORDS, default="", metavar="A,B", help="[default: the categories']")
@click.option("--dataset", type=WORDS, default="", metavar="A,B", help="[default: the categories']")
@click.option("--exclude-models", type=WORDS, default="", metavar="A,B", help="Leave these out.")
@click.option("--include-optional", is_flag=True, help="Also what the categories ask only on demand.")
@click.option(
    "--samples",
    type=int,
    help="Most questions of a dataset, spread over all of it.  [default: the category's limit]",
)
@click.option("--preset", help="How much of a device is taken.  [default: the model's own]")
@click.option(
    "--engine", default="transformers", show_default=True, help=f"What answers: {', '.join(ENGINES)}."
)
@click.option("--server", metavar="URL", callback=address, help="Where --engine openai answers.")
@click.option(
    "--served", metavar="NAME", help="What the server calls the model.  [default: its id on the hub]"
)
@click.option("--judge", metavar="URL", callback=address, help="Where a judge answers, for MT-Bench.")
@click.option("--judge-model", metavar="NAME", help="What the judge's server calls it.")
@click.option(
    "--weights",
    default=HUB,
    show_default=True,
    metavar="hub|tiny|PATH",
    help="The hub's cache, small random ones, or a folder: of a checkpoint, or of several by model.",
)
@click.option("--data", metavar="sample|DIR", help="The data root.  [default: what was fetched]")
@click.option("--repeats", type=int, default=1, show_default=True, help="Times that each question is asked.")
@click.option(
    "--temperature", type=float, callback=finite, default=0.0, show_default=True, help="Of random answers."
)
@click.option("--chat", is_flag=True, help="Put questions in the model's chat template.")
@click.option("--batch", type=int, help="Questions at once.  [default: the preset's for the model]")
@click.option("--max-tokens", type=int, help="Most tokens of an answer.  [default: the category's]")
@click.option("--sample-timeout", type=float, callback=finite, help="Seconds an answer may take.")
@click.option("--dtype", type=WORDS, default="bfloat16", show_default=True, help="One or several: A,B.")
@click.option(
    "--tensor-parallel",
    type=NUMBERS,
    default="",
    help="Devices that share a model.  [default: the model's own on accelerators, else 1]",
)
@click.option("--device", default="cpu", show_default=True, help="A device of the matrix: cpu, cuda:1.")
@VARIANT
@click.option("--threads", type=int, help="Threads, and CPUs.  [default: all]")
@click.option("--seed", type=int, default=0, show_default=True, help="Of which questions, and of answers.")
@click.option(
    "--runner", type=click.Choice(["docker", "host"]), help="[default: docker where an engine answers]"
)
@click.option("--python", type=click.Path(path_type=Path), help="Host runner: use this Python as it is.")
@click.option("--memory", metavar="SIZE", callback=size, help="[default: 90% of what is free]")
@click.option("--resume", metavar="RUN", help="Go on with a run: no question is asked twice.")
@click.option("--dry-run", is_flag=True, help="Say what would be asked, and start nothing.")
@AS_JSON
@click.pass_context
def eval(context: click.Context, /, *, dry_run: bool, as_json: bool, **options: Any) -> int:  # noqa: A001 — its verb
    """Ask models the questions of datasets, and score what they answer."""
    root = root_of(context)
    matrix = load(root)
    evaluating = _evaluating(root, matrix, options)
    base = Parameters(threads=options["threads"], seed=options["seed"])
    varied = sweep(base, {name: options[name] for name in LISTS if options[name]})
    # What runs takes three times as long to import as a dry run takes in all.
    module = import_module(f"harness.cli.eval_{'plan' if dry_run else 'run'}")
    code: int = module.carry_out(context, matrix, evaluating, varied, options, as_json=as_json)
    return code


def _evaluating(root: Path, matrix: Matrix, options: dict[str, Any]) -> Evaluating:
    folder = None if options["weights"] in NAMED else Path(options["weights"])
    asked = Asked(
        categories=options["category"],
        models=options["model"],
        datasets=options["dataset"],
        without=options["exclude_models"],
        optional=options["include_optional"],
        samples=options["samples"],
        preset=options["preset"],
        engine=options["engine"],
        weights=FOLDER if folder else options["weights"],
        repeats=options["repeats"],
        temperature=options["temperature"],
        chat=options["chat"],
        batch=options["batch"],
        max_tokens=options["max_tokens"],
        sample_s=options["sample_timeout"],
        parallel=options["tensor_parallel"] or None,
        server=options["server"],
        served=options["served"],
        judge=options["judge"],
        judge_model=options["judge_model"],
    )
    place = data_root(options["data"], root)
    found = replace(sources(matrix, place, asked.weights, folder), batches=known(root))
    return Evaluating(asked=asked, sources=found)
