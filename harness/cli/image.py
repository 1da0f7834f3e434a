"""`harness image`: what a device's container holds."""

import json
import sys
from collections.abc import Iterator

import click

from harness.cli.common import AS_JSON, VARIANT, device_of, plain, root_of, tell
from harness.cli.values import RELEASES
from harness.images.build import ensure
from harness.images.lock import lock
from harness.images.releases import lock_release
from harness.images.shown import Shown, images, shown
from harness.matrix.load import load
from harness.results.report import console
from harness.results.tables import plain_table
from harness.runners.choose import limits
from harness.runners.engine import connect, if_up
from harness.runners.examine import examine

FAILED = 1
WIDTH = 80
"""Characters of an instruction that are shown."""


@click.group()
def image() -> None:
    """What a device's container holds."""


@image.command("build")
@click.argument("device")
@VARIANT
@AS_JSON
@click.pass_context
def build_image(context: click.Context, device: str, variant: str | None, *, as_json: bool) -> None:
    """Build the device's image, unless an unchanged one is there."""
    found = ensure(device_of(context, device, variant), root_of(context), connect(), tell)
    click.echo(json.dumps(plain(found)) if as_json else f"{found.tag} {found.id}")


@image.command("list")
@AS_JSON
@click.pass_context
def list_images(context: click.Context, *, as_json: bool) -> None:
    """List every device's images and variants: what they hold, and which are here."""
    root, client = root_of(context), if_up()
    found = [shown(row, root, client) for device in load(root).devices for row in images(device)]
    if as_json:
        click.echo(json.dumps([plain(one) for one in found]))
        return
    table = plain_table("device", "variant", "Python", "torch", "for", "here", gap=2)
    for one in found:
        here = (
            f"{one.built.size / 1e9:.2f} GB"
            if one.built
            else "not built"
            if one.lacking is None
            else "not locked"
        )
        torch = one.locked.get("torch", "-")
        table.add_row(one.device, one.variant or "", one.python, torch, one.torch_build, here)
    console(sys.stdout).print(table)


@image.command("show")
@click.argument("device")
@VARIANT
@AS_JSON
@click.pass_context
def show_image(context: click.Context, device: str, variant: str | None, *, as_json: bool) -> None:
    """Show what an image is made of, its size and layers, and what of it nobody could verify."""
    found = shown(device_of(context, device, variant), root_of(context), if_up())
    click.echo(json.dumps(plain(found), indent=2) if as_json else "\n".join(_lines(found)))


def _lines(one: Shown) -> Iterator[str]:
    yield f"{one.device}{f' --variant {one.variant}' if one.variant else ''}: {one.title}"
    yield f"base      {one.base}"
    yield f"Python    {one.python}"
    yield f"torch     {one.locked.get('torch', 'not locked')}, for {one.torch_build}"
    yield f"packages  {' '.join(one.packages) or 'none but the base has'}"
    lock = f"images/{one.image}/requirements.lock"
    yield f"lock      {lock}, {len(one.locked)} packages, sha256 {one.lock_hash[:12]}"
    if one.lacking:
        yield f"not ready {one.lacking}"
    if one.built:
        yield f"here      {one.built.tag}, {one.built.size / 1e9:.2f} GB"
        yield from (
            f"  {layer.size / 1e9:6.2f} GB  {layer.instruction[:WIDTH]}" for layer in one.built.layers
        )
    else:
        size = f", about {one.size_gb} GB" if one.size_gb else ""
        yield f"here      no{size}"
    yield from (f"unverified: {sentence}" for sentence in one.unverified)


@image.command("check")
@click.argument("device")
@VARIANT
@AS_JSON
@click.pass_context
def check_image(context: click.Context, device: str, variant: str | None, *, as_json: bool) -> int:
    """Build the image unless it is there, and check all that can be checked without the device."""
    row, root, client = device_of(context, device, variant), root_of(context), connect()
    built = ensure(row, root, client, tell)
    found = examine(row, built, root, client, limits(None, None))
    if as_json:
        click.echo(json.dumps({"image": plain(built), "checks": [plain(check) for check in found]}))
    else:
        table = plain_table("check", "", "seconds", built.tag, gap=2)
        for check in found:
            table.add_row(
                check.name, "passed" if check.passed else "FAILED", f"{check.seconds:.1f}", check.said
            )
        console(sys.stdout).print(table)
    return 0 if all(check.passed for check in found) else FAILED


@image.command("lock")
@click.argument("device", required=False)
@VARIANT
@click.option(
    "--without", default="", metavar="A,B", help="Leave out what is out of reach: nothing is built from it."
)
@click.pass_context
def lock_image(context: click.Context, device: str | None, variant: str | None, without: str) -> None:
    """Resolve requirements.in into requirements.lock, with hashes; of every image if none is named."""
    root = root_of(context)
    if device is None:
        rows = [row for row in load(root).devices if row.image]
        named = {
            row.image: row for device in rows for row in (device, *map(device.taken_with, device.variants))
        }
    else:
        named = {device: device_of(context, device, variant)}
    for row in named.values():
        lock(row, root, tell, without=[name for name in without.split(",") if name])


@image.command("releases")
@click.argument("releases", type=RELEASES, required=False)
@click.option("--device", default="cpu", show_default=True, help="The device whose image they go with.")
@click.pass_context
def lock_releases(context: click.Context, releases: tuple[str, ...] | None, device: str) -> None:
    """Resolve anew what releases of transformers need; those of the matrix if none is named."""
    root = root_of(context)
    for release in releases or [row.transformers for row in load(root).versions]:
        lock_release(release, device_of(context, device), root, tell)
