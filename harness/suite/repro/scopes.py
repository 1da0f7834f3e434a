"""Which names in a statement are the module's own, rather than an argument's or a local variable's."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

Function = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


@dataclass(frozen=True, slots=True)
class Use:
    """A place that names something of the module's, or an attribute of it; columns count bytes."""

    name: str
    attribute: str | None
    line: int
    start: int
    end: int

    @classmethod
    def of(cls, node: ast.expr, name: str, attribute: str | None = None) -> Self:
        """Where the node stands."""
        return cls(name, attribute, node.lineno, node.col_offset, node.end_col_offset or node.col_offset)


def uses(node: ast.AST, bound: frozenset[str] = frozenset()) -> Iterator[Use]:
    """The names that the node reads and that nothing in it, or around it (`bound`), has bound.

    An attribute comes twice: as a whole, and its name alone; what the name stands for tells which is meant.
    """
    if isinstance(node, FUNCTIONS):
        yield from _uses_of_function(node, bound)
        return
    if isinstance(node, COMPREHENSIONS):
        bound |= _bound_below(node)
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and node.id not in bound:
        yield Use.of(node, node.id)
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id not in bound:
        yield Use.of(node, node.value.id, node.attr)
    for child in ast.iter_child_nodes(node):
        yield from uses(child, bound)


def _uses_of_function(node: Function, bound: frozenset[str]) -> Iterator[Use]:
    """Decorators, defaults and annotations are read outside the function, its body inside."""
    body = [node.body] if isinstance(node, ast.Lambda) else node.body
    inside = bound.union(_arguments(node), *map(_bound_below, body))
    for child in ast.iter_child_nodes(node):
        yield from uses(child, inside if child in body else bound)


def _arguments(node: Function) -> frozenset[str]:
    return frozenset(argument.arg for argument in ast.walk(node.args) if isinstance(argument, ast.arg))


def _bound_below(node: ast.AST) -> frozenset[str]:
    """Names that the node, or anything below it, assigns, defines or imports."""
    found = set()
    for each in ast.walk(node):
        if isinstance(each, ast.Name) and not isinstance(each.ctx, ast.Load):
            found.add(each.id)
        elif isinstance(each, ast.FunctionDef | ast.ClassDef | ast.ExceptHandler) and each.name:
            found.add(each.name)
        elif isinstance(each, ast.alias):
            found.add(each.asname or each.name.partition(".")[0])
    return frozenset(found)
