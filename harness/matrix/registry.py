"""The registry: large models that are evaluated, the categories they are in, and how much they may take.

An entry is about the weights of a model: their licence, how they are had, what they take. What the model is
(its type, its class, the fields that make its shape) stands in its row of `models`, so that it can be counted
and timed like any other.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from harness.matrix.datasets import Dataset, Wish, dataset_from_json, wish_from_json


class Access(StrEnum):
    """Whether the hub asks who one is before it gives the weights."""

    OPEN = "open"
    GATED = "gated"
    NONE = "none"
    """There are no weights to be had."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A large model that is evaluated. Counts are None where nothing could be counted."""

    id: str
    license: str
    """Of the weights."""
    access: Access
    model: str | None = None
    """Id of its row of `models`, where that is not its own."""
    context: int | None = None
    """Tokens that its configuration was made for."""
    preset: str | None = None
    """Id of the preset it is evaluated with where none is named."""
    quantisation: str | None = None
    """How the published weights are stored; None where they are not quantised."""
    parameters: int | None = None
    """As `harness fit` counts them: each tensor of the row's class once."""
    active: int | None = None
    """Of them, those that a token passes; None where that is all."""
    bytes: int | None = None
    """Of all weights as they are stored, or in bfloat16."""
    tensor_parallel: int = 1
    """Devices that share each layer."""
    gpus: int | None = None
    """Fewest accelerators, as the registry's authors gave them; `harness fit` computes them."""
    memory: float | None = None
    """Most that it may take of a device's memory, as a share."""
    batch: int | None = None
    """Samples at once, where the preset neither takes more nor fewer."""
    stand_in: str | None = None
    """What its row of `models` counts in place of code that the checkpoint brings."""
    unsupported: str | None = None
    """Why it cannot be evaluated here; it has no row of `models` then."""
    unverified: tuple[str, ...] = ()
    """Of this row, what could not be looked up; `config` is the one of its row of `models`."""
    note: str | None = None
    """What its authors' list had otherwise, and what is to be known."""

    @property
    def row(self) -> str:
        """Id of its row of `models`."""
        return self.model or self.id


@dataclass(frozen=True, slots=True, kw_only=True)
class Category:
    """What models are good for, and what they are asked then."""

    id: str
    what: str
    models: tuple[str, ...]
    """Ids of entries."""
    primary: tuple[str, ...]
    """Datasets that are always asked."""
    metrics: tuple[str, ...]
    """What its authors wished to know, by their names; not all of it can be measured."""
    samples: int
    """Most samples of a dataset."""
    timeout_s: float
    """Seconds a sample may take."""
    max_tokens: int
    """Most tokens of an answer."""
    optional: tuple[str, ...] = ()
    """Datasets that are asked only on demand."""
    later: bool = False
    """Not among the first eleven."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Preset:
    """How much of a device an evaluation takes."""

    id: str
    memory: float
    """Share of a device's memory."""
    sequences: int
    """Most sequences that a server keeps in flight."""
    iterations: int
    """Times that speed is measured."""
    batch_factor: float = 1.0
    """Of the model's batch."""
    batch_least: int = 1
    batch_most: int | None = None
    cpu_offload_gb: float = 0.0
    """GB of weights that are kept in the host's memory."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Registry:
    """Everything of `matrix.json` that is about evaluating large models."""

    entries: tuple[Entry, ...] = ()
    categories: tuple[Category, ...] = ()
    presets: tuple[Preset, ...] = ()
    datasets: tuple[Dataset, ...] = ()
    wishes: tuple[Wish, ...] = ()

    def categories_of(self, entry: Entry) -> tuple[Category, ...]:
        """Those that the entry is in, in their order; none for a few."""
        return tuple(row for row in self.categories if entry.id in row.models)

    def members(self, category: Category) -> tuple[Entry, ...]:
        """The category's entries, in its order."""
        rows = {row.id: row for row in self.entries}
        return tuple(rows[name] for name in category.models)


def registry_from_json(data: Mapping[str, Any]) -> Registry:
    """The registry of a matrix; `data` has passed the schema."""
    return Registry(
        entries=tuple(
            Entry(**_frozen(row) | {"access": Access(row["access"])}) for row in data.get("registry", ())
        ),
        categories=tuple(Category(**_frozen(row)) for row in data.get("categories", ())),
        presets=tuple(Preset(**row) for row in data.get("presets", ())),
        datasets=tuple(dataset_from_json(row) for row in data.get("datasets", ())),
        wishes=tuple(wish_from_json(row) for row in data.get("wishes", ())),
    )


def _frozen(row: Mapping[str, Any]) -> dict[str, Any]:
    """The row with its lists as tuples."""
    return {key: tuple(value) if isinstance(value, list) else value for key, value in row.items()}
