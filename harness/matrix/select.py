"""Which of the matrix's models a person asked for."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Self

from harness.matrix.datasets import Dataset
from harness.matrix.names import find_model, resolve
from harness.matrix.records import Matrix, Model, Priority
from harness.matrix.registry import Category


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Names as they were typed; nothing typed means the critical models, each by its principal class."""

    models: tuple[str, ...] = ()
    architectures: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()
    checks: tuple[str, ...] = ()
    phases: tuple[str, ...] = ()
    everything: bool = False
    checkpoints: bool = False

    @classmethod
    def of(
        cls,
        models: Iterable[str] = (),
        architectures: Iterable[str] = (),
        checks: Iterable[str] = (),
        classes: Iterable[str] = (),
        phases: Iterable[str] = (),
        *,
        categories: Iterable[str] = (),
        everything: bool = False,
        checkpoints: bool = False,
    ) -> Self:
        """From options that may be given more than once and may each hold several names, comma between."""
        return cls(
            models=_split(models),
            architectures=_split(architectures),
            categories=_split(categories),
            classes=_split(classes),
            checks=_split(checks),
            phases=_split(phases),
            everything=everything,
            checkpoints=checkpoints,
        )


def select(matrix: Matrix, selection: Selection) -> tuple[Model, ...]:
    """The models asked for in the matrix's order, each with the classes asked for.

    What is named has all its classes, or those that `classes` names; with nothing named, and neither
    everything nor the checkpoints asked for, the critical models have their principal class alone. Models
    that run only where they are named are those of no architecture, and not among all.
    SelectionError for a name that the matrix does not have.
    """
    if selection == Selection(checks=selection.checks, phases=selection.phases):
        critical = (row for row in matrix.models if row.priority is Priority.CRITICAL)
        return tuple(replace(row, classes=row.classes[:1]) for row in critical)
    rows = _named(matrix, selection)
    return _of_classes(rows, selection.classes) if selection.classes else rows


def _named(matrix: Matrix, selection: Selection) -> tuple[Model, ...]:
    """The models named and those of the architectures named; all if neither is."""
    named = {find_model(matrix, name).id for name in selection.models}
    named |= {row for name in selection.categories for row in _rows(matrix, find_category(matrix, name))}
    architectures = {row.id: row.id for row in matrix.architectures}
    families = {resolve("architecture", name, architectures) for name in selection.architectures}
    whole = selection.everything or not (named or families)
    rows = (
        row
        for row in matrix.models
        if row.id in named or (row.priority is not Priority.NAMED and (whole or row.architecture in families))
    )
    return tuple(row for row in rows if row.checkpoint or not selection.checkpoints)


def find_category(matrix: Matrix, name: str) -> Category:
    """The category of that name; SelectionError, with the nearest, where there is none."""
    return resolve("category", name, {row.id: row for row in matrix.registry.categories})


def find_dataset(matrix: Matrix, name: str) -> Dataset:
    """The dataset of that name or alias; SelectionError, with the nearest, where there is none."""
    rows = matrix.registry.datasets
    aliases = {alias: row for row in rows for alias in row.aliases}
    return resolve("dataset", name, aliases | {row.id: row for row in rows})


def _rows(matrix: Matrix, category: Category) -> set[str]:
    """Ids of the rows of a category's models; those that are not supported have none."""
    return {row.row for row in matrix.registry.members(category) if not row.unsupported}


def _of_classes(rows: tuple[Model, ...], names: tuple[str, ...]) -> tuple[Model, ...]:
    """The rows that have one of the classes named, with these alone."""
    known = {name: name for row in rows for name in row.classes}
    wanted = {resolve("model class", name, known) for name in names}
    narrowed = (replace(row, classes=tuple(filter(wanted.__contains__, row.classes))) for row in rows)
    return tuple(row for row in narrowed if row.classes)


def _split(options: Iterable[str]) -> tuple[str, ...]:
    names = (name.strip() for option in options for name in option.split(","))
    return tuple(name for name in names if name)
