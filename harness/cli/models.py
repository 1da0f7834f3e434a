"""`harness models`: the registry of large models; which there are, what they take, who may have them."""

import json
from pathlib import Path
from typing import Any

import click

from harness.cli.common import AS_JSON, PYTHON, device_of, root_of, tell
from harness.cli.lazy import LazyGroup
from harness.cli.values import WORDS
from harness.images.access import REFUSED, TO_DO, access, is_offline
from harness.images.library import python_of
from harness.matrix.load import load
from harness.matrix.names import find_entry, resolve
from harness.matrix.records import Matrix
from harness.matrix.registry import Entry
from harness.matrix.select import find_category
from harness.results.registry_report import full, hub_id, lines, markdown, told

CATEGORY = click.option(
    "--category", type=WORDS, default="", metavar="A,B", help="Only the models of these categories."
)


HUB = {True: "reached", False: "not reached", None: "not asked"}
"""Whether the hub answered, in words."""


@click.group(cls=LazyGroup, lazy={"fetch": ("harness.cli.models_fetch", "fetch_weights")})
def models() -> None:
    """The registry of large models: what is evaluated."""


@models.command("list")
@CATEGORY
@click.option(
    "--markdown", "as_markdown", is_flag=True, help="Print a table of Markdown, as docs/models.md has it."
)
@AS_JSON
@click.pass_context
def list_entries(
    context: click.Context, /, *, category: tuple[str, ...], as_markdown: bool, as_json: bool
) -> None:
    """List the models, with what they take; ? marks what could not be looked up."""
    matrix = load(root_of(context))
    entries = _entries(matrix, category)
    if as_json:
        click.echo(json.dumps([full(matrix, row, None) for row in entries]))
        return
    click.echo(markdown(matrix, entries) if as_markdown else "\n".join(lines(matrix, entries)))


@models.command("show")
@click.argument("name")
@click.option("--preset", help="How much of a device is taken.  [default: the model's own]")
@AS_JSON
@click.pass_context
def show_entry(context: click.Context, /, name: str, *, preset: str | None, as_json: bool) -> None:
    """Show a model in full, and what each engine would be told."""
    matrix = load(root_of(context))
    entry = find_entry(matrix, name)
    presets = {row.id: row for row in matrix.registry.presets}
    wanted = preset or entry.preset
    chosen = resolve("preset", wanted, presets) if wanted else None
    found = full(matrix, entry, None if entry.unsupported else chosen)
    click.echo(json.dumps(found, indent=2) if as_json else "\n".join(told(found)))


@models.command("check")
@click.argument("names", nargs=-1, metavar="[MODEL]…")
@CATEGORY
@PYTHON
@AS_JSON
@click.pass_context
def check_access(
    context: click.Context,
    /,
    names: tuple[str, ...],
    *,
    category: tuple[str, ...],
    python: Path | None,
    as_json: bool,
) -> int:
    """Check who may have the weights: of the models named, of a category, or of all."""
    root = root_of(context)
    matrix = load(root)
    entries = [find_entry(matrix, name) for name in names] if names else []
    entries += _entries(matrix, category) if category or not names else ()
    known = {row.id: found for row in entries if (found := hub_id(matrix, row))}
    asked = None if is_offline() else python_of(python, device_of(context, "cpu"), root, tell)
    answer = access(known.values(), asked)
    document: dict[str, Any] = {
        "hub": HUB[answer.reachable],
        "token": answer.token,
        "models": {name: {"hub_id": found, "status": answer.status[found]} for name, found in known.items()},
        "unsupported": {row.id: row.unsupported for row in entries if row.unsupported},
    }
    click.echo(json.dumps(document) if as_json else "\n".join(_told(document)))
    return int(any(status in REFUSED for status in answer.status.values()))


def _entries(matrix: Matrix, names: tuple[str, ...]) -> tuple[Entry, ...]:
    """The entries of the categories, each once; all where none is named."""
    if not names:
        return matrix.registry.entries
    found = [row for name in names for row in matrix.registry.members(find_category(matrix, name))]
    return tuple(dict.fromkeys(found))


def _told(document: dict[str, Any]) -> list[str]:
    """A line about the hub, one a model, and one for each thing to do, with the models that need it."""
    said = [f"hub: {document['hub']}; token: {'present' if document['token'] else 'none'}"]
    to_do: dict[str, list[str]] = {}
    for name, row in document["models"].items():
        said.append(f"{name:<32}{row['status']:<18}{row['hub_id']}")
        sentence = TO_DO[row["status"]].format(hub_id=row["hub_id"])
        if sentence:
            to_do.setdefault(sentence, []).append(name)
    said += [f"{name:<32}{'unsupported':<18}{reason}" for name, reason in document["unsupported"].items()]
    for sentence, named in to_do.items():
        said.append(f"{named[0] if len(named) == 1 else f'{len(named)} models'}: {sentence}")
    return said
