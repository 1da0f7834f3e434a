"""The table of docs/models.md is what the registry says."""

from pathlib import Path

from harness.matrix.records import Matrix
from harness.results.registry_report import COLUMNS, lines, markdown


def test_the_guide_has_the_table_of_all_entries(matrix: Matrix, root: Path) -> None:
    assert markdown(matrix, matrix.registry.entries) in (root / "docs" / "models.md").read_text()


def test_every_line_has_a_cell_a_column_below_its_heading(matrix: Matrix) -> None:
    head, *rows = lines(matrix, matrix.registry.entries)
    assert len(rows) == len(matrix.registry.entries)
    starts = [head.index(name) for name in COLUMNS]
    for row in rows:
        assert all(row[start - 1] == " " and row[start] != " " for start in starts[1:]), row
