"""`harness env`: the host runner's locked environment."""

import shutil
from pathlib import Path

import click

from harness.cli.common import VARIANT, device_of, root_of, tell
from harness.errors import HostEnvironmentError
from harness.images import hostenv


@click.command()
@click.argument("device")
@VARIANT
@click.option("--into", type=click.Path(path_type=Path), help="Install into the environment of this Python.")
@click.pass_context
def env(context: click.Context, device: str, variant: str | None, into: Path | None) -> None:
    """Make the locked environment of a device, unless it is there, and print its Python."""
    row, root = device_of(context, device, variant), root_of(context)
    if into is None:
        click.echo(hostenv.ensure(row, root, tell).python)
    elif shutil.which(into) is None:
        raise HostEnvironmentError(f"--into {into} is no program: name the Python of an environment")
    else:
        hostenv.install(row, root, into, tell)
        click.echo(into)
