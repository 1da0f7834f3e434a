"""The source of functions of the harness together with all they use, so that it stands without the harness.

What is taken is what is run: the text of each definition as it is in its module, found by the names it uses.
Where definitions of two modules have one name, it gets its module's name in front.
"""

import ast
import inspect
import sys
import types
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from harness.suite.repro.scopes import Use, uses

OURS = "harness."


@dataclass(frozen=True, slots=True, order=True)
class Definition:
    """What a module of the harness defines at its top level."""

    module: str
    name: str


@dataclass(frozen=True, slots=True)
class Taken:
    """A definition that is in the bundle: its text, and the places in it that name other definitions."""

    lines: Sequence[str]
    first: int
    """The number of the first line in the module."""
    references: Sequence[tuple[Use, Definition]]

    def text(self, names: dict[Definition, str]) -> str:
        """The definition with each reference by its name in the bundle."""
        lines = [line.encode() for line in self.lines]  # columns of a syntax tree count bytes
        for use, target in sorted(self.references, key=lambda r: (r[0].line, r[0].start), reverse=True):
            line = lines[use.line - self.first]
            lines[use.line - self.first] = line[: use.start] + names[target].encode() + line[use.end :]
        return b"\n".join(lines).decode()


@dataclass(slots=True)
class Bundle:
    """Definitions in the order they must stand, and the imports they need."""

    replaced: frozenset[str]
    """Names that the script defines itself; their definitions are left out."""
    imports: set[str] = field(default_factory=set)
    _taken: dict[Definition, Taken] = field(default_factory=dict)
    _begun: set[Definition] = field(default_factory=set)
    _bound: set[str] = field(default_factory=set)
    """Names that imports bind."""

    def add(self, wanted: Iterable[Any]) -> None:
        """Take in functions or classes of the harness, and what they use."""
        for each in wanted:
            self._take(Definition(each.__module__, each.__name__))

    @property
    def definitions(self) -> list[str]:
        """The text of each definition, after what it uses."""
        names = self._names()
        return [taken.text(names) for taken in self._taken.values()]

    def _take(self, wanted: Definition) -> None:
        if wanted in self._begun:
            return
        self._begun.add(wanted)
        module = sys.modules[wanted.module]
        statement = _defined(module, wanted.name)
        found = [(use, target) for use in uses(statement) if (target := self._follow(module, use))]
        first = min([statement.lineno, *(d.lineno for d in getattr(statement, "decorator_list", []))])
        lines = _lines(module)[first - 1 : statement.end_lineno]
        self._taken[wanted] = Taken(lines, first, [*found, (_own_name(statement, wanted), wanted)])

    def _follow(self, module: types.ModuleType, use: Use) -> Definition | None:
        """What is used in a module: a definition, which is taken; None for what is imported or replaced."""
        target = self._target(module, use)
        if target is None or target.name in self.replaced:
            return None
        self._take(target)
        return target

    def _target(self, module: types.ModuleType, use: Use) -> Definition | None:
        if use.name not in vars(module):
            return None
        imported = _imported(module, use.name)
        if imported is None:
            return Definition(module.__name__, use.name) if use.attribute is None else None
        source, original = imported.module or "", imported.original
        if not source.startswith(OURS):
            self.imports.add(imported.line)
            self._bound.add(use.name)
            return None
        if f"{source}.{original}" in sys.modules:  # `from package import module`, then `module.name`
            return Definition(f"{source}.{original}", use.attribute) if use.attribute else None
        return Definition(source, original) if use.attribute is None else None

    def _names(self) -> dict[Definition, str]:
        """Each definition's name in the bundle: its own, unless another has it too."""
        counted = Counter(taken.name for taken in self._taken)
        shared = {name for name, times in counted.items() if times > 1} | self._bound | self.replaced
        return {
            taken: f"{taken.module.rpartition('.')[2]}_{taken.name}" if taken.name in shared else taken.name
            for taken in self._taken
        }


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
                    return Imported(ast.unparse(_alone(node, alias)), source, alias.name)
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
        if any(isinstance(target, ast.Name) and target.id == name for target in _targets(node)):
            return node
    raise KeyError(f"{module.__name__} does not define {name}")


def _targets(node: ast.stmt) -> list[ast.expr]:
    if isinstance(node, ast.Assign):
        return node.targets
    return [node.target] if isinstance(node, ast.AnnAssign) else []


def _own_name(statement: ast.stmt, wanted: Definition) -> Use:
    """The place where a statement says what it defines."""
    for target in _targets(statement):
        return Use.of(target, wanted.name)
    start = statement.col_offset + len("def " if isinstance(statement, ast.FunctionDef) else "class ")
    return Use(wanted.name, None, statement.lineno, start, start + len(wanted.name.encode()))


@cache
def _lines(module: types.ModuleType) -> list[str]:
    return inspect.getsource(module).splitlines()


@cache
def _tree(module: types.ModuleType) -> ast.Module:
    return ast.parse(inspect.getsource(module))
