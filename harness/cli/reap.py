"""`harness reap`: after runs that were killed."""

import click

from harness.cli.common import results_of
from harness.runners import reaper
from harness.runners.engine import if_up


@click.command()
@click.pass_context
def reap(context: click.Context) -> None:
    """Remove containers and folders that killed runs left; their finished cells are kept."""
    for sentence in reaper.reap(results_of(context), if_up()):
        click.echo(sentence)
