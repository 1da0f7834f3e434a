"""`harness image`: what a device's container holds."""

import json

import click

from harness.cli.common import AS_JSON, device_of, plain, root_of, tell
from harness.cli.values import RELEASES
from harness.images.build import ensure
from harness.images.lock import lock
from harness.images.releases import lock_release
from harness.matrix.load import load
from harness.runners.engine import connect


@click.group()
def image() -> None:
    """What a device's container holds."""


@image.command("build")
@click.argument("device")
@AS_JSON
@click.pass_context
def build_image(context: click.Context, device: str, *, as_json: bool) -> None:
    """Build the device's image, unless an unchanged one is there."""
    found = ensure(device_of(context, device), root_of(context), connect(), tell)
    click.echo(json.dumps(plain(found)) if as_json else f"{found.tag} {found.id}")


@image.command("lock")
@click.argument("device", required=False)
@click.pass_context
def lock_image(context: click.Context, device: str | None) -> None:
    """Resolve requirements.in into requirements.lock, with hashes; of every image if none is named."""
    root = root_of(context)
    named = [device_of(context, device)] if device else [row for row in load(root).devices if row.image]
    for row in named:
        lock(row, root, tell)


@image.command("releases")
@click.argument("releases", type=RELEASES, required=False)
@click.option("--device", default="cpu", show_default=True, help="The device whose image they go with.")
@click.pass_context
def lock_releases(context: click.Context, releases: tuple[str, ...] | None, device: str) -> None:
    """Resolve anew what releases of transformers need; those of the matrix if none is named."""
    root = root_of(context)
    for release in releases or [row.transformers for row in load(root).versions]:
        lock_release(release, device_of(context, device), root, tell)
