"""`harness matrix sync`: the models, brought up to what transformers has."""

import json
from dataclasses import asdict
from pathlib import Path

import click

from harness.cli.common import AS_JSON, PYTHON, device_of, root_of, tell
from harness.images.library import ask, python_of
from harness.matrix.layout import write
from harness.matrix.load import load_data
from harness.matrix.sync import Changes, sync

WORDS = {
    "added": "new in transformers",
    "changed": "with other classes, tasks or names",
    "left": "gone from transformers",
    "back": "there again",
}
"""What happened to the rows → how it is said."""

SHOWN = 12
"""Ids that a sentence lists; the rest are counted."""


@click.command("sync")
@PYTHON
@click.option("--dry-run", is_flag=True, help="Say what would change, and write nothing.")
@AS_JSON
@click.pass_context
def sync_models(context: click.Context, *, python: Path | None, dry_run: bool, as_json: bool) -> None:
    """Bring the models up to what transformers has: new types, other classes, those that left."""
    root = root_of(context)
    asked = python_of(python, device_of(context, "cpu"), root, tell)
    catalogue = ask(asked, "catalogue")
    # Read only now: the library takes its time, and meanwhile somebody may have written.
    data, changes = sync(load_data(root), catalogue)
    if changes and not dry_run:
        write(root, data)
    release = catalogue["transformers"]
    if as_json:
        click.echo(
            json.dumps({"transformers": release, "written": bool(changes) and not dry_run, **asdict(changes)})
        )
    else:
        click.echo("\n".join(_told(release, changes, dry_run=dry_run)))


def _told(release: str, changes: Changes, *, dry_run: bool) -> list[str]:
    if not changes:
        return [f"matrix.json has every model type of transformers {release} as it is"]
    lines = [f"{'would change' if dry_run else 'changed'} matrix.json after transformers {release}:"]
    for kind, ids in asdict(changes).items():
        if ids:
            rest = f" and {len(ids) - SHOWN} more" if len(ids) > SHOWN else ""
            lines.append(f"  {len(ids)} {WORDS[kind]}: {', '.join(ids[:SHOWN])}{rest}")
    return lines
