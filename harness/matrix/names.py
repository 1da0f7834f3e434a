"""What people type, and which row of the matrix they mean."""

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import TypeVar

from harness.errors import SelectionError
from harness.matrix.devices import Device
from harness.matrix.records import Matrix, Model
from harness.matrix.registry import Entry

T = TypeVar("T")

NEAREST = 3
LISTED = 12
"""Up to so many names are all listed where none is near."""

LISTS = {
    "category": "harness categories",
    "dataset": "harness data list",
    "model of the registry": "harness models list",
}
"""What shows all candidates of a kind, where that is not `harness matrix list`."""

MEANINGLESS = dict.fromkeys(map(ord, "-_. "))


def normalise(name: str) -> str:
    """The name without what makes no difference: case, hyphens, underscores, dots, spaces."""
    return name.casefold().translate(MEANINGLESS)


def resolve(what: str, name: str, candidates: Mapping[str, T]) -> T:
    """The candidate called `name`; SelectionError, with the nearest names, where there is none.

    `what` is the word for a candidate in that sentence: model, device, check.
    """
    known = {normalise(candidate): candidate for candidate in candidates}
    found = known.get(normalise(name))
    if found is not None:
        return candidates[found]
    near = get_close_matches(normalise(name), known, n=NEAREST, cutoff=0.6)
    raise SelectionError(
        f"there is no {what} {name!r}; {_offer(what, [known[key] for key in near], candidates)}"
    )


def varied(device: Device, variant: str | None) -> Device:
    """The device taken with its variant of that name, or as it is where none is named.

    SelectionError, with the nearest, where it has none of that name.
    """
    if variant is None:
        return device
    if not device.variants:
        raise SelectionError(f"device {device.id!r} has no variants: leave out --variant {variant}")
    return device.taken_with(resolve("variant", variant, {row.id: row for row in device.variants}))


def suggest(name: str, known: Iterable[str]) -> str:
    """The clause '; did you mean …?' that names what is near to `name`; empty where nothing is."""
    near = get_close_matches(name, list(known), n=1, cutoff=0.6)
    return f"; did you mean {near[0]!r}?" if near else ""


def find_model(matrix: Matrix, name: str) -> Model:
    """The model that answers to `name`.

    First by a name that is its own, then as a family of checkpoints, then by an alias. SelectionError where
    an alias is that of several models, which are named; where the name is gone, with what it became; and
    where there is no such name, with the nearest.
    """
    key = normalise(name)
    for model in matrix.models:
        if key in map(normalise, own_names(model)):
            return model
    family = next((row.model for row in matrix.families if normalise(row.name) == key), None)
    if family is not None:
        return next(model for model in matrix.models if model.id == family)
    found = [model for model in matrix.models if key in map(normalise, model.aliases)]
    if len(found) == 1:
        return found[0]
    if found:
        *others, last = (model.id for model in found)
        raise SelectionError(f"{name!r} could be {', '.join(others)} or {last}: name one of them")
    gone = next((row.became for row in matrix.gone if normalise(row.name) == key), None)
    if gone is not None:
        raise SelectionError(f"there is no model {name!r}: {gone}")
    return resolve("model", name, model_names(matrix))


def find_entry(matrix: Matrix, name: str) -> Entry:
    """The entry of the registry that answers to `name`: its id, or a name of its row of models.

    SelectionError, with the nearest names, where there is none.
    """
    entries = {row.id: row for row in matrix.registry.entries}
    rows = {row.row: row for row in matrix.registry.entries}
    others = {
        called: rows[model.id]
        for model in matrix.models
        if model.id in rows
        for called in (*own_names(model), *model.aliases)
    }
    return resolve("model of the registry", name, others | entries)


def model_names(matrix: Matrix) -> dict[str, Model]:
    """Every name that one model alone answers to."""
    rows = {model.id: model for model in matrix.models}
    shared = {name: model for model in matrix.models for name in model.aliases}
    own = {name: model for model in matrix.models for name in own_names(model)}
    return shared | {row.name: rows[row.model] for row in matrix.families} | own


def own_names(model: Model) -> tuple[str, ...]:
    """The names that are the model's alone: its id, its type where it is one, its checkpoint's on the hub."""
    if model.checkpoint is None:
        return (model.id, model.model_type)
    return (model.id, model.checkpoint.hub_id) if model.checkpoint.hub_id else (model.id,)


def answers(name: str, model: Model) -> bool:
    """Whether what is said of the row of that id is said of the model: it is the row, or its type's."""
    return name == model.id or (not model.remote_code and normalise(name) == normalise(model.model_type))


def check_names(matrix: Matrix) -> tuple[str, ...]:
    """Every check of the matrix, in the order they run."""
    own = [check for row in matrix.architectures for check in row.checks]
    return tuple(
        dict.fromkeys([*own, *(parity_check(dtype) for row in matrix.devices for dtype in row.parity)])
    )


def parity_check(dtype: str) -> str:
    """The check that holds a device's outputs in that dtype against a reference."""
    return f"parity_{dtype}"


def _offer(what: str, near: list[str], candidates: Mapping[str, object]) -> str:
    if near:
        return f"the nearest {'is' if len(near) == 1 else 'are'} {', '.join(near)}"
    if len(candidates) <= LISTED:
        return f"there {'is' if len(candidates) == 1 else 'are'} {', '.join(candidates)}"
    return f"`{LISTS.get(what, 'harness matrix list')}` shows them all"
