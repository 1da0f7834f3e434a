"""What several verbs share: where the checkout is, how a row is named, how a record is printed."""

from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, TypeVar

import click

from harness.matrix.devices import Device
from harness.matrix.load import find_root, load
from harness.matrix.names import resolve, varied
from harness.matrix.select import Selection

Function = TypeVar("Function", bound=Callable[..., Any])
SUITES = ("functional", "throughput")
PYTHON = click.option(
    "--python",
    type=click.Path(path_type=Path),
    help="A Python with torch and transformers.  [default: the cpu image's locked environment]",
)
VARIANT = click.option(
    "--variant", metavar="NAME", help="Another of the device's images: `harness image list`."
)
AS_JSON = click.option("--json", "as_json", is_flag=True, help="Print one JSON document and nothing else.")


def select_options(function: Function) -> Function:
    """The options that choose models; `selection_of` reads them."""
    for option in (
        click.option("--class", "classes", multiple=True, metavar="A,B", help="Only these model classes."),
        click.option("--arch", multiple=True, metavar="A,B", help="Every model of these architectures."),
        click.option("--model", multiple=True, metavar="A,B", help="These models; with --arch, both."),
        click.option("--category", multiple=True, metavar="A,B", help="Every model of these categories."),
        click.option(
            "--all-checkpoints",
            "checkpoints",
            is_flag=True,
            help="Every model with a checkpoint, but those that only a category has.",
        ),
        click.option(
            "--all",
            "everything",
            is_flag=True,
            help="Every model, with every class, but those that only a category has.",
        ),
    ):
        function = option(function)
    return function


def selection_of(options: Mapping[str, Any]) -> Selection:
    """What the options of `select_options`, and --check where a verb has it, ask for."""
    return Selection.of(
        options["model"],
        options["arch"],
        options.get("check", ()),
        options["classes"],
        options.get("phase", ()),
        categories=options["category"],
        everything=options["everything"],
        checkpoints=options["checkpoints"],
    )


def root_of(context: click.Context) -> Path:
    """The checkout: given with --root, or found upwards from the current folder."""
    given: Path | None = context.find_root().obj
    return find_root(given)


def results_of(context: click.Context) -> Path:
    """The folder of all runs."""
    return root_of(context) / "results"


def device_of(context: click.Context, name: str, variant: str | None = None) -> Device:
    """The device of that name, taken with its variant of that name."""
    return varied(resolve("device", name, {row.id: row for row in load(root_of(context)).devices}), variant)


def tell(sentence: str) -> None:
    """Say something that is not the command's output."""
    click.echo(sentence, err=True)


def plain(record: Any) -> dict[str, Any]:
    """A record as JSON has it."""
    return asdict(record)
