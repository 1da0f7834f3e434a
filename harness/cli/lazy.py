"""A group of commands of which the costly ones are imported when they are typed."""

from importlib import import_module
from typing import Any

import click


class LazyGroup(click.Group):
    """`lazy` is module and function by the command's name; the others are added as usual."""

    def __init__(self, *args: Any, lazy: dict[str, tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._lazy = lazy

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All names."""
        return [*super().list_commands(ctx), *self._lazy]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name, imported if need be."""
        if cmd_name not in self._lazy:
            return super().get_command(ctx, cmd_name)
        module, name = self._lazy[cmd_name]
        command: click.Command = getattr(import_module(module), name)
        return command
