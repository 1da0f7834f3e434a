"""Which of the matrix's models a person asked for."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

from harness.matrix.names import model_names, resolve
from harness.matrix.records import Matrix, Model


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Names as they were typed; nothing typed means everything."""

    models: tuple[str, ...] = ()
    architectures: tuple[str, ...] = ()
    checks: tuple[str, ...] = ()

    @classmethod
    def of(
        cls, models: Iterable[str] = (), architectures: Iterable[str] = (), checks: Iterable[str] = ()
    ) -> Self:
        """From options that may be given more than once and may each hold several names, comma between."""
        return cls(models=_split(models), architectures=_split(architectures), checks=_split(checks))


def select(matrix: Matrix, selection: Selection) -> tuple[Model, ...]:
    """The models named and those of the architectures named, in the matrix's order; all if none is named.

    SelectionError for a name that the matrix does not have.
    """
    if not selection.models and not selection.architectures:
        return matrix.models
    models = model_names(matrix.models)
    named = {resolve("model", name, models).id for name in selection.models}
    architectures = {row.id: row.id for row in matrix.architectures}
    families = {resolve("architecture", name, architectures) for name in selection.architectures}
    return tuple(row for row in matrix.models if row.id in named or row.architecture in families)


def _split(options: Iterable[str]) -> tuple[str, ...]:
    names = (name.strip() for option in options for name in option.split(","))
    return tuple(name for name in names if name)
