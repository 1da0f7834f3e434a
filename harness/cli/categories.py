"""`harness categories`: what models are asked, by what they are good for."""

import json
from dataclasses import asdict

import click

from harness.cli.common import AS_JSON, root_of
from harness.matrix.load import load
from harness.matrix.select import find_category
from harness.results.category_report import told
from harness.results.registry_report import categories as listed


class Categories(click.Group):
    """A group that takes a name that is no command of its own for that of a category."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """`NAME` is `show NAME`, and nothing is `list`."""
        first = next((word for word in args if not word.startswith("-")), None)
        if not {"-h", "--help"} & set(args) and first not in self.commands:
            args = ["list" if first is None else "show", *args]
        return super().parse_args(ctx, args)


@click.group(cls=Categories)
def categories() -> None:
    """List the categories, or show the one named: `list` and `show` may be left out."""


@categories.command("list")
@AS_JSON
@click.pass_context
def list_categories(context: click.Context, /, *, as_json: bool) -> None:
    """List the categories, with their datasets and limits."""
    rows = load(root_of(context)).registry.categories
    click.echo(json.dumps([asdict(row) for row in rows]) if as_json else "\n".join(listed(rows)))


@categories.command("show")
@click.argument("name")
@AS_JSON
@click.pass_context
def show_category(context: click.Context, /, name: str, *, as_json: bool) -> None:
    """Show a category: its models, limits, the tasks of its datasets, what is measured for its metrics."""
    matrix = load(root_of(context))
    row = find_category(matrix, name)
    click.echo(json.dumps(asdict(row)) if as_json else "\n".join(told(matrix, row)))
