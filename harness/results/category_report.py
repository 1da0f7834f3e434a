"""A category in full: its models and limits, which task each dataset has, what is measured for each wish."""

from collections.abc import Iterator

from harness.matrix.records import Matrix
from harness.matrix.registry import Category
from harness.matrix.select import find_dataset


def told(matrix: Matrix, category: Category) -> Iterator[str]:
    """Its lines, as people read them."""
    wishes = {row.id: row for row in matrix.registry.wishes}
    yield f"{category.id}: {category.what}" + (" (came later)" if category.later else "")
    yield f"models      {', '.join(category.models)}"
    yield (
        f"limits      {category.samples} samples a dataset, {category.timeout_s:g} s a sample, "
        f"{category.max_tokens} tokens an answer"
    )
    for part, names in (("primary", category.primary), ("optional", category.optional)):
        for name in names:
            yield f"{part:<12}{name}: {_dataset(matrix, name)}"
    for name in category.metrics:
        yield f"metric      {name}: {wishes[name].told()}"


def _dataset(matrix: Matrix, name: str) -> str:
    """What becomes of the name of a dataset."""
    row = find_dataset(matrix, name)
    called = "" if row.id == name else f"{row.id}, "
    return f"{called}task {row.task}, score {row.score}" if row.task else f"{called}no task: {row.no_task}"
