"""`harness run`: run a suite and print what came out."""

import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import click

from harness.cli.common import AS_JSON, SUITES, VARIANT, results_of, root_of, select_options, selection_of
from harness.cli.results import print_run
from harness.cli.values import DURATION, NUMBERS, RELEASES, WORDS, finite, size
from harness.display import display
from harness.matrix.cells import Parameters
from harness.matrix.parameters import sweep
from harness.matrix.records import Suite
from harness.request import Request
from harness.run import conduct
from harness.runners.choose import Wish
from harness.runners.remote import read_code

LISTS = (
    "dtype",
    "batch",
    "input_tokens",
    "output_tokens",
    "mode",
    "cache",
    "attention",
    "quantisation",
    "tensor_parallel",
    "layers",
    "transformers",
)
"""Options that may hold several values: every combination is a cell."""
SINGLE = ("verify", "threads", "rounds", "processes", "interval", "seed")


@click.command()
@click.option("--suite", type=click.Choice(SUITES), default="functional", show_default=True)
@click.option(
    "--device",
    default="cpu",
    show_default=True,
    help="A device of the matrix, or of its accelerators some: cuda:1, cuda:0,1, cuda:all.",
)
@click.option(
    "--slots",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    help="Without accelerators: attempts side by side, each with its own processor cores.",
)
@VARIANT
@select_options
@click.option("--check", multiple=True, metavar="A,B", help="Only these checks of the functional suite.")
@click.option("--phase", multiple=True, metavar="A,B", help="Only these phases of the throughput suite.")
@click.option("--dtype", type=WORDS, default="float32", show_default=True, help="One or several: A,B.")
@click.option("--batch", type=NUMBERS, default="1", show_default=True, help="One or several: 1,8.")
@click.option("--input-tokens", type=NUMBERS, default="128", show_default=True, help="Likewise.")
@click.option("--output-tokens", type=NUMBERS, default="16", show_default=True, help="Likewise.")
@click.option("--mode", type=WORDS, default="eager", show_default=True, help="eager,compile")
@click.option("--cache", type=WORDS, default="dynamic", show_default=True, help="dynamic,static")
@click.option("--attention", type=WORDS, default="", help="eager,sdpa,…  [default: the library's choice]")
@click.option("--quantisation", type=WORDS, default="", help="int8,float8_weight,…  [default: none]")
@click.option(
    "--tensor-parallel",
    type=NUMBERS,
    default="1",
    show_default=True,
    help="Processes, or accelerators, that share a model, started by torchrun. One or several: 1,2.",
)
@click.option("--layers", type=NUMBERS, default="", help="Depths.  [default: all, or what fits]")
@click.option("--transformers", type=RELEASES, default="", help="Releases.  [default: the image's own]")
@click.option("--verify", is_flag=True, help="Measure the whole depth as well as its estimate.")
@click.option("--threads", type=int, help="Threads, and CPUs, of a cell.  [default: all]")
@click.option("--rounds", type=int, default=5, show_default=True, help="Most timed rounds in a process.")
@click.option("--processes", type=int, default=10, show_default=True, help="Most processes of a cell.")
@click.option(
    "--interval",
    type=float,
    callback=finite,
    default=0.05,
    show_default=True,
    help="Stop where all intervals between processes are as narrow, as a share of the figure.",
)
@click.option(
    "--budget",
    type=DURATION,
    default="200s",
    show_default=True,
    help="Time that measuring a cell may take, or with --all-checkpoints all of them: 90s, 20m.",
)
@click.option("--seed", type=int, default=0, show_default=True)
@click.option(
    "--runner", type=click.Choice(["docker", "host"]), help="[default: docker where an engine answers]"
)
@click.option("--python", type=click.Path(path_type=Path), help="Host runner: use this Python as it is.")
@click.option(
    "--memory",
    metavar="SIZE",
    callback=size,
    help="Memory a cell may use, such as 8g.  [default: 90% of what is free]",
)
@click.option("--timeout", type=float, callback=finite, help="Seconds a cell may take.")
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
    base = Parameters(**{name: options[name] for name in SINGLE}, budget_s=options["budget"])
    request = Request(
        suite=Suite(options["suite"]),
        device=options["device"],
        slots=options["slots"],
        variant=options["variant"],
        selection=selection_of(options),
        sweep=sweep(base, {name: options[name] for name in LISTS if options[name]}),
        wish=Wish(runner=options["runner"], python=options["python"]),
        memory_bytes=options["memory"],
        timeout_s=options["timeout"],
        code=read_code(options["code"]) if options["code"] else None,
        resume=options["resume"],
        command=tuple(sys.argv[1:]),
    )
    with closing(display()) as shown:
        done = conduct(root_of(context), results_of(context), request, shown)
    print_run(done.store, as_json=as_json)
    return done.exit_code
