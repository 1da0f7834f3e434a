"""`harness eval` itself: carried out, and what came out printed."""

import sys
from collections.abc import Mapping
from contextlib import closing
from typing import Any

import click

from harness.cli.common import results_of, root_of
from harness.cli.results import print_run
from harness.display import display
from harness.evaluating import Evaluating
from harness.matrix.cells import Parameters
from harness.matrix.records import Matrix, Suite
from harness.request import Request
from harness.run import conduct
from harness.runners.choose import Wish


def carry_out(
    context: click.Context,
    matrix: Matrix,
    evaluating: Evaluating,
    varied: tuple[Parameters, ...],
    options: Mapping[str, Any],
    *,
    as_json: bool,
) -> int:
    """Ask and score; the exit code."""
    request = Request(
        suite=Suite.EVALUATION,
        device=options["device"],
        variant=options["variant"],
        sweep=varied,
        wish=Wish(runner=options["runner"], python=options["python"]),
        memory_bytes=options["memory"],
        evaluation=evaluating,
        resume=options["resume"],
        command=tuple(sys.argv[1:]),
    )
    with closing(display()) as shown:
        done = conduct(root_of(context), results_of(context), request, shown, matrix=matrix)
    print_run(done.store, as_json=as_json)
    return done.exit_code
