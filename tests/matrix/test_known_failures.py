"""The ledger and the scripts that show what is in it."""

import ast
from pathlib import Path

import pytest

from harness.matrix.load import find_root, load

ROOT = find_root(Path(__file__))
FOLDER = ROOT / "docs" / "known-failures"
SCRIPTS = sorted(FOLDER.glob("*.py"))
LEDGER = load(ROOT).known_failures


def test_each_row_has_a_script_and_each_script_a_row() -> None:
    assert {ROOT / str(row.link) for row in LEDGER} == set(SCRIPTS)


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.stem)
def test_a_script_says_why_and_imports_nothing_of_ours(path: Path) -> None:
    tree = ast.parse(path.read_text("utf-8"))
    assert ast.get_docstring(tree)
    imported = [alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names]
    imported += [str(node.module) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    assert not [name for name in imported if name.partition(".")[0] in {"harness", "tests"}]
