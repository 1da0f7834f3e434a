"""An evaluation as it was typed: which models, which datasets, and what is asked of how much."""

from dataclasses import dataclass

from harness.errors import SelectionError
from harness.matrix.datasets import Dataset
from harness.matrix.names import find_entry, resolve
from harness.matrix.presets import ENGINES
from harness.matrix.questions import HUB, TRANSFORMERS
from harness.matrix.records import Matrix
from harness.matrix.registry import Category, Entry
from harness.matrix.select import find_category, find_dataset

LEAST = {"samples": 1, "repeats": 1, "batch": 1, "max_tokens": 1, "sample_s": 0.001, "temperature": 0}
"""Least value of each number that may be typed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What was typed of an evaluation; names as they were typed."""

    categories: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    datasets: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    """Models that are left out."""
    optional: bool = False
    """Whether the categories' optional datasets are asked as well."""
    samples: int | None = None
    preset: str | None = None
    engine: str = TRANSFORMERS
    weights: str = HUB
    repeats: int = 1
    temperature: float = 0.0
    chat: bool = False
    batch: int | None = None
    max_tokens: int | None = None
    sample_s: float | None = None
    server: str | None = None
    served: str | None = None
    parallel: tuple[int, ...] | None = None
    """Devices that share a model; None takes the model's own number, where there are accelerators."""
    judge: str | None = None
    judge_model: str | None = None


def require_typed(asked: Asked) -> None:
    """SelectionError for a number that is none of an evaluation's, and where nothing is named."""
    if not (asked.categories or asked.models or asked.datasets):
        raise SelectionError(
            "name what to evaluate: --category, --model or --dataset; `harness categories` shows them"
        )
    for name, bound in LEAST.items():
        value = getattr(asked, name)
        if value is not None and value < bound:
            raise SelectionError(f"--{name.replace('_', '-')} {value} is too small: give {bound} or more")
    engine = resolve("engine", asked.engine, ENGINES)
    if engine.networked and asked.server is None:
        raise SelectionError(
            f"--engine {engine.id} needs --server: where it answers, as http://localhost:8000/v1"
        )
    if not engine.networked and (asked.server or asked.served):
        raise SelectionError(f"--server and --served are of --engine openai: leave them out of {engine.id}")
    if asked.temperature and asked.repeats == 1 and asked.judge is None:
        raise SelectionError(
            f"--temperature {asked.temperature:g} is of answers that are drawn: add --repeats or leave it out"
        )
    if asked.judge is None and asked.judge_model:
        raise SelectionError("--judge-model needs --judge: where it answers, as http://localhost:8000/v1")
    if asked.judge is not None and asked.judge_model is None:
        raise SelectionError("--judge needs --judge-model: what the server calls the model that judges")


def entries(matrix: Matrix, asked: Asked) -> tuple[Entry, ...]:
    """The models named, else those of the categories named, else all; without those that are excluded."""
    without = {find_entry(matrix, name).id for name in asked.without}
    named = [find_entry(matrix, name) for name in asked.models]
    members = [
        row for name in asked.categories for row in matrix.registry.members(find_category(matrix, name))
    ]
    chosen = named or members or list(matrix.registry.entries)
    left = tuple(row for row in dict.fromkeys(chosen) if row.id not in without)
    if not left:
        raise SelectionError("--exclude-models leaves no model: name fewer there")
    if asked.served and len(left) > 1:
        raise SelectionError(
            f"--served is the name of one model, and {len(left)} are asked: name one with --model"
        )
    return left


def datasets(matrix: Matrix, asked: Asked, entry: Entry) -> dict[Dataset, tuple[Category, ...]]:
    """What the model is asked, and the categories that have it so: the limits are those of the first."""
    named = [find_category(matrix, name) for name in asked.categories]
    own = tuple(named) or matrix.registry.categories_of(entry)
    listed: dict[Dataset, list[Category]] = {}
    for category in own:
        optional = category.optional if asked.optional or asked.datasets else ()
        for name in (*category.primary, *optional):
            listed.setdefault(find_dataset(matrix, name), []).append(category)
    if asked.datasets:
        chosen = [find_dataset(matrix, name) for name in asked.datasets]
        return {row: tuple(dict.fromkeys(listed.get(row, ()))) for row in chosen}
    return {row: tuple(dict.fromkeys(categories)) for row, categories in listed.items()}
