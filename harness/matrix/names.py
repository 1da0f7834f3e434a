"""What people type, and which row of the matrix they mean."""

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import TypeVar

from harness.errors import SelectionError
from harness.matrix.records import Matrix, Model

T = TypeVar("T")

NEAREST = 3
LISTED = 12
"""Up to so many names are all listed where none is near."""


def normalise(name: str) -> str:
    """The name without what makes no difference: case, hyphens, underscores, dots, spaces."""
    return name.casefold().translate(dict.fromkeys(map(ord, "-_. ")))


def resolve(what: str, name: str, candidates: Mapping[str, T]) -> T:
    """The candidate called `name`; SelectionError, with the nearest names, where there is none.

    `what` is the word for a candidate in that sentence: model, device, check.
    """
    known = {normalise(candidate): candidate for candidate in candidates}
    found = known.get(normalise(name))
    if found is not None:
        return candidates[found]
    near = get_close_matches(normalise(name), known, n=NEAREST, cutoff=0.6)
    raise SelectionError(f"there is no {what} {name!r}; {_offer([known[key] for key in near], candidates)}")


def model_names(models: Iterable[Model]) -> dict[str, Model]:
    """Every name a model answers to: its id, its aliases, its checkpoint's name on the hub."""
    return {name: model for model in models for name in names_of(model)}


def names_of(model: Model) -> tuple[str, ...]:
    """The id first, then the others."""
    hub = (model.checkpoint.hub_id,) if model.checkpoint else ()
    return (model.id, *model.aliases, *hub)


def check_names(matrix: Matrix) -> tuple[str, ...]:
    """Every check of the matrix, in the order they run."""
    return tuple(dict.fromkeys(check for row in matrix.architectures for check in row.checks))


def _offer(near: list[str], candidates: Mapping[str, object]) -> str:
    if near:
        return f"the nearest {'is' if len(near) == 1 else 'are'} {', '.join(near)}"
    if len(candidates) <= LISTED:
        return f"there {'is' if len(candidates) == 1 else 'are'} {', '.join(candidates)}"
    return "`harness matrix list` shows them all"
