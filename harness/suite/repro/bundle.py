"""The source of functions of the harness together with all they use, so that it stands without the harness.

What is taken is what is run: the text of each definition as it is in its module, found by the names it uses.
"""

import ast
import inspect
import sys
import types
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

OURS = "harness."


@dataclass(slots=True)
class Bundle:
    """Definitions in the order they must stand, and the imports they need."""

    replaced: frozenset[str]
    """Names that the script defines itself; their definitions are left out."""
    imports: set[str] = field(default_factory=set)
    definitions: list[str] = field(default_factory=list)
    _seen: set[tuple[str, str]] = field(default_factory=set)

    def add(self, wanted: Iterable[Any]) -> None:
        """Take in functions or classes of the harness, and what they use."""
        for each in wanted:
            self._take(sys.modules[each.__module__], each.__name__)

    def _take(self, module: types.ModuleType, name: str) -> None:
        if name in self.replaced or (module.__name__, name) in self._seen:
            return
        self._seen.add((module.__name__, name))
        statement = _defined(module, name)
        for used in _names(statement) - {name}:
            self._follow(module, used)
        self.definitions.append(_text(module, statement))

    def _follow(self, module: types.ModuleType, name: str) -> None:
        """What a name used in a module stands for: another definition, or something imported."""
        if name in self.replaced or name not in vars(module):
            return
        imported = _imported(module, name)
        if imported is None:
            self._take(module, name)
        elif imported.module is not None and imported.module.startswith(OURS):
            self._take(sys.modules[imported.module], imported.original)
        else:
            self.imports.add(imported.line)


@dataclass(frozen=True, slots=True)
class Imported:
    """Where an imported name comes from."""

    line: str
    module: str | None
    original: str


def _imported(module: types.ModuleType, name: str) -> Imported | None:
    """The import that binds `name` in the module; None where it is defined there."""
    for node in ast.walk(_tree(module)):
        if isinstance(node, ast.Import | ast.ImportFrom):
            for alias in node.names:
                if (alias.asname or alias.name.split(".")[0]) == name:
                    source = node.module if isinstance(node, ast.ImportFrom) else None
                    one = ast.copy_location(_alone(node, alias), node)
                    return Imported(ast.unparse(one), source, alias.name)
    return None


def _alone(node: ast.Import | ast.ImportFrom, alias: ast.alias) -> ast.stmt:
    if isinstance(node, ast.ImportFrom):
        return ast.ImportFrom(module=node.module, names=[alias], level=0)
    return ast.Import(names=[alias])


def _defined(module: types.ModuleType, name: str) -> ast.stmt:
    """The statement of the module's top level that defines `name`; KeyError where there is none."""
    for node in _tree(module).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and node.name == name:
            return node
        targets = (
            node.targets
            if isinstance(node, ast.Assign)
            else [node.target]
            if isinstance(node, ast.AnnAssign)
            else []
        )
        if any(isinstance(target, ast.Name) and target.id == name for target in targets):
            return node
    raise KeyError(f"{module.__name__} does not define {name}")


def _names(statement: ast.stmt) -> set[str]:
    """Names that a statement uses, those within annotations that are strings included."""
    names = {n.id for n in ast.walk(statement) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)}
    strings = (
        n.value for n in ast.walk(statement) if isinstance(n, ast.Constant) and isinstance(n.value, str)
    )
    return names | {text for text in strings if text.isidentifier()}


def _text(module: types.ModuleType, statement: ast.stmt) -> str:
    lines = inspect.getsource(module).splitlines()
    first = min([statement.lineno, *(d.lineno for d in getattr(statement, "decorator_list", []))])
    return "\n".join(lines[first - 1 : statement.end_lineno])


def _tree(module: types.ModuleType) -> ast.Module:
    return ast.parse(inspect.getsource(module))
