"""What came of evaluations, by category: rows and columns of a table each, and who is best of a column."""

from collections.abc import Sequence
from dataclasses import dataclass

from harness.matrix.records import Matrix
from harness.matrix.registry import Category
from harness.matrix.select import find_dataset
from harness.results.standings import Column, Standing, Who, is_made_up


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A category, and what came of its models' answers to its datasets."""

    title: str
    standings: tuple[Standing, ...]

    @property
    def columns(self) -> tuple[Column, ...]:
        """By dataset; those that nothing was scored on are left out."""
        return tuple(sorted({row.column for row in self.standings if row.interval is not None}))

    @property
    def rows(self) -> tuple[Who, ...]:
        """By model; those of whom nothing was scored are left out."""
        return tuple(sorted({row.who for row in self.standings if row.interval is not None}))


def sections(matrix: Matrix, rows: Sequence[Standing], category: Category | None) -> tuple[Section, ...]:
    """The rows by the categories that they were asked for; of one that is named, all that it would ask."""
    if category is not None:
        own = tuple(row for row in rows if _has(matrix, category, row))
        return (Section(title=category.id, standings=own),)
    named: dict[str, list[Standing]] = {row.id: [] for row in matrix.registry.categories}
    others = []
    for row in rows:
        for name in row.categories:
            named.setdefault(name, []).append(row)
        others += [] if row.categories else [row]
    found = [*named.items(), ("no category", others)]
    return tuple(Section(title=title, standings=tuple(each)) for title, each in found if each)


def _has(matrix: Matrix, category: Category, row: Standing) -> bool:
    datasets = {find_dataset(matrix, name).id for name in (*category.primary, *category.optional)}
    return row.who.model in category.models and row.column.dataset in datasets


def best(column: Sequence[Standing]) -> Standing | None:
    """The one whose interval lies above all others'; None where none does, or there is but one.

    Answers that are no model's are left out of it.
    """
    models = [row for row in column if not is_made_up(row.who)]
    scored = [(row, interval) for row in models if (interval := row.interval) is not None]
    if len(scored) < 2:
        return None
    row, first = max(scored, key=lambda pair: pair[1].value)
    return row if all(first.low > other.high for each, other in scored if each is not row) else None
