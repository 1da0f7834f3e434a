"""`harness reap`: after runs that were killed."""

import click

from harness.cli.common import results_of
from harness.errors import EngineError
from harness.runners import reaper
from harness.runners.engine import connect


@click.command()
@click.pass_context
def reap(context: click.Context) -> None:
    """Remove containers and folders that killed runs left; their finished cells are kept."""
    try:
        client = connect()
    except EngineError:
        client = None  # then only folders and processes can have been left
    for sentence in reaper.reap(results_of(context), client):
        click.echo(sentence)
