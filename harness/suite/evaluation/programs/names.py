"""Which names of a program the tests ask for, found in the tests alone: a program cannot add to them."""

import ast
import builtins
import symtable
import sys
from collections.abc import Iterator
from typing import NamedTuple


class Asked(NamedTuple):
    """What the tests use and do not bring."""

    names: frozenset[str]
    """Asked of the program."""
    modules: frozenset[str]
    """Of the standard library: imported for the tests if the program has imported them, as both would share
    in one file."""


def asked(tests: str, known: frozenset[str], completed: str | None) -> Asked:
    """What to ask for, where a trusted prompt defines `known`; of it the program is to finish `completed`.

    A name that Python has too, say `set`, stays Python's, unless the tests hand it to their own function
    (`check(max)`) or use no other: then it is what they test (MBPP has `assert sum(10, 15) == 6`).
    Raises SyntaxError.
    """
    tree = ast.parse(tests)
    free = _free(symtable.symtable(tests, "<tests>", "exec"))
    tested = _handed_over(tree) & free or ({completed} & free if completed else frozenset[str]())
    names = (free - known - set(dir(builtins))) | tested
    modules = {name for name in names & sys.stdlib_module_names if name in _owners(tree)} - tested
    return Asked(frozenset(names - modules) or _innermost(tree), frozenset(modules))


def whole(prompt: str) -> str:
    """The prompt without the lines at its end that are no whole statement yet."""
    lines = prompt.splitlines(keepends=True)
    while lines and not _parses("".join(lines)):
        lines.pop()
    return "".join(lines)


def last_function(text: str) -> str | None:
    """The function that a prompt ends with: the one to complete."""
    names = [row.name for row in ast.parse(text).body if isinstance(row, ast.FunctionDef)]
    return names[-1] if names else None


def _parses(text: str) -> bool:
    try:
        ast.parse(text)
    except (SyntaxError, ValueError):
        return False
    return True


def _free(module: symtable.SymbolTable) -> frozenset[str]:
    """Names used and bound nowhere."""
    tables = list(_tables(module))
    bound = {row.get_name() for row in module.get_symbols() if _binds(row)}
    bound |= {row.get_name() for table in tables for row in table.get_symbols() if row.is_declared_global()}
    used = {row.get_name() for row in module.get_symbols() if row.is_referenced()}
    used |= {row.get_name() for table in tables for row in table.get_symbols() if row.is_global()}
    return frozenset(used - bound)


def _tables(table: symtable.SymbolTable) -> Iterator[symtable.SymbolTable]:
    for child in table.get_children():
        yield child
        yield from _tables(child)


def _binds(symbol: symtable.Symbol) -> bool:
    return symbol.is_assigned() or symbol.is_imported() or symbol.is_namespace()


def _handed_over(tree: ast.Module) -> frozenset[str]:
    """The names given to a function of the tests' own by a statement of its own, as in `check(NAME)`."""
    own = {row.name for row in tree.body if isinstance(row, ast.FunctionDef)}
    calls = [row.value for row in tree.body if isinstance(row, ast.Expr) and isinstance(row.value, ast.Call)]
    ours = [call for call in calls if isinstance(call.func, ast.Name) and call.func.id in own]
    return frozenset(item.id for call in ours for item in call.args if isinstance(item, ast.Name))


def _owners(tree: ast.Module) -> frozenset[str]:
    """Names used as `NAME.attribute`."""
    found = [row.value for row in ast.walk(tree) if isinstance(row, ast.Attribute)]
    return frozenset(row.id for row in found if isinstance(row, ast.Name))


def _innermost(tree: ast.Module) -> frozenset[str]:
    """Of calls by name within one another, the first that holds no other."""
    name, inside = None, _calls(tree)
    while inside:
        name, inside = inside[0].func, [call for item in inside[0].args for call in _calls(item)]
    return frozenset({name.id}) if isinstance(name, ast.Name) else frozenset()


def _calls(tree: ast.AST) -> list[ast.Call]:
    return [row for row in ast.walk(tree) if isinstance(row, ast.Call) and isinstance(row.func, ast.Name)]
