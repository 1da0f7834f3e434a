"""`harness run`: run a suite and print what came out."""

import math
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import click
from docker.errors import DockerException
from docker.utils import parse_bytes

from harness.cli.common import AS_JSON, SUITES, results_of, root_of, select_options, selection_of
from harness.cli.results import print_run
from harness.display import display
from harness.matrix.records import Parameters, Suite
from harness.run import Request, conduct
from harness.runners.choose import Wish
from harness.runners.remote import read_code


def _finite(_: click.Context, __: click.Parameter, seconds: float | None) -> float | None:
    """Seconds; `nan` and `inf`, which Python reads as numbers, are none."""
    if seconds is not None and not math.isfinite(seconds):
        raise click.BadParameter(f"{seconds} is no number of seconds")
    return seconds


def _bytes(_: click.Context, __: click.Parameter, size: str | None) -> int | None:
    """`8g`, `512m` or plain bytes, in powers of 1024 as container engines read them."""
    if size is None:
        return None
    with suppress(DockerException):
        if (count := int(parse_bytes(size))) > 0:
            return count
    raise click.BadParameter(f"{size!r} is no size: write bytes, or a number with k, m or g")


@click.command()
@click.option("--suite", type=click.Choice(SUITES), default="functional", show_default=True)
@click.option("--device", default="cpu", show_default=True, help="A device of the matrix.")
@select_options
@click.option("--check", multiple=True, metavar="A,B", help="Only these checks of the functional suite.")
@click.option("--dtype", default="float32", show_default=True)
@click.option("--batch", type=int, default=1, show_default=True)
@click.option("--input-tokens", type=int, default=128, show_default=True)
@click.option("--output-tokens", type=int, default=16, show_default=True)
@click.option("--threads", type=int, help="Threads, and CPUs, of a cell.  [default: all]")
@click.option("--rounds", type=int, default=5, show_default=True, help="Timed rounds of a phase.")
@click.option(
    "--budget",
    type=float,
    callback=_finite,
    default=150,
    show_default=True,
    help="Seconds for a cell's timed rounds.",
)
@click.option("--seed", type=int, default=0, show_default=True)
@click.option(
    "--runner", type=click.Choice(["docker", "host"]), help="[default: docker where an engine answers]"
)
@click.option("--python", type=click.Path(path_type=Path), help="Host runner: use this Python as it is.")
@click.option(
    "--memory",
    metavar="SIZE",
    callback=_bytes,
    help="Memory a cell may use, such as 8g.  [default: 90% of what is free]",
)
@click.option("--timeout", type=float, callback=_finite, help="Seconds a cell may take.")
@click.option(
    "--trust-remote-code",
    "code",
    type=click.Path(path_type=Path),
    metavar="PATH",
    help="Folder of a checkpoint whose own code the model named with --model is; in a container only.",
)
@click.option("--resume", metavar="RUN", help="Go on with a run that was interrupted.")
@AS_JSON
@click.pass_context
def run(context: click.Context, /, *, as_json: bool, **options: Any) -> int:
    """Run a suite and print what came out."""
    names = ("dtype", "batch", "input_tokens", "output_tokens", "threads", "rounds", "seed")
    request = Request(
        suite=Suite(options["suite"]),
        device=options["device"],
        selection=selection_of(options),
        parameters=Parameters(**{name: options[name] for name in names}, budget_s=options["budget"]),
        wish=Wish(runner=options["runner"], python=options["python"]),
        memory_bytes=options["memory"],
        timeout_s=options["timeout"],
        code=read_code(options["code"]) if options["code"] else None,
        resume=options["resume"],
        command=tuple(sys.argv[1:]),
    )
    shown = display()
    try:
        done = conduct(root_of(context), results_of(context), request, shown)
    finally:
        shown.close()
    print_run(done.store, as_json=as_json)
    return done.exit_code
