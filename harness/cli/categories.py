"""`harness categories`: what models are asked, by what they are good for."""

import json
from dataclasses import asdict

import click

from harness.cli.common import AS_JSON, root_of
from harness.matrix.load import load
from harness.matrix.select import find_category
from harness.results.category_report import told
from harness.results.registry_report import categories as listed


@click.command()
@click.argument("name", required=False)
@AS_JSON
@click.pass_context
def categories(context: click.Context, /, name: str | None, *, as_json: bool) -> None:
    """List the categories, or show one: its models, datasets, metrics and limits."""
    matrix = load(root_of(context))
    rows = matrix.registry.categories if name is None else (find_category(matrix, name),)
    if as_json:
        document = [asdict(row) for row in rows]
        click.echo(json.dumps(document if name is None else document[0]))
        return
    if name is None:
        click.echo("\n".join(listed(rows)))
        return
    click.echo("\n".join(told(matrix, rows[0])))
