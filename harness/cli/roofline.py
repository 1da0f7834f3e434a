"""`harness roofline`: what this machine can do at most."""

import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import click

from harness.cli.common import AS_JSON, VARIANT, device_of, results_of, root_of
from harness.cli.results import print_run
from harness.cli.values import NUMBERS, WORDS, finite, size
from harness.display import display
from harness.machine.choice import Typed
from harness.matrix.cells import Parameters
from harness.matrix.parameters import sweep
from harness.matrix.records import Suite
from harness.request import Request
from harness.run import conduct
from harness.runners.choose import Wish, require_cpus


@click.command()
@click.option(
    "--device",
    default="cpu",
    show_default=True,
    help="A device of the matrix, or one of its accelerators: cuda:1.",
)
@VARIANT
@click.option("--dtype", type=WORDS, default="", metavar="A,B", help="[default: all that the device has]")
@click.option("--threads", type=NUMBERS, default="", metavar="1,2", help="[default: every CPU]")
@click.option("--svg", type=click.Path(path_type=Path), help="Draw the table into this file as well.")
@click.option(
    "--runner", type=click.Choice(["docker", "host"]), help="[default: docker where an engine answers]"
)
@click.option("--python", type=click.Path(path_type=Path), help="Host runner: use this Python as it is.")
@click.option("--memory", metavar="SIZE", callback=size, help="Memory it may use, such as 8g.")
@click.option("--timeout", type=float, callback=finite, help="Seconds that a dtype may take.")
@AS_JSON
@click.pass_context
def roofline(context: click.Context, /, *, as_json: bool, **options: Any) -> int:
    """Measure memory's bandwidth and the rate of products, by size, shape and dtype."""
    root = root_of(context)
    device = device_of(context, Typed.of(options["device"]).device)
    lists = {"threads": options["threads"], "dtype": options["dtype"] or device.dtypes}
    require_cpus(max(options["threads"], default=None))
    request = Request(
        suite=Suite.ROOFLINE,
        device=options["device"],
        variant=options["variant"],
        sweep=sweep(Parameters(), {name: values for name, values in lists.items() if values}),
        wish=Wish(runner=options["runner"], python=options["python"]),
        memory_bytes=options["memory"],
        timeout_s=options["timeout"],
        command=tuple(sys.argv[1:]),
    )
    with closing(display()) as shown:
        done = conduct(root, results_of(context), request, shown)
    print_run(done.store, as_json=as_json, svg=options["svg"])
    return done.exit_code
